"""What AWS has added to Cognito since the pinned botocore, and the updates that reset what they leave out.

The newest botocore is downloaded for this. A front before the local AWS describes pools, clients, resource servers and domains with
every member that its model has and ours lacks; the updates that the program sends then must keep those that are settings."""

import glob
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = json.loads((ROOT / "crates/aws-local/models/cognito.json").read_text(encoding="utf-8"))["shapes"]
TABLE = re.compile(r": Replacing = Replacing \{(.*?)\n\};", re.DOTALL)
TARGET = "AWSCognitoIdentityProviderService."
# A member that every described shape and its update have, so that there is always one that the program does not know.
TOMORROW = "AddedTomorrow"


def tables():
    """The program's tables of replacing updates, by operation: what describes, in which member, and what is not carried over."""
    found = {}
    for file in sorted((ROOT / "src/kinds").rglob("*.rs")):
        for table in TABLE.findall(file.read_text(encoding="utf-8")):
            update, describe, member = (re.search(rf'\b{key}: "(\w+)"', table)[1] for key in ("update", "describe", "member"))
            settled = set(re.findall(r'"([\w.]+)"', table.split("settled: &[")[1].split("    ],")[0]))
            found[update] = describe, member, settled
    return found


TABLES = tables()


@pytest.fixture(scope="module")
def newest():
    """The newest botocore's model of Cognito, and what AWS may add to it tomorrow."""
    folder = pathlib.Path(os.environ["GATESTACK"]).resolve().parents[1] / "tmp"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as wheels:
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--timeout", "10", "--retries", "0"]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", wheels, "botocore"]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode != 0:
            pytest.skip(f"the newest botocore can't be downloaded, so its model is not compared: {ran.stderr.strip()[-200:]}")
        with zipfile.ZipFile(glob.glob(f"{wheels}/botocore-*.whl")[0]) as wheel:
            model = wheel.read("botocore/data/cognito-idp/2016-04-18/service-2.json.gz")
    model = json.loads(gzip.decompress(model))
    shapes = model["shapes"]
    for update, (describe, member, _) in TABLES.items():
        described = shapes[model["operations"][describe]["output"]["shape"]]["members"][member]["shape"]
        for shape in (described, model["operations"][update]["input"]["shape"]):
            shapes[shape]["members"][TOMORROW] = {"shape": "StringType"}
    return model


def strangers(newest, update):
    """What the described shape has in the newest model and not in ours: its path -> its shape, and the update's of the same path."""
    describe, member, _ = TABLES[update]
    shapes = newest["shapes"]
    described = shapes[newest["operations"][describe]["output"]["shape"]]["members"][member]["shape"]
    sent = newest["operations"][update]["input"]["shape"]

    def element(of, name):
        shape = of.get(name, {})
        return element(of, shape["member"]["shape"]) if shape.get("type") == "list" else name

    def walk(described, sent, path):
        described, sent = element(shapes, described), sent and element(shapes, sent)
        known = OURS.get(described, {}).get("members", {})
        takes = shapes.get(sent, {}).get("members", {})
        for name, of in shapes.get(described, {}).get("members", {}).items():
            taken = takes.get(name, {}).get("shape")
            if name not in known:
                yield ".".join([*path, name]), of["shape"], taken
            else:
                yield from walk(of["shape"], taken, [*path, name])

    return {path: (described, taken) for path, described, taken in walk(described, sent, [])}


def sample(shapes, name, above=()):
    """A value of a shape, with all of its members."""
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        members = shape["members"].items()
        return {key: sample(shapes, of["shape"], (*above, name)) for key, of in members if of["shape"] not in above}
    if kind == "list":
        return [sample(shapes, shape["member"]["shape"], (*above, name))]
    if kind == "map":
        return {"abc": sample(shapes, shape["value"]["shape"], (*above, name))}
    if kind in ("integer", "long"):
        return max(7, shape.get("min", 0))
    return {"boolean": True, "timestamp": 1_900_000_000}.get(kind, (shape.get("enum") or ["abc"])[-1])


def put(document, path, value):
    """Sets a member of a document, in every element of a list on the way. Answers whether there was something to set it in."""
    if isinstance(document, list):
        return any([put(one, path, value) for one in document])
    if not isinstance(document, dict):
        return False
    first, *rest = path
    if rest:
        return put(document.get(first), rest, value)
    document[first] = value
    return True


