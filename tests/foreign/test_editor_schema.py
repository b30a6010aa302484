"""The schemas that editors check stack files by, against `gatestack validate`: every kind of broken file is found by both, but for what
only the meaning of the whole file shows."""

import json
import os
import pathlib
import re
import subprocess

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

WHOLE = (ROOT / "tests/foreign/whole.toml").read_text()


def schema(*flags):
    printed = subprocess.run([os.environ["GATESTACK"], "schema", *flags], capture_output=True, text=True, check=True).stdout
    loaded = json.loads(printed)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


@pytest.fixture(scope="module")
def stack():
    return schema()


@pytest.fixture(scope="module")
def overlay():
    return schema("--overlay")


def validate(text, folder):
    (folder / "stack.toml").write_text(text)
    (folder / "backend.sh").write_text("#!/bin/sh\n")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    (folder / "Cargo.toml").write_text("")
    return subprocess.run([os.environ["GATESTACK"], "validate", "--json"], cwd=folder, capture_output=True, text=True)


def faults(validator, text):
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(tomllib.loads(text))]


GOOD = sorted([ROOT / "stack.toml", *ROOT.glob("examples/*/stack.toml")])


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(ROOT)))
def test_stack_files_of_the_repository_are_without_fault(stack, path):
    assert faults(stack, path.read_text()) == []


def test_overlays_of_the_repository_are_without_fault(overlay):
    overlays = sorted(ROOT.glob("examples/*/stack.*.toml"))
    assert overlays
    for path in overlays:
        assert faults(overlay, path.read_text()) == []


def test_a_file_that_says_everything_is_without_fault(stack, overlay, tmp_path):
    done = validate(WHOLE, tmp_path)
    assert done.returncode == 0, done.stdout
    assert faults(stack, WHOLE) == []
    assert faults(overlay, WHOLE) == []


def test_documents_of_the_repository_are_without_fault(stack):
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [block for page in pages for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.M | re.S)]
    whole = [block for block in blocks if "[stack]" in block and "[api]" in block]
    assert len(whole) > 1
    for block in whole:
        assert faults(stack, block) == []


def test_examples_of_the_schema_are_without_fault(stack):
    definitions = stack.schema["$defs"]
    settings = [
        (f"{name}.{key}", setting)
        for name, definition in definitions.items()
        for key, setting in definition.get("properties", {}).items()
        if "examples" in setting
    ]
    assert len(settings) > 80
    for place, setting in settings:
        alone = jsonschema.Draft202012Validator({**setting, "$defs": definitions})
        for example in setting["examples"]:
            assert [error.message for error in alone.iter_errors(example)] == [], place


