"""Runs `gatestack dev` in a folder until a block ends."""

import contextlib
import json
import os
import signal
import subprocess
import time


def environment(folder):
    """An environment without this machine's AWS settings."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder)}


def run(program, folder, *arguments):
    """What another gatestack command prints there."""
    ran = subprocess.run(
        [program, *arguments], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout


@contextlib.contextmanager
def dev(program, folder, backend):
    """Serves the folder's stack with a backend at this port, and yields its ready line; the output goes to dev.log."""
    command = [program, "dev", "--listen", "127.0.0.1:0", "--backend", str(backend), "--json"]
    log = folder / "dev.log"
    with open(log, "w") as out, subprocess.Popen(command, cwd=folder, stdout=out, env=environment(folder)) as process:
        try:
            yield ready(process, log) | {"pid": process.pid}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def events(log):
    # The last line may be incomplete.
    return [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def ready(process, log):
    for _ in range(2400):
        found = [event for event in events(log) if event["type"] == "ready"]
        if found:
            return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"dev is not ready: {log.read_text()}")
