"""Foreign clients against the local AWS: the one at $GATESTACK_ENDPOINT, else one that $GATESTACK serves."""

import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import reduce_models

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}

botocores_own = Loader.load_service_model


def with_what_came_later(loader, service, kind, *arguments, **named):
    model = botocores_own(loader, service, kind, *arguments, **named)
    return reduce_models.complete(service, model) if kind == "service-2" else model


# boto3 has the operations, and the model walk the members, that the local AWS's models have beside this botocore's.
Loader.load_service_model = with_what_came_later


@pytest.fixture(scope="session")
def endpoint():
    url = os.environ.get("GATESTACK_ENDPOINT")
    if url:
        yield url
        return
    if "GATESTACK" not in os.environ:
        pytest.exit("GATESTACK must name the program, such as target/debug/gatestack; ./test does it", returncode=2)
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            # It prints its URL when it is ready.
            line = server.stdout.readline()
            found = re.search(r"http://[0-9.:]+", line)
            assert found, f"no URL in {line!r}"
            yield found.group()
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def client(endpoint):
    """A boto3 client of a service; client-side checks are off where a test wants the server's own."""

    def make(service, region=REGION, checked=True):
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=checked)
        return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config, **CREDENTIALS)

    return make


@pytest.fixture(scope="session")
def aws(endpoint):
    """The aws command line; returns its JSON, or raises with its error text."""

    def run(*arguments):
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }
        command = [sys.executable, "-m", "awscli", *arguments, "--output", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    return run


class refused:
    """`with refused("Code", "words"):` requires that a call in it is refused with this code, text and status."""

    def __init__(self, code, words="", status=400):
        self.code, self.words, self.status = code, words, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert error is not None, f"it was accepted, and {self.code} was expected"
        if not isinstance(error, ClientError):
            return False
        answer = error.response
        assert answer["Error"]["Code"] == self.code, error
        assert self.words in answer["Error"]["Message"], error
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == self.status, error
        return True


@pytest.fixture
def unique():
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"