# What is written, what is written instead: the schema has to find each.
BROKEN = {
    "a misspelled key": ("stage = ", "stge = "),
    "a misspelled table": ("[plans]", "[plan]"),
    "a missing key": ('region = "eu-central-1"\n', ""),
    "a number for a text": ('stage = "prod"', "stage = 1"),
    "a text for a list": ('scopes = ["id/write"]', 'scopes = "id/write"'),
    "a word that is none": ('tier = "lite"', 'tier = "light"'),
    "a number out of range": ("min_length = 9", "min_length = 5"),
    "a doubled element": ('"X-A", ', '"X-A", "X-A", '),
    "a Region": ('"eu-central-1"', '"eu"'),
    "a zone for a Region": ('"eu-central-1"', '"eu-central-1a"'),
    "an account": ('account = "123456789012"', 'account = "12345"'),
    "a stack's name": ('name = "whole"', 'name = "who/le"'),
    "a tag of AWS": ("{ team =", '{ "aws:team" ='),
    "a pool's name": ('"people"', '"peo/ple"'),
    "a domain prefix": ('"people-${stack.name}"', '"People"'),
    "a reserved domain prefix": ('"people-${stack.name}"', '"my-cognito"'),
    "an own domain": ('"auth.example.com"', '"auth"'),
    "a certificate of another Region for a pool": ("acm:us-east-1", "acm:eu-west-1"),
    "a scope's name": ("read = \"Read\"", '"re ad" = "Read"'),
    "a scope without a server": ('"id/write"', '"write"'),
    "a table's name": ("robot = {", '"ro/bot" = {'),
    "a callback that is no URL": ('"https://a.example/"', '"a.example"'),
    "flows that exclude each other": ('["client_credentials"]', '["client_credentials", "code"]'),
    "no way to sign in": ('auth_flows = ["refresh_token"], scopes = ["id/read", "openid"]', 'auth_flows = [], scopes = ["id/read", "openid"]'),
    "a duration without a unit": ('access = "1h", id = "1h", refresh = "30d" } }\nrobot', 'access = "60", id = "1h", refresh = "30d" } }\nrobot'),
    "a duration as a number": ('drain = "1m"', "drain = 60"),
    "a stage's name": ('stage = "prod"', 'stage = "pre prod"'),
    "a stage variable's name": ('path = "v1"', '"pa-th" = "v1"'),
    "an origin with a path": ('"https://b.example"]', '"https://b.example/x"]'),
    "one origin with a path": ('origin = ["https://a.example", "https://b.example"]', 'origin = "https://a.example/x"'),
    "no origin": ('origin = ["https://a.example", "https://b.example"]', "origin = []"),
    "a header to expose": ('"X-E"', '"X E"'),
    "a route's throttle": ("rate = 3", "rate = -3"),
    "a plan's route": ('routes = { "GET /b"', 'routes = { "get /b"'),
    "a quota's day": ("offset = 1", "offset = 28"),
    "a header's name": ('"X-A"', '"X A"'),
    "a log group": ("/whole/calls", "calls of everyone"),
    "a log format without the request": ("$context.requestId ${stageVariables.path}", "$context.status"),
    "a pattern without a document": ('"GET /m"', '"GET *"'),
    "a route without a method": ('"GET /m"', '"/m"'),
    "a route without a path": ('"GET /m"', '"GET"'),
    "a method in lower case": ('"GET /m"', '"get /m"'),
    "a path without a slash": ('"GET /m"', '"GET m"'),
    "a path that ends with a slash": ('"GET /m"', '"GET /m/"'),
    "a parameter in a piece of a path": ('"GET /m"', '"GET /m-{x}"'),
    "a route without a backend": ("mock = 204", ""),
    "a route with two backends": ("mock = 204", 'mock = 204, http = "https://a.example"'),
    "a mock behind the load balancer": ("mock = 204", 'mock = 204, via = "load_balancer"'),
    "a URL without a scheme": ('"https://${stageVariables.host}/b"', '"a.example/b"'),
    "a URL of another scheme": ('"https://${stageVariables.host}/b"', '"ftp://a.example/b"'),
    "an API without routes": (re.compile(r'("GET /[bamnft][^\n]*\n)+'), ""),
    "an ID token with scopes": ('token = "access", api_key = false', 'token = "id", api_key = false'),
    "a domain of an API": ('"api.example.com", existing', '"api", existing'),
    "a domain without a certificate": ('existing = false, certificate = "arn:aws:acm:${stack.region}:123456789012:certificate/2", ', ""),
    "an existing domain with a certificate": ("existing = false", "existing = true"),
    "a base path with an empty level": ('base_paths = ["v1"]', 'base_paths = ["v//1"]'),
    "a truststore": ("s3://trust", "trust"),
    "a hosted zone": ('zone = "Z0123456789ABC"', 'zone = "zone"'),
    "a load balancer's name": ('"whole-road"', '"whole road"'),
    "a load balancer without targets": (re.compile(r"targets = [^\n]*\n"), ""),
    "an existing load balancer with more": ('name = "whole-road"', 'existing = "shared"'),
    "two kinds of targets": ("targets = { instances", 'targets = { ips = ["10.0.0.7"], instances'),
    "a VPC": ('vpc = "default"', 'vpc = "main"'),
    "a listener's port": ("\n80 =", "\n080 ="),
    "a health check's path": ('path = "/up"', 'path = "up"'),
    "an image": ("ssm:/aws", "ssm:aws"),
    "an instance type": ('"t3.micro"', '"micro"'),
    "a plan's name": ('name = "Gold"', 'name = ""'),
    "the value of a key": ('"env:BATCH_KEY"', '"0123456789abcdefghij"'),
    "a pool of another stack with a name": ('name = "people"', 'name = "people"\nexisting = "theirs"'),
    "a resource server of another stack with scopes": ('plain = { scopes', 'plain = { existing = true, scopes'),
    "a partner of another stack with a name": ('acme = { name = "Acme"', 'acme = { name = "Acme", of = "claims"'),
    "a quota of nothing": ("requests = 9", "requests = 0"),
    "a period": ('per = "week"', 'per = "year"'),
}

