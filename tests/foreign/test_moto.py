"""gatestack against moto, an outside opinion on Cognito, keys and plans. moto runs as a process of its own.

Where moto differs from AWS's documentation it is listed here by name, and the documentation is right:

- TagResource and UntagResource of Cognito and of API Gateway's keys are missing (500 with a page), so an app client can't be
  marked and a domain's mark can't be taken off: the stack below has neither.
- UpdateUserPoolClient keeps what is not sent (AWS resets it); deletes that AWS refuses (a pool with a domain, a plan with
  stages) succeed, so neither resets nor the order of deletes are judged here.
- GetGatewayResponses lists one response, and routes with more than a mock meet what moto loses (`connectionId`,
  UpdateMethod, UpdateIntegration): the API below is one mock.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest

REGION = "eu-west-1"
STACK = """
[stack]
name = "outside"
region = "eu-west-1"

[user_pool]
name = "Outside"
deletion_protection = false

[resource_servers.xxx-api]
scopes = { read = "read", write = "write" }

[api]
name = "outside"
stage = "prod"
requires = { api_key = true }

[api.routes]
"GET /health" = { mock = { status = 200, body = "ok" } }

[plans.Gold]
throttle = { rate = 50, burst = 100 }
quota = { requests = 1000, per = "week" }

[api_keys.batch]
plan = "Gold"
description = "the nightly run"

[api_keys.shut]
plan = "Gold"
enabled = false
"""


@pytest.fixture(scope="module")
def moto():
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                    break
            url = f"http://127.0.0.1:{found.group(1)}"
            for _ in range(50):
                try:
                    urllib.request.urlopen(url + "/moto-api/", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield url
        finally:
            server.kill()


@pytest.fixture(scope="module")
def gatestack(moto, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside")
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def run(stack, *arguments):
        (folder / "stack.toml").write_text(stack)
        command = [os.environ["GATESTACK"], "--endpoint-url", moto, *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)

    return run


def client(moto, service):
    credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client(service, region_name=REGION, endpoint_url=moto, **credentials)


def test_a_life_on_moto(moto, gatestack):
    done = gatestack(STACK, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    cognito, apigateway = client(moto, "cognito-idp"), client(moto, "apigateway")
    (pool,) = cognito.list_user_pools(MaxResults=60)["UserPools"]
    servers = cognito.list_resource_servers(UserPoolId=pool["Id"], MaxResults=50)["ResourceServers"]
    assert [(server["Identifier"], sorted(scope["ScopeName"] for scope in server["Scopes"])) for server in servers] == [
        ("xxx-api", ["read", "write"])
    ]
    (plan,) = apigateway.get_usage_plans()["items"]
    assert plan["throttle"] == {"rateLimit": 50.0, "burstLimit": 100}
    assert {key["name"]: key["enabled"] for key in apigateway.get_api_keys()["items"]} == {"batch": True, "shut": False}
    members = apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert {member["name"] for member in members} == {"batch", "shut"}

    again = gatestack(STACK, "plan", "--json", "--detailed-exitcode")
    assert again.returncode == 0, json.dumps(json.loads(again.stdout)["changes"], indent=1)

    changed = STACK.replace("rate = 50", "rate = 60").replace('"the nightly run"', '"every night"')
    done = gatestack(changed, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    (plan,) = apigateway.get_usage_plans()["items"]
    assert plan["throttle"]["rateLimit"] == 60.0

    done = gatestack(changed, "destroy", "--confirm", "outside")
    assert done.returncode == 0, done.stdout + done.stderr
    assert cognito.list_user_pools(MaxResults=60)["UserPools"] == []
    assert apigateway.get_usage_plans()["items"] == []
    assert apigateway.get_api_keys()["items"] == []
