"""`local serve --scenario`: how its rules change responses, and what the program's commands do with them."""

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
STACK = """
[stack]
name = "lagging"
region = "eu-west-1"

[user_pool]
name = "Lagging users"
domain = "lagging-users"
deletion_protection = false

[resource_servers.claims]
scopes = { read = "read" }

[api]
name = "lagging"
stage = "prod"
requires = { scopes = ["claims/read"], api_key = true }

[api.routes]
"GET /claims" = { mock = 200 }

[plans.standard]
throttle = { rate = 50, burst = 100 }

[partners.acme]
plan = "standard"
scopes = ["claims/read"]
"""


def rule(state, by=None):
    return f'[[rules]]\nkind = "tagging_index"\nstate = "{state}"\n' + (f'by = "{by}"\n' if by else "")


@contextmanager
def serving(folder, scenario):
    path = folder / "scenario.toml"
    path.write_text(scenario)
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--scenario", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
        finally:
            server.terminate()


def client(service, endpoint):
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, config=config, **CREDENTIALS)


def teams(endpoint):
    answer = client("resourcegroupstaggingapi", endpoint).get_resources(TagFilters=[{"Key": "team"}])
    return {tag["Value"] for found in answer["ResourceTagMappingList"] for tag in found["Tags"]}


def make(endpoint, name):
    pool = client("cognito-idp", endpoint).create_user_pool(PoolName=name, UserPoolTags={"team": name})
    return pool["UserPool"]["Id"]


def test_an_empty_index_lists_nothing_and_the_services_do(tmp_path):
    with serving(tmp_path, rule("empty")) as endpoint:
        pool = make(endpoint, "a")
        assert teams(endpoint) == set()
        described = client("cognito-idp", endpoint).describe_user_pool(UserPoolId=pool)
        assert described["UserPool"]["UserPoolTags"] == {"team": "a"}
        keys = client("resourcegroupstaggingapi", endpoint).get_tag_keys()
        assert keys["TagKeys"] == []


def test_an_index_that_is_behind_catches_up(tmp_path):
    with serving(tmp_path, rule("behind", "2s")) as endpoint:
        make(endpoint, "a")
        assert teams(endpoint) == set()
        for _ in range(300):
            if teams(endpoint) == {"a"}:
                break
            time.sleep(0.1)
        assert teams(endpoint) == {"a"}


def refused(operation, why, calls, of=None):
    rule = f'[[rules]]\nkind = "refused"\noperation = "{operation}"\nwhy = "{why}"\ncalls = {calls}\n'
    return rule + (f"of = {of}\n" if of else "")


def test_the_first_calls_of_so_many_are_refused(tmp_path):
    with serving(tmp_path, refused("CreateApiKey", "throttle", 2, 3) + refused("UpdateUserPool", "conflict", 1)) as endpoint:
        gateway, pools = client("apigateway", endpoint), client("cognito-idp", endpoint)
        pool = pools.create_user_pool(PoolName="a")["UserPool"]["Id"]

        def code(call, **arguments):
            try:
                call(**arguments)
            except ClientError as error:
                return error.response["Error"]["Code"]

        throttled = "TooManyRequestsException"
        assert [code(gateway.create_api_key, name="k") for _ in range(6)] == [throttled, throttled, None] * 2
        updates = [code(pools.update_user_pool, UserPoolId=pool) for _ in range(3)]
        assert updates == ["ConcurrentModificationException", None, None]
        assert len(gateway.get_api_keys()["items"]) == 2


def test_what_an_operation_begins_takes_as_long_as_the_rule_says(tmp_path):
    slow = '[[rules]]\nkind = "takes"\noperation = "CreateUserPoolDomain"\ntime = "1h"\n'
    with serving(tmp_path, slow) as endpoint:
        pools = client("cognito-idp", endpoint)
        pool = pools.create_user_pool(PoolName="a")["UserPool"]["Id"]
        pools.create_user_pool_domain(UserPoolId=pool, Domain="slow-one")
        assert pools.describe_user_pool_domain(Domain="slow-one")["DomainDescription"]["Status"] == "CREATING"


