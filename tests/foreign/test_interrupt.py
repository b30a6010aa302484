"""Ctrl-C in the middle of an apply, as a person or a CI runner sends it."""

import os
import signal
import subprocess

import pytest

STACK = """
[stack]
name = "interrupted"
region = "eu-west-1"

[api]
name = "interrupted"
stage = "prod"
requires = { api_key = true }

[api.routes]
"GET /health" = { mock = 200 }

[plans.All]
""" + "".join(f'\n[api_keys.key{number}]\nplan = "All"\n' for number in range(40))


@pytest.fixture
def start(endpoint, tmp_path):
    (tmp_path / "stack.toml").write_text(STACK)
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def run(*arguments):
        command = [os.environ["GATESTACK"], "--endpoint-url", endpoint, *arguments]
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    yield run
    destroyed = run("destroy", "--confirm", "interrupted")
    out, err = destroyed.communicate(timeout=120)
    assert destroyed.returncode == 0, out + err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_finishes_what_runs_and_the_next_run_continues(start, how):
    # Forty keys at five a second: AWS's quota makes the run long enough to interrupt it in the middle.
    process = start("apply", "--yes")
    for line in process.stderr:
        if "api_keys.key1" in line:
            break
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else 143), out + err
    assert "run the same command again" in (out + err).lower()

    again = start("apply", "--yes")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, out + err
    plan = start("plan", "--detailed-exitcode")
    out, err = plan.communicate(timeout=60)
    assert plan.returncode == 0, out + err


def test_a_second_ctrl_c_leaves_at_once(start):
    process = start("apply", "--yes")
    for line in process.stderr:
        if "api_keys.key1" in line:
            break
    process.send_signal(signal.SIGINT)
    for line in process.stderr:
        if "press" in line and "again" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130

    again = start("apply", "--yes")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, out + err
    plan = start("plan", "--detailed-exitcode")
    out, err = plan.communicate(timeout=60)
    assert plan.returncode == 0, out + err
