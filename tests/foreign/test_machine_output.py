"""Everything that `--json` prints, and `handoff` writes as JSON, against its published schema, by another implementation of JSON Schema.

Commands are run here in every way that they can end. `./test` names a folder in $GATESTACK_OUTPUT beside, in which the Rust tests keep
what they saw."""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = (ROOT / "stack.toml").read_text()

LINES = {"apply": "events", "destroy": "events", "dev": "events", "logs": "logs"}
OBJECTS = {"history", "init", "output", "plan", "rollback", "token", "validate", "verify"}

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def program(*arguments):
    return [os.environ["GATESTACK"], *arguments]


class Schemas:
    """The published schemas, and what was checked against each."""

    def __init__(self):
        self.validators, self.seen, self.types = {}, {}, set()
        for file in sorted((ROOT / "schemas").glob("*.schema.json")):
            name = file.name.removesuffix(".schema.json")
            printed = subprocess.run(program("schema", f"--{name}"), capture_output=True, text=True, check=True).stdout
            assert printed == file.read_text(), f"{file.name} is not what `gatestack schema --{name}` prints"
            schema = json.loads(printed)
            jsonschema.Draft202012Validator.check_schema(schema)
            assert re.fullmatch(r"urn:gatestack:schema:[a-z]+:[0-9.]+", schema["$id"])
            self.validators[name] = jsonschema.Draft202012Validator(schema)
            self.seen[name] = 0
        self.open = [name for name, validator in self.validators.items() for _ in loose(validator.schema)]

    def hold(self, name, document, of):
        fault = jsonschema.exceptions.best_match(self.validators[name].iter_errors(document))
        if fault is not None:
            deepest = fault
            while deepest.context:
                deepest = max(deepest.context, key=lambda error: len(error.absolute_path))
            pytest.fail(f"{of}: {deepest.json_path}: {deepest.message}\n{json.dumps(document)[:2000]}")
        self.seen[name] += 1
        if name == "events":
            self.types.add(document["type"])

    def hold_output(self, arguments, stdout):
        """Checks what a command line printed against its schema, and returns it."""
        command = next((word for word in arguments if word in LINES or word in OBJECTS), "validate")
        if command in LINES:
            documents = [json.loads(line) for line in stdout.splitlines()]
            assert documents, f"{arguments} printed nothing"
            for document in documents:
                self.hold(LINES[command], document, arguments)
            return documents
        document = json.loads(stdout)
        self.hold(command, document, arguments)
        return document