def test_lists_are_without_tags_and_single_things_with_them(tmp_path):
    with serving(tmp_path, '[[rules]]\nkind = "tags_in_lists"\nstate = "absent"\n') as endpoint:
        gateway = client("apigateway", endpoint)
        key = gateway.create_api_key(name="k", tags={"team": "a"})["id"]
        assert "tags" not in gateway.get_api_keys()["items"][0]
        assert gateway.get_api_key(apiKey=key)["tags"] == {"team": "a"}
        arn = f"arn:aws:apigateway:{REGION}::/apikeys/{key}"
        assert gateway.get_tags(resourceArn=arn)["tags"] == {"team": "a"}


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("speed = 3\n", "scenario.toml:1:1"),
        ('[[rules]]\nkind = "weather"\n', "scenario.toml:2:8"),
        (rule("slow"), "scenario.toml:3:9"),
        (rule("empty", "5m"), "scenario.toml:4:1"),
        (rule("behind"), "scenario.toml:1:1"),
        (rule("empty") + rule("frozen"), "scenario.toml:4:1"),
        (refused("CreateApiKey", "throttle", 1) + refused("CreateApiKey", "throttle", 2), "scenario.toml:6:1"),
        (refused("CreateApiKey", "weather", 1), "scenario.toml:4:7"),
        (refused("CreateApiKey", "not_yet", 1), "scenario.toml:3:13"),
        (refused("CreateNothing", "throttle", 1), "scenario.toml:3:13"),
        (refused("CreateApiKey", "throttle", 0), "scenario.toml:5:9"),
        (refused("CreateApiKey", "throttle", 2, 2), "scenario.toml:1:1"),
        ("[[rules", "scenario.toml:1:"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, scenario, told):
    (tmp_path / "scenario.toml").write_text(scenario)
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--scenario", "scenario.toml"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert ran.returncode == 1, ran.stdout
    assert told in ran.stderr, ran.stderr


def test_a_scenario_that_is_not_there_is_an_error(tmp_path):
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--scenario", "none.toml"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert ran.returncode == 1
    assert "none.toml" in ran.stderr and "--scenario" in ran.stderr


@pytest.mark.parametrize("scenario", [rule("empty"), rule("frozen"), rule("behind", "10m")], ids=["empty", "frozen", "behind"])
def test_every_command_works_while_the_index_lags(tmp_path, scenario):
    stack = tmp_path / "stack.toml"
    stack.write_text(STACK)
    with serving(tmp_path, scenario) as endpoint:

        def run(*arguments, code=0):
            environment = {
                **os.environ,
                "AWS_ACCESS_KEY_ID": "any",
                "AWS_SECRET_ACCESS_KEY": "any",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }
            command = [os.environ["GATESTACK"], "--endpoint-url", endpoint, "-f", str(stack), *arguments]
            ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
            assert ran.returncode == code, f"{arguments}: {ran.stdout}{ran.stderr}"
            return ran.stdout

        run("apply", "--yes")
        run("plan", "--detailed-exitcode")
        outputs = json.loads(run("output", "--json"))
        assert len(run("token", "acme").strip().split(".")) == 3
        run("call", "acme", "GET", "/claims", "--fail")
        run("verify")
        run("handoff", "acme", "--to", str(tmp_path / "acme.json"))
        pools = client("cognito-idp", endpoint)
        pool = pools.list_user_pools(MaxResults=60)["UserPools"][0]["Id"]
        assert pool in json.dumps(outputs)

        stack.write_text(STACK.replace("Lagging users", "Renamed").replace("mock = 200", "mock = 204"))
        run("plan", "--detailed-exitcode", code=2)
        run("apply", "--yes")
        assert [one["Id"] for one in pools.list_user_pools(MaxResults=60)["UserPools"]] == [pool]
        run("plan", "--detailed-exitcode")
        run("history")
        run("rollback", "--yes")
        run("destroy", "--confirm", "lagging")
        assert pools.list_user_pools(MaxResults=60)["UserPools"] == []
        assert client("apigateway", endpoint).get_rest_apis()["items"] == []