# What only the meaning of the whole file, or another file, shows.
CANNOT_KNOW = {
    "a scope that no server has": ('"id/write"', '"id/wrote"'),
    "a plan that is not there": ('plan = "gold", enabled', 'plan = "glod", enabled'),
    "a reference that leads nowhere": ("${api.invoke_url}", "${api.invoke_urls}"),
    "a variable that is not there": ('"${var.host}"', '"${var.hots}"'),
    "a parameter that the route lacks": ("/{x}\", requires", "/{y}\", requires"),
    "two parameters at one place": ('"GET /m"', '"GET /a/{y}"'),
    "a URL on a port without a listener": ('host}/b"', 'host}:8443/b"'),
    "a certificate of another Region for an API": ("acm:${stack.region}", "acm:us-east-1"),
    "a zone that does not hold the name": ('zone = "example.com"', 'zone = "example.org"'),
    "a duration out of range": ('timeout = "5s"', 'timeout = "6m"'),
    "a script that is not there": ('"backend.sh"', '"front.sh"'),
    "an identifier twice": ("plain = {", 'twin = { identifier = "id", scopes = { read = "x", write = "x" } }\nplain = {'),
    "a client without callback URLs": ('callback_urls = ["https://a.example/"], ', ""),
    "a move from what is there": ('from = "partners.old"', 'from = "api"'),
}


def broken(change):
    before, after = change
    if isinstance(before, re.Pattern):
        text, times = before.subn(after, WHOLE, count=1)
        assert times == 1
    else:
        assert before in WHOLE, before
        text = WHOLE.replace(before, after, 1)
    return text


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_found(stack, kind, tmp_path):
    text = broken(BROKEN[kind])
    done = validate(text, tmp_path)
    assert done.returncode == 1, f"gatestack lets it pass: {done.stdout}"
    assert faults(stack, text), "the schema lets it pass"


@pytest.mark.parametrize("kind", CANNOT_KNOW)
def test_what_the_schema_cannot_know_is_found_by_gatestack(stack, kind, tmp_path):
    text = broken(CANNOT_KNOW[kind])
    done = validate(text, tmp_path)
    assert done.returncode == 1, f"gatestack lets it pass: {done.stdout}"
    assert not faults(stack, text), "the schema knows it: it belongs above"


def test_an_overlay_may_leave_out_and_not_contradict(overlay):
    assert faults(overlay, '[stack]\nname = "x"\n[api.routes]\n"GET /x" = { timeout = "1s" }\n') == []
    assert faults(overlay, '[api.routes]\n"GET /x" = { mock = 200, http = "https://a.example" }\n')
    assert faults(overlay, '[stack]\nregion = "eu"\n')
    assert faults(overlay, '[load_balancer]\nexisting = "shared"\ncross_zone = true\n')


def test_schemas_have_an_identity(stack, overlay):
    assert [validator.schema["$id"] for validator in (stack, overlay)] == ["urn:gatestack:schema:stack", "urn:gatestack:schema:overlay"]