def loose(schema):
    """The objects of a schema that allow any member although they name some."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("additionalProperties") is not False:
            yield schema
        for part in schema.values():
            yield from loose(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from loose(part)


@pytest.fixture(scope="module")
def schemas():
    return Schemas()


@pytest.fixture(scope="module")
def events(schemas):
    """The types of lines that the schema names."""
    found = set()

    def walk(part):
        if isinstance(part, dict):
            kind = part.get("properties", {}).get("type", {})
            if "const" in kind:
                found.add(kind["const"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(schemas.validators["events"].schema)
    return found


@pytest.fixture
def run(schemas, tmp_path):
    """Runs a command line in a new folder; returns its exit code and its output, which is valid."""
    (tmp_path / "stack.toml").write_text(STACK)

    def run(*arguments, code=0, stderr=None, stdin=None):
        done = subprocess.run(
            program(*arguments), cwd=tmp_path, env=ENVIRONMENT, input=stdin, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        if stderr is not None:
            assert done.stderr == stderr, done.stderr
        return schemas.hold_output(arguments, done.stdout)

    run.folder = tmp_path
    return run


def stack(run, **replaced):
    text = STACK
    for before, after in replaced.values():
        assert before in text
        text = text.replace(before, after)
    (run.folder / "stack.toml").write_text(text)


def test_schemas_name_every_member(schemas):
    assert schemas.open == []
    assert set(schemas.validators) == OBJECTS | {"events", "handoff", "logs"}


def test_a_new_stack(run):
    assert run("init", "--json", code=1, stderr="")["messages"][0]["code"] == "io"
    assert run("init", "new", "--json", code=1, stderr="")["messages"][0]["code"] == "consent"
    (run.folder / "new").mkdir()
    (run.folder / "new/.gitignore").write_text("target/")
    new = run("init", "new", "--template", "partner-api", "--yes", "--json")
    assert [file["action"] for file in new["files"]] == ["create", "create", "create", "extend"]
    run("init", "other", "--json", "--name", "a/b", code=64, stderr="")


def test_logs_are_lines(run):
    stack(run, logs=("[api]\n", "[api]\naccess_logs = true\n"))
    version, why = run("--local", "logs", "--json", code=1)
    assert (version["type"], why["type"]) == ("version", "diagnostic")
    assert why["message"]["code"] == "absent"
    run("--local", "apply", "--yes", "--json")
    assert [line["type"] for line in run("--local", "logs", "GET", "/hello", "--json")] == ["version"]


def test_a_stack_from_plan_to_destroy(run):
    assert run("validate", "--json")["messages"] == []
    assert run("--local", "plan", "--json")["summary"]["add"] == 12
    run("--local", "output", "--json")
    lines = run("--local", "apply", "--json", "--yes", "--verify")
    assert {"planned_change", "step_started", "outputs", "verification"} <= {line["type"] for line in lines}
    assert run("--local", "plan", "--json")["changes"] == []
    run("--local", "output", "--json", "stage")
    assert "access_token" in run("--local", "token", "acme", "--json")
    assert run("--local", "verify", "--json")["summary"]["differences"] == 0
    stack(run, rate=("rate = 10", "rate = 11"), status=("status = 200", "status = 201"))
    assert run("--local", "verify", "--json", code=1)["summary"]["differences"] > 0
    plan = run("--local", "plan", "--json", "--detailed-exitcode", code=2)
    assert {change["action"] for change in plan["changes"]} == {"update"}
    run("--local", "apply", "--json", "--yes")
    assert len(run("--local", "history", "--json")["deployments"]) == 2
    assert run("--local", "rollback", "--json", "--yes")["changed"]
    held_back = run("--local", "plan", "--json")
    assert held_back["needs_forward"]
    run("--local", "history", "--json")
    run("--local", "apply", "--json", "--yes", code=1)
    stack(run, partner=("partners.acme", "partners.zeta"))
    plan = run("--local", "plan", "--json")
    assert plan["missing_consent"]
    run("--local", "apply", "--json", "--yes", "--forward", code=1)
    run("--local", "apply", "--json", "--yes", "--forward", "--allow-delete", "*")
    run("--local", "plan", "--destroy", "--json")
    run("--local", "destroy", "--json", code=1)
    run("--local", "destroy", "--json", "--confirm", "hello")
    run("--local", "history", "--json", code=1)
    run("--local", "token", "acme", "--json", code=1)


def test_what_is_replaced_and_what_is_moved(run):
    example = ROOT / "examples/partner-api"
    for file in example.iterdir():
        if file.is_file():
            (run.folder / file.name).write_text(file.read_text())
    run("--local", "plan", "--json")
    lines = run("--local", "apply", "--json", "--yes")
    assert "settle" in {line.get("action") for line in lines}
    text = (run.folder / "stack.toml").read_text()
    moved = text.replace("t3.micro", "t3.small").replace("partners.globex", "partners.umbrella")
    (run.folder / "stack.toml").write_text(moved + '[[moved]]\nfrom = "partners.globex"\nto = "partners.umbrella"\n')
    plan = run("--local", "plan", "--json")
    assert "replace" in {change["action"] for change in plan["changes"]}
    assert any("was" in change for change in plan["changes"])
    run("--local", "apply", "--json", "--yes")
    lines = run("--local", "destroy", "--json", "--confirm", "partner-api")
    assert "unprotect" in {line.get("action") for line in lines}


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--json", "--nope"],
        ["plan", "--json", "--env", ""],
        ["--json", "plan"],
        ["--json"],
        ["--local", "--profile", "x", "validate", "--json"],
        ["output", "--raw", "--json"],
        ["graph", "--json"],
        ["token", "--json"],
        ["apply", "--json", "a.plan", "--target", "api"],
        ["apply", "--json", "--var", "a=b", "a.plan"],
        ["destroy", "--confirm", "--json"],
        ["dev", "--json", "--listen"],
        ["paln", "--json"],
        ["verify", "--json", "--budget", "many"],
        ["rollback", "--json", "a", "b"],
        ["logs", "--json", "--since", "soon"],
        ["apply", "-auto-approve", "--json"],
    ],
)
def test_wrong_usage_is_json_and_64(run, arguments):
    printed = run(*arguments, code=64, stderr="")
    message = printed[-1]["message"] if isinstance(printed, list) else printed["messages"][0]
    assert message["code"] == "usage" and message["message"], message


def test_help_stays_help():
    for arguments in [["plan", "--json", "--help"], ["--help", "--json"]]:
        done = subprocess.run(program(*arguments), capture_output=True, text=True, check=True)
        assert "Usage:" in done.stdout


@pytest.mark.parametrize("text", ["[stack]\nname = 1\n", "[stack\n", 'a = "\\q"', STACK.replace("scopes = { read", "scope = { read")])
@pytest.mark.parametrize("command", sorted((set(LINES) | OBJECTS) - {"dev", "init"}))
def test_broken_files_are_json(run, command, text):
    (run.folder / "stack.toml").write_text(text)
    more = ["acme"] if command == "token" else []
    printed = run("--local", command, "--json", *more, code=1, stderr="")
    messages = [line["message"] for line in printed[1:]] if isinstance(printed, list) else printed["messages"]
    assert all(message["code"].startswith("GS") and message["place"] for message in messages), messages


def test_files_that_are_not_there_are_json(run):
    for command in ["plan", "apply", "validate"]:
        run(command, "--json", "-f", "nope.toml", code=1, stderr="")
        run(command, "--json", "-f", "-", code=1, stderr="", stdin="")


def test_what_a_partner_is_handed(run, schemas):
    subprocess.run(program("--local", "apply", "--yes"), cwd=run.folder, env=ENVIRONMENT, check=True, capture_output=True)
    for to in ["bundle", "bundle.json", "ssm:/acme", "secretsmanager:acme"]:
        handed = program("--local", "handoff", "acme", "--to", to)
        subprocess.run(handed, cwd=run.folder, env=ENVIRONMENT, check=True, capture_output=True)
    for file in ["bundle/credentials.json", "bundle.json"]:
        schemas.hold("handoff", json.loads((run.folder / file).read_text()), file)
    state = json.loads((run.folder / ".gatestack/local.json").read_text())
    stored = [text for text in texts(state) if text.startswith('{"invoke_url"')]
    assert len(stored) == 2
    for text in stored:
        schemas.hold("handoff", json.loads(text), "a store of secrets")


def texts(part):
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from texts(inner)


HANDLER = "export const handler = async () => { console.log('called'); return { statusCode: 204 }; };\n"


def test_dev_lines(schemas, run):
    (run.folder / "code").mkdir()
    (run.folder / "code/index.mjs").write_text(HANDLER)
    function = '[functions.fn]\nsource = "code"\n[api]\n'
    route = '[api.routes]\n"GET /fn" = { function = "fn", requires = "nothing" }\n'
    stack(run, function=("[api]\n", function), route=("[api.routes]\n", route))
    process = subprocess.Popen(
        program("dev", "--json", "--listen", "127.0.0.1:0"),
        cwd=run.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:

        def until(kind):
            for line in process.stdout:
                document = json.loads(line)
                schemas.hold("events", document, "dev --json")
                if document["type"] == kind:
                    return document
            pytest.fail(f"no {kind}")

        ready = until("ready")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{ready['invoke_url']}/hello")
        assert until("request")["status"] == 401
        if shutil.which("node"):
            urllib.request.urlopen(f"{ready['invoke_url']}/fn")
            while "called" not in until("written")["message"]:
                pass
        else:
            schemas.types.add("written")
        stack(run, rate=("rate = 10", "rate = 11"))
        until("reloaded")
        (run.folder / "stack.toml").write_text("[stack]\n")
        until("diagnostic")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.fixture
def silent():
    """The URL of a server that accepts connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def take():
        while True:
            try:
                kept.append(listener.accept())
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_a_wait_is_told_of(run, schemas, silent):
    process = subprocess.Popen(
        program("--endpoint-url", silent, "apply", "--json", "--yes"),
        cwd=run.folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = json.loads(process.stdout.readline())
    schemas.hold("events", first, "apply --json")
    said = process.stderr.readline()
    assert "checking AWS credentials" in said and silent in said, said
    wait = json.loads(process.stdout.readline())
    schemas.hold("events", wait, "apply --json")
    process.kill()
    process.communicate()
    assert wait["type"] == "waiting"
    assert "checking AWS credentials" in wait["waits"][0]["what"]
    assert 9 < wait["waits"][0]["seconds"] <= 15, wait


@pytest.fixture
def other(endpoint, unique):
    """Applies the stack at the local AWS over HTTP in a folder; yields what it printed."""
    folders = []

    def apply(folder, *more, how=None):
        folders.append(folder)
        text = STACK.replace('"hello"', f'"{unique}"').replace("hello-$", f"{unique}-$")
        keys = "".join(f"\n[api_keys.key{number}]\nplan = \"standard\"\n" for number in range(30))
        (folder / "stack.toml").write_text(text + keys)
        process = subprocess.Popen(
            program("--endpoint-url", endpoint, "apply", "--json", "--yes", *more),
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = []
        for line in process.stdout:
            lines.append(line)
            if how is not None and '"step_done"' in line and "api_keys.key" in line:
                process.send_signal(how)
                how = None
        process.communicate(timeout=120)
        return process.returncode, "".join(lines)

    yield apply
    for folder in folders[:1]:
        destroy = program("--endpoint-url", endpoint, "destroy", "--confirm", unique)
        subprocess.run(destroy, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)


def test_an_interrupted_run(schemas, other, tmp_path):
    code, printed = other(tmp_path, how=signal.SIGINT)
    assert code == 130, printed
    lines = schemas.hold_output(["apply", "--json"], printed)
    assert {"stopping", "step_skipped", "finished"} <= {line["type"] for line in lines}


@pytest.fixture
def refusing(endpoint):
    """The URL of a local AWS that fails one operation of Cognito."""

    class Between(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("X-Amz-Target", "").endswith(".CreateResourceServer"):
                status, headers = 403, {"x-amzn-RequestId": "00000000-0000-0000-0000-000000000000"}
                content = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()
            else:
                passed = urllib.request.Request(endpoint + self.path, body or None, dict(self.headers), method=self.command)
                try:
                    answer = urllib.request.urlopen(passed)
                except urllib.error.HTTPError as error:
                    answer = error
                status, headers, content = answer.status, dict(answer.headers), answer.read()
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_refused_step(run, endpoint, refusing, unique):
    text = STACK.replace('"hello"', f'"{unique}"').replace("hello-$", f"{unique}-$")
    (run.folder / "stack.toml").write_text(text)
    lines = run("--endpoint-url", refusing, "apply", "--json", "--yes", code=1)
    assert {"step_failed", "step_skipped"} <= {line["type"] for line in lines}
    run("--endpoint-url", endpoint, "destroy", "--json", "--confirm", unique)


def test_what_the_rust_tests_saw(schemas):
    folder = os.environ.get("GATESTACK_OUTPUT")
    if folder is None:
        pytest.skip("$GATESTACK_OUTPUT names no folder; ./test does it")
    documents = sorted(pathlib.Path(folder).glob("*.json"))
    assert len(documents) >= 40, "the Rust tests kept little of what they saw"
    for path in documents:
        document = json.loads(path.read_text())
        if document["stdout"]:
            schemas.hold_output(document["arguments"], document["stdout"])


def test_every_schema_and_every_type_of_line_was_seen(schemas, events):
    """The last test: every schema has been checked against some output."""
    assert [name for name, times in schemas.seen.items() if times == 0] == []
    assert sorted(events - schemas.types) == []
