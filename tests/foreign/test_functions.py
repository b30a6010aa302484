"""Functions that really run, as boto3 and callers of an API see them."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import CREDENTIALS, REGION
from functions import execution_role
from lambda_things import BOOTSTRAP, answered, behind_an_api, created

needs_python = pytest.mark.skipif(not shutil.which("python3"), reason="there is no python3 on PATH")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on PATH")

COUNTER = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    print("said", event)
    if event.get("fail"):
        raise ValueError("no")
    return {"count": count, "pid": os.getpid(), "version": context.function_version}
"""


@needs_python
def test_a_function_calls_aws_as_its_role(client, endpoint):
    code = """
import os
def handler(event, context):
    return [os.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
"""
    function = created(client, {"app.py": code}).rsplit(":")[-1]
    iam, role = client("iam"), f"role-of-{function}"
    arn = execution_role(iam, role)
    client("lambda").update_function_configuration(FunctionName=function, Role=arn)
    client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)
    role_id = iam.get_role(RoleName=role)["Role"]["RoleId"]
    keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    credentials = dict(zip(keys, answered(client("lambda"), function)[1]))
    identity = boto3.client("sts", endpoint_url=endpoint, region_name=REGION, **credentials).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{identity['Account']}:assumed-role/{role}/{function}"
    assert identity["UserId"] == f"{role_id}:{function}"
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{identity['Account']}:root"

    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)
    with pytest.raises(ClientError) as gone:
        boto3.client("sts", endpoint_url=endpoint, region_name=REGION, **credentials).get_caller_identity()
    assert gone.value.response["Error"]["Code"] == "InvalidClientTokenId"


@needs_python
def test_boto3_invokes(client):
    functions = client("lambda")
    function = created(client, {"app.py": COUNTER})
    answer, result = answered(functions, function, {"a": 1}, LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"], result["count"]) == (200, "$LATEST", 1)
    assert "FunctionError" not in answer
    log = base64.b64decode(answer["LogResult"]).decode()
    assert re.search(r"START RequestId: \S+ Version: \$LATEST\nsaid \{'a': 1\}\nEND RequestId: ", log), log
    assert answered(functions, function)[1] == {**result, "count": 2}

    answer, error = answered(functions, function, {"fail": True})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no")

    answer, nothing = answered(functions, function, InvocationType="Event")
    assert (answer["StatusCode"], nothing) == (202, None)
    assert answered(functions, function, InvocationType="DryRun")[0]["StatusCode"] == 204

    functions.publish_version(FunctionName=function)
    answer, result = answered(functions, function, Qualifier="1")
    assert (answer["ExecutedVersion"], result["version"], result["count"]) == ("1", "1", 1)

    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException) as refused:
        answered(functions, function)
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=function, Payload=b"no json")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        answered(functions, "missing")


@needs_python
def test_its_log_is_in_cloudwatch_logs(client):
    function = created(client, {"app.py": COUNTER})
    answered(client("lambda"), function, {"a": 1})
    group = f"/aws/lambda/{function.rsplit(':', 1)[1]}"
    events = client("logs").filter_log_events(logGroupName=group)["events"]
    messages = [event["message"] for event in events]
    assert "said {'a': 1}\n" in messages, messages
    assert [message.split()[0] for message in messages if message[:3] in ("STA", "END", "REP")] == ["START", "END", "REPORT"]


@needs_curl
def test_a_bootstrap_that_knows_nothing_of_the_local_aws(client):
    function = created(client, {"bootstrap": BOOTSTRAP}, runtime="provided.al2023", handler="any")
    for _ in range(2):
        assert answered(client("lambda"), function, {"a": [1]})[1] == {"got": {"a": [1]}}


@needs_python
def test_an_api_calls_it(client, endpoint):
    code = """
import json
def handler(event, context):
    return {"statusCode": 201, "headers": {"x-own": "1"}, "body": json.dumps([event["path"], event["headers"].get("X-My-Case")])}
"""
    api = behind_an_api(client, created(client, {"app.py": code}))
    netloc = urllib.parse.urlsplit(endpoint).netloc
    connection = http.client.HTTPConnection(netloc, timeout=30)
    connection.request("GET", f"/_aws/execute-api/{api.id}/live/a%20b", headers={"X-My-Case": "kept"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-own"]) == (201, "1")
    assert json.loads(answer.read()) == ["/a%20b", "kept"]
    connection.close()


class Server:
    """A local AWS of its own."""

    def __init__(self, folder, path=None):
        command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0"]
        environment = {**os.environ, "TMPDIR": str(folder), "SECRET_OF_MINE": "1"}
        if path:
            environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
        self.endpoint = re.search(r"http://[0-9.:]+", self.process.stdout.readline()).group()

    def client(self, service):
        config = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, config=config, **CREDENTIALS)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(timeout=30)
        self.process.stdout.close()


SLEEPS = """
import os, subprocess
def handler(event, context):
    child = subprocess.Popen(["sleep", "300"])
    return {"pids": [os.getpid(), child.pid], "names": sorted(os.environ)}
"""


def is_there(pid):
    """Whether a process is there and has not ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@needs_python
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_server_ends(tmp_path, how):
    server = Server(tmp_path)
    try:
        function = created(server.client, {"app.py": SLEEPS})
        _, result = answered(server.client("lambda"), function)
        assert "SECRET_OF_MINE" not in result["names"]
        assert all(map(is_there, result["pids"])), result
        assert list(tmp_path.glob("aws-local-functions-*"))
    finally:
        server.end(how)
    until = time.monotonic() + 10
    while any(map(is_there, result["pids"])) or list(tmp_path.glob("aws-local-functions-*")):
        assert time.monotonic() < until, (result, list(tmp_path.iterdir()))
        time.sleep(0.05)


def test_the_sdk_inside_calls_the_local_aws(tmp_path):
    code = """
import boto3
def handler(event, context):
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/a", Value="from inside", Type="String")
    return ssm.get_parameter(Name="/a")["Parameter"]["Value"]
"""
    # This Python has boto3.
    server = Server(tmp_path, path=os.path.dirname(sys.executable))
    try:
        runtime = f"python3.{min(sys.version_info.minor, 13)}"
        function = created(server.client, {"app.py": code}, runtime=runtime, Timeout=30, MemorySize=512)
        assert answered(server.client("lambda"), function)[1] == "from inside"
        assert server.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "from inside"
    finally:
        server.end(signal.SIGTERM)