def values(document, path):
    """The values at a path of a document."""
    if isinstance(document, list):
        return [value for one in document for value in values(one, path)]
    if not path:
        return [document]
    return values(document[path[0]], path[1:]) if isinstance(document, dict) and path[0] in document else []


class Front:
    """An AWS that describes more than the one behind it, and keeps the updates that it got."""

    def __init__(self, behind, newest):
        self.updates, self.told, front = {}, set(), self
        more = {TABLES[update][0]: (TABLES[update][1], strangers(newest, update)) for update in TABLES}
        taken_out = {update: strangers(newest, update) for update in TABLES}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                operation = self.headers.get("x-amz-target", "").removeprefix(TARGET)
                if operation in TABLES:
                    said = json.loads(body)
                    front.updates.setdefault(operation, []).append(json.loads(body))
                    for path in taken_out[operation]:
                        remove(said, path.split("."))
                    body = json.dumps(said).encode()
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("content-length", "host")}
                request = urllib.request.Request(behind + self.path, data=body or None, headers=headers, method=self.command)
                try:
                    with urllib.request.urlopen(request) as answer:
                        status, got, back = answer.status, answer.headers, answer.read()
                except urllib.error.HTTPError as error:
                    status, got, back = error.code, error.headers, error.read()
                if operation in more and status == 200:
                    member, members = more[operation]
                    told = json.loads(back)
                    for path, (shape, _) in members.items():
                        if put(told[member], path.split("."), sample(newest["shapes"], shape)):
                            front.told.add((operation, path))
                    back = json.dumps(told).encode()
                self.send_response(status)
                for name, value in got.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(back)))
                self.end_headers()
                self.wfile.write(back)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def remove(document, path):
    if isinstance(document, list):
        for one in document:
            remove(one, path)
    elif isinstance(document, dict):
        if len(path) == 1:
            document.pop(path[0], None)
        else:
            remove(document.get(path[0]), path[1:])


STACK = """
[stack]
name = "newest"
region = "eu-west-1"

[user_pool]
name = "newest"
deletion_protection = false
domain = "newest-model"
password = {{ min_length = {length} }}

[resource_servers.claims]
scopes = {{ read = "{text}" }}

[api]
name = "newest"
stage = "prod"
requires = {{ scopes = ["claims/read"], api_key = true }}

[api.routes]
"GET /claims" = {{ mock = 200 }}

[plans.newest]

[partners.newest]
plan = "newest"
scopes = ["claims/read"]
tokens = {{ access = "{access}" }}
"""


def test_the_program_has_tables():
    assert set(TABLES) == {"UpdateResourceServer", "UpdateUserPool", "UpdateUserPoolClient", "UpdateUserPoolDomain"}


@pytest.mark.parametrize("update", TABLES)
def test_what_is_new_is_called_the_same_in_the_update_and_is_not_left_out(newest, update):
    settled = TABLES[update][2]
    new = strangers(newest, update)
    settings = {path for path, (described, taken) in new.items() if taken}
    print(f"{update}: new settings {sorted(settings)}, others {sorted(set(new) - settings)}")
    assert not [path for path in settings if new[path][0] != new[path][1]], "they differ from their update"
    assert not [path for path in settings if path in settled], "they would be reset"


def test_every_update_keeps_what_the_program_does_not_know(tmp_path, newest, client):
    cognito = client("cognito-idp")
    front = Front(cognito.meta.endpoint_url, newest)

    def run(*arguments, **settings):
        (tmp_path / "stack.toml").write_text(STACK.format(**settings))
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        command = [os.environ["GATESTACK"], "--endpoint-url", front.url, *arguments]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    before = {"length": 10, "text": "Read", "access": "1h"}
    after = {"length": 12, "text": "Look", "access": "2h"}
    run("apply", "--yes", **before)
    run("plan", "--detailed-exitcode", **before)
    front.updates.clear()
    run("apply", "--yes", **after)
    # The certificate of a domain is updated by the same code.
    assert set(front.updates) == set(TABLES) - {"UpdateUserPoolDomain"}
    run("plan", "--detailed-exitcode", **after)
    for update, sent in front.updates.items():
        assert (TABLES[update][0], TOMORROW) in front.told
        for path, (_, taken) in strangers(newest, update).items():
            # What is within a setting that this pool doesn't have can't be told.
            if taken and (TABLES[update][0], path) in front.told:
                wanted = sample(newest["shapes"], taken)
                kept = values(sent[0], path.split("."))
                assert kept and all(value == wanted for value in kept), f"{update} leaves out {path}: {json.dumps(sent[0])}"
