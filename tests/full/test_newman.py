"""Newman, Postman's own runner, runs the exported collection against the stack that `dev` serves."""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import pytest
import serving

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "partner-api"


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def backend():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def stack(tmp_path):
    for file in EXAMPLE.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path


def newman(folder, ready, report):
    """Runs the collection with AWS's host names mapped to the paths at which `dev` serves them without DNS."""
    command = [os.environ["NEWMAN"], "run", "acme.postman_collection.json", "-e", "acme.json"]
    for name in ("invoke_url", "token_url"):
        command += ["--env-var", f"{name}={ready[name]}"]
    command += ["--reporters", "json", "--reporter-json-export", str(report), "--timeout-request", "60000"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return ran.returncode, json.loads(report.read_text())["run"]


def answered(run):
    return {one["item"]["name"]: one["response"]["code"] for one in run["executions"]}


def test_the_collection_runs_from_top_to_bottom(stack, backend, tmp_path):
    program = os.environ["GATESTACK"]
    with serving.dev(program, stack, backend) as ready:
        serving.run(program, stack, "--local", "export", "postman", "--partner", "acme", "--with-secrets", "acme.json")
        code, run = newman(stack, ready, tmp_path / "report.json")
        assert code == 0, run["failures"]
        assert run["stats"]["assertions"]["total"] > 0
        # The token and every route of the example, all with success.
        assert len(answered(run)) == 6 and set(answered(run).values()) == {200}, answered(run)

        # Without the key only the open route admits calls; the collection's own tests notice.
        environment = json.loads((stack / "acme.json").read_text())
        for value in environment["values"]:
            if value["key"] == "api_key":
                value["value"] = "nobodys"
        (stack / "acme.json").write_text(json.dumps(environment))
        code, run = newman(stack, ready, tmp_path / "refused.json")
        assert code == 1 and len(run["failures"]) >= 4
        assert sorted(answered(run).values()) == [200, 200, 403, 403, 403, 403], answered(run)
    told = [event for event in serving.events(stack / "dev.log") if event["type"] == "request"]
    assert {"the API key is unknown"} == {event["refused"] for event in told if event["status"] == 403}
