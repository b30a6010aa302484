"""`./test --aws` as it runs on AWS, with another AWS behind the profile: the local one with a lagging index of tags, behind a server that
answers a few things otherwise."""

import collections
import contextlib
import http.server
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import boto3
import pytest
import urllib3

TOOL = pathlib.Path(__file__).resolve().parents[1] / "aws"
sys.path.append(str(TOOL))
from account import Account
from recorder import Recorder
from shapes import Shapes
from wire import Call

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TAG = "gatestack-trial"

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="there, calls of a stack's own URLs pass by the recorder")


class Front(http.server.BaseHTTPRequestHandler):
    """Passes requests on, and answers as AWS might where the local AWS does not."""

    protocol_version = "HTTP/1.1"

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        answer = server.pool.request(
            self.command, server.upstream + self.path, body=body or None, headers=dict(self.headers), redirect=False
        )
        data, status = answer.data, answer.status
        server.calls[self.headers["Host"].partition(".")[0]] += 1
        with contextlib.suppress(ValueError):
            data = json.dumps(self.otherwise(json.loads(data))).encode()
        self.send_response_only(status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = relay

    def otherwise(self, content):
        if not isinstance(content, dict):
            return content
        self.remember(content)
        if self.command == "POST" and self.path == "/restapis":
            # A member that AWS has added, with a value that must not be shown.
            content["apiNickname"] = "sesame-open-4711"
            content["apiKeySource"] = "AUTHORIZER"
        if self.headers.get("X-Amz-Target", "").endswith(".DescribeUserPool"):
            del content["UserPool"]["MfaConfiguration"]
        return content

    def remember(self, content):
        """Keeps what is secret, and what is the account's."""
        for key, value in content.items():
            if key in ("access_token", "ClientSecret", "value", "ClientId", "id", "Id", "UserPoolId") and isinstance(value, str):
                self.server.private.add(value)
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    self.remember(inner)

    def log_message(self, *_):
        """It prints nothing."""


class Elsewhere:
    """An AWS, the profile for it, and what it was asked."""

    def __init__(self, folder, front):
        self.url = f"http://127.0.0.1:{front.server_address[1]}"
        self.front, self.folder = front, folder
        config = folder / "config"
        config.write_text(
            f"[profile trial]\nregion = {REGION}\nendpoint_url = {self.url}\naws_access_key_id = any\naws_secret_access_key = hush-hush-4711\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GATESTACK_"))}
        self.environment = kept | {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def start(self, *arguments, work="work", stdin=subprocess.DEVNULL):
        command = [sys.executable, str(TOOL), "trial", "--program", os.environ["GATESTACK"], "--work", str(self.folder / work), *arguments]
        return subprocess.Popen(
            command, env=self.environment, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def run(self, *arguments, work="work"):
        process = self.start(*arguments, work=work)
        with bounded(process, 500):
            out, _ = process.communicate()
        return process.returncode, out

    def client(self, service):
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url, aws_access_key_id="any", aws_secret_access_key="any"
        )

    def apis(self):
        """The stacks that have an API."""
        return [api["tags"]["gatestack:stack"] for api in self.client("apigateway").get_rest_apis()["items"] if TAG in api.get("tags", {})]

    def left(self, name):
        """The kinds of what is left of a stack, each with how many."""
        with pytest.MonkeyPatch.context() as patch:
            for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                patch.setenv(variable, self.environment[variable])
            return collections.Counter(one.rpartition(" ")[0] for one in Account("trial", REGION).left(name))


@pytest.fixture
def elsewhere(tmp_path, request):
    scenario = tmp_path / "lag.toml"
    scenario.write_text('[[rules]]\nkind = "tagging_index"\nstate = "behind"\nby = "1h"\n' + getattr(request, "param", ""))
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    for server in (backend, front):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--scenario", str(scenario)]
    command += ["--backend", str(backend.server_address[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serve:
        front.upstream = re.search(r"http://[0-9.:]+", serve.stdout.readline()).group()
        front.pool, front.calls, front.private = urllib3.PoolManager(maxsize=32), collections.Counter(), set()
        try:
            yield Elsewhere(tmp_path, front)
        finally:
            serve.terminate()
            for server in (backend, front):
                server.shutdown()
                server.server_close()


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers behind the load balancer."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """It prints nothing."""


def report(elsewhere, work="work"):
    (file,) = (elsewhere.folder / work).glob("*/report.json")
    return json.loads(file.read_text()), file.read_text() + file.with_name("report.md").read_text()


@contextlib.contextmanager
def bounded(process, seconds):
    """Crashes the tool if it hangs."""
    timer = threading.Timer(seconds, crash, [process])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def until(process, line):
    """Reads what the tool prints up to the line that begins so."""
    printed = []
    with bounded(process, 120):
        for one in process.stdout:
            printed.append(one)
            if one.strip().startswith(line):
                return
    pytest.fail("".join(printed))


def wait(process, there):
    """Waits until something is there that the tool makes."""
    end = time.monotonic() + 60
    while not there():
        if process.poll() is not None or time.monotonic() > end:
            crash(process)
            pytest.fail(process.stdout.read())
        time.sleep(0.02)


def crash(process):
    """Kills the tool and what it runs."""
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after = status.read_text().rpartition(")")[2].split()
            if int(after[1]) == process.pid:
                os.kill(int(status.parent.name), signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_every_difference_is_reported_and_nothing_else_is_said_of_the_account(elsewhere):
    status, printed = elsewhere.run("--yes", "--example", "partner-api")
    assert status == 0, printed
    assert f"account {ACCOUNT}, {REGION}, as arn:aws:iam::{ACCOUNT}:root" in printed
    assert "a network load balancer is charged" in printed
    # By AWS's host names: the stack's own URLs, too.
    assert {"apigateway", "cognito-idp", "sts"} <= set(elsewhere.front.calls)
    assert len(elsewhere.front.calls) >= 10

    found, text = report(elsewhere)
    # The index of tags lags on this AWS, which is a difference as well.
    differences = {
        (one["operation"], one["at"]): (one["aws"], one["local"])
        for one in found["differences"]
        if one["service"] != "resourcegroupstaggingapi"
    }
    assert len(differences) < len(found["differences"])
    assert differences == {
        ("CreateRestApi", "/content/apiNickname"): ('"<id>"', "(absent)"),
        ("CreateRestApi", "/content/apiKeySource"): ('"AUTHORIZER"', '"HEADER"'),
        ("DescribeUserPool", "/content/UserPool/MfaConfiguration"): ("(absent)", '"OFF"'),
    }
    (example,) = found["examples"]
    steps = [step["step"] for step in example["steps"]]
    assert steps[0] == "apply" and steps[-2:] == ["destroy", "nothing left"] and "change: verify" in steps
    assert (example["failure"], example["left"]) == (None, [])

    assert len(elsewhere.front.private) > 20
    private = {*elsewhere.front.private, ACCOUNT, "sesame-open-4711", "hush-hush-4711", "trial-"}
    # In longer texts the Region of a pool's id is masked by itself.
    private.update(one.partition("_")[2] for one in elsewhere.front.private if one.startswith(f"{REGION}_"))
    assert [one for one in private if len(one) > 4 and one in text] == []
    assert elsewhere.apis() == []
    assert elsewhere.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"] == []
    assert elsewhere.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_a_second_run_cleans_up_after_a_crash(elsewhere):
    process = elsewhere.start("--yes", "--example", "access-logs")
    until(process, "apply: verify")
    crash(process)
    (crashed,) = elsewhere.apis()
    assert elsewhere.left(crashed) == {"API": 1, "log group": 1}

    # Another machine can't tell a crashed run from one that is at work. On this one, a run of another commit and one in another Region
    # have died.
    for run, region in ("trial-000000abc", REGION), ("trial-000000def", "eu-central-1"):
        (elsewhere.folder / "other" / run).mkdir(parents=True)
        known = {"region": region, "account": ACCOUNT, "stacks": {f"{run}-former": "apply"}}
        (elsewhere.folder / "other" / run / "run.json").write_text(json.dumps(known))
    status, printed = elsewhere.run("--yes", "--example", "access-logs", work="other")
    assert status == 1, printed
    assert "trial-000000abc-former: there is no example former" in printed
    assert "trial-000000def-former is left of an earlier run in eu-central-1" in printed
    assert "./test --aws trial --region eu-central-1 --clean destroys it" in printed
    assert f"{crashed} belongs to a run that began less than 6 hours ago" in printed
    assert elsewhere.apis() == [crashed]

    status, printed = elsewhere.run("--yes", "--example", "access-logs")
    assert status == 0, printed
    assert f"{crashed} is left of an earlier run: destroying it" in printed
    assert elsewhere.apis() == []
    assert elsewhere.left(crashed) == {}


# On AWS, only the list of APIs is known to have tags.
@pytest.mark.parametrize("elsewhere", ['[[rules]]\nkind = "tags_in_lists"\nstate = "absent"\n'], indirect=True)
def test_all_that_a_crash_leaves_is_found(elsewhere):
    process = elsewhere.start("--yes", "--example", "partner-api")
    until(process, "apply: verify")
    crash(process)
    (crashed,) = elsewhere.apis()
    assert elsewhere.left(crashed) == {
        "API": 1,
        "API key": 3,
        "usage plan": 1,
        "VPC link": 1,
        "user pool": 1,
        "load balancer": 1,
        "target group": 1,
        "security group": 2,
        "instance": 2,
    }


@pytest.mark.parametrize("work", ["work", "other"])
def test_a_crash_in_the_middle_of_an_apply_leaves_nothing_for_long(elsewhere, work):
    process = elsewhere.start("--yes", "--example", "partner-api")
    until(process, "apply")
    pools = lambda: elsewhere.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    groups = lambda: elsewhere.client("ec2").describe_security_groups(Filters=[{"Name": f"tag:{TAG}", "Values": ["yes"]}])["SecurityGroups"]
    wait(process, lambda: pools() and groups())
    crash(process)

    status, printed = elsewhere.run("--clean", work=work)
    assert status == 0, printed
    assert "is left of an earlier run: destroying it" in printed
    assert (elsewhere.apis(), pools(), groups()) == ([], [], [])
    assert elsewhere.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_what_a_lost_machine_left_is_found_by_its_tags(elsewhere):
    process = elsewhere.start("--yes", "--example", "access-logs")
    until(process, "apply: verify")
    crash(process)
    # Of the same form, but without the tag of a run.
    others = elsewhere.client("apigateway").create_rest_api(
        name="trial-000000abc-others", tags={"gatestack:stack": "trial-000000abc-others"}
    )
    status, printed = elsewhere.run("--clean", work="other")
    assert status == 0, printed
    assert elsewhere.apis() == []
    assert [api["id"] for api in elsewhere.client("apigateway").get_rest_apis()["items"]] == [others["id"]]


def test_ctrl_c_destroys_what_was_made(elsewhere):
    process = elsewhere.start("--yes", "--example", "access-logs")
    until(process, "apply")
    wait(process, elsewhere.apis)
    process.send_signal(signal.SIGINT)
    with bounded(process, 120):
        out, _ = process.communicate()
    assert process.returncode == 130, out
    assert "destroying what was made" in out
    assert elsewhere.apis() == []


def test_ctrl_c_at_the_question_ends_the_run(elsewhere):
    terminal, stdin = pty.openpty()
    process = elsewhere.start("--example", "access-logs", stdin=stdin)
    until(process, "makes and destroys")
    process.send_signal(signal.SIGINT)
    with bounded(process, 20):
        out, _ = process.communicate()
    for end in (terminal, stdin):
        os.close(end)
    assert process.returncode == 130, out
    assert elsewhere.apis() == []


def test_nothing_is_made_without_a_yes_or_where_a_subnet_is_missing(elsewhere):
    status, printed = elsewhere.run("--example", "access-logs", work="first")
    assert status == 1 and "no terminal to confirm on: pass --yes" in printed
    status, printed = elsewhere.run("--yes", "--subnets", "subnet-0123456789abcdef0", work="second")
    assert status == 1 and "error: --subnets: The subnet ID 'subnet-0123456789abcdef0' does not exist" in printed
    assert elsewhere.apis() == []
    status, printed = elsewhere.run("--clean", work="third")
    assert (status, printed.count("\n")) == (0, 1), printed


def test_credentials_of_sts_are_not_kept(elsewhere, tmp_path):
    recorder = Recorder(tmp_path, REGION, elsewhere.url)
    try:
        for action in ("AssumeRole", "GetCallerIdentity"):
            body = f"Action={action}&Version=2011-06-15".encode()
            recorder.forward(f"sts.{REGION}.amazonaws.com", "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, body)
        (kept,) = recorder.take()
    finally:
        recorder.server.server_close()
    assert b"GetCallerIdentity" in kept.body


def test_a_report_says_only_what_is_known_beforehand():
    shapes = Shapes(ACCOUNT, REGION, ["trial-000000abc-one"], {"api": {"name": "payments-api", "tags": {"CostCentre": "7"}}})

    def reported(parameters, content, message=None, service="apigateway"):
        call = Call(service, "GetRestApi", parameters, 400 if message else 200, None, message, content)
        return shapes.exchange("apply", call)

    pool = f"{REGION}_AbCdEf123"
    found = reported({"id": "trial-000000abc-one"}, {"arn": pool, "url": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"})
    assert "AbCdEf123" not in json.dumps(found)
    # Subnets are given before any answer names them.
    given = reported({"SubnetId.1": "subnet-0123456789abcdef0"}, {}, service="ec2")
    assert given["parameters"] == {"SubnetId.1": "<id>"}

    tags = reported({}, {"tags": {"CostCentre": "7", "TheirProject": "x"}, "CloneFrom": "x"})["content"]
    assert tags == {"tags": {"CostCentre": "7", "<id>": "<id>"}, "CloneFrom": "<id>"}

    said = "API 'Billing' isn't payments-api or their-api of TheirTeam: apiKeySource can't be 'HEADER' here, try --allow-delete"
    assert reported({}, {}, said)["message"] == (
        "API '<text>' isn't payments-api or <id> of <id>: apiKeySource can't be 'HEADER' here, try --allow-delete"
    )
