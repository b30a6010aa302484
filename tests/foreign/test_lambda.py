"""Lambda: functions as boto3 and the command line see them."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import uuid

import boto3
import pytest
from conftest import CREDENTIALS, REGION, refused
from functions import BASIC, archive, digest, to_create
from roles import trust

OWN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}],
}
ARN = f"arn:aws:lambda:{REGION}:123456789012:function"


@pytest.fixture
def functions(client):
    return client("lambda")


@pytest.fixture
def made(client, functions, unique):
    """A function that is active: its name."""
    functions.create_function(**to_create(client("iam"), unique))
    functions.get_waiter("function_active_v2").wait(FunctionName=unique, WaiterConfig={"Delay": 0.1})
    return unique


def test_a_function_is_made_changed_published_and_deleted(functions, made):
    described = functions.get_function(FunctionName=made)
    assert described["Configuration"]["CodeSha256"] == digest(archive())
    assert described["Configuration"]["CodeSize"] == len(archive())
    assert "Tags" not in described and "Concurrency" not in described
    other = archive("export const handler = async () => 2;")
    updated = functions.update_function_code(FunctionName=made, ZipFile=other)
    assert updated["LastUpdateStatus"] == "InProgress" and updated["CodeSha256"] == digest(other)
    functions.get_waiter("function_updated_v2").wait(FunctionName=made, WaiterConfig={"Delay": 0.1})
    functions.update_function_configuration(FunctionName=made, Environment={"Variables": {"GREETING": "hello"}}, Timeout=9)
    functions.get_waiter("function_updated_v2").wait(FunctionName=made, WaiterConfig={"Delay": 0.1})
    read = functions.get_function_configuration(FunctionName=made)
    assert (read["Environment"], read["Timeout"]) == ({"Variables": {"GREETING": "hello"}}, 9)
    assert functions.publish_version(FunctionName=made)["Version"] == "1"
    functions.create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    with refused("ResourceConflictException", "live", 409):
        functions.delete_function(FunctionName=made, Qualifier="1")
    deleted = functions.delete_function(FunctionName=made)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204 and deleted["StatusCode"] == 204
    with refused("ResourceNotFoundException", f"Function not found: {ARN}:{made}", 404):
        functions.get_function(FunctionName=made)


def test_lists_have_pages(functions, client, unique):
    for number in range(3):
        functions.create_function(**to_create(client("iam"), f"{unique}-{number}"))
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert [name for name in names if name.startswith(unique)] == [f"{unique}-{number}" for number in range(3)]


def test_a_large_archive_is_taken_and_a_larger_one_is_not(functions, client, unique):
    # Random digits don't get smaller.
    large = archive(os.urandom(20 << 20).hex()[: 30 << 20])
    assert len(large) > 10 << 20
    made = functions.create_function(**to_create(client("iam"), unique, Code={"ZipFile": large}))
    assert made["CodeSha256"] == digest(large)
    with refused("RequestEntityTooLargeException", "Request must be smaller than 70167211 bytes for the CreateFunction operation", 413):
        functions.create_function(**to_create(client("iam"), f"{unique}-2", Code={"ZipFile": b"x" * (53 << 20)}))


def test_tags_are_seen_by_the_tagging_api(functions, client, made, unique):
    functions.tag_resource(Resource=f"{ARN}:{made}", Tags={unique: "x"})
    tagging = client("resourcegroupstaggingapi")

    def found(**more):
        mappings = tagging.get_resources(TagFilters=[{"Key": unique}], **more)["ResourceTagMappingList"]
        return [mapping["ResourceARN"] for mapping in mappings]

    assert found() == found(ResourceTypeFilters=["lambda:function"]) == found(ResourceTypeFilters=["lambda"]) == [f"{ARN}:{made}"]
    assert found(ResourceTypeFilters=["lambda:layer"]) == []
    assert tagging.untag_resources(ResourceARNList=[f"{ARN}:{made}"], TagKeys=[unique])["FailedResourcesMap"] == {}
    assert tagging.tag_resources(ResourceARNList=[f"{ARN}:{made}"], Tags={"a": "b"})["FailedResourcesMap"] == {}
    assert functions.list_tags(Resource=f"{ARN}:{made}")["Tags"] == {"a": "b"}


def test_the_command_line_makes_a_function(aws, client, tmp_path, unique):
    role = to_create(client("iam"), unique)["Role"]
    (tmp_path / "code.zip").write_bytes(archive())
    base = ["--function-name", unique]
    code = ["--zip-file", f"fileb://{tmp_path / 'code.zip'}"]
    settings = ["--runtime", "nodejs24.x", "--handler", "index.handler", "--role", role]
    assert aws("lambda", "create-function", *base, *code, *settings)["State"] == "Pending"
    aws("lambda", "wait", "function-active-v2", *base)
    permission = ["--statement-id", "api", "--action", "lambda:InvokeFunction", "--principal", "apigateway.amazonaws.com"]
    aws("lambda", "add-permission", *base, *permission)
    (statement,) = json.loads(aws("lambda", "get-policy", *base)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    with pytest.raises(AssertionError, match="ResourceConflictException"):
        aws("lambda", "create-function", *base, *code, *settings)
    aws("lambda", "delete-function", *base)


def test_the_command_line_reads_what_was_logged(aws, client, unique):
    logs = client("logs")
    logs.create_log_group(logGroupName=unique)
    logs.create_log_stream(logGroupName=unique, logStreamName="one")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 5, "message": "hello world"}, {"timestamp": now, "message": "bye"}]
    logs.put_log_events(logGroupName=unique, logStreamName="one", logEvents=events)
    found = aws("logs", "filter-log-events", "--log-group-name", unique, "--filter-pattern", "hello")["events"]
    assert [event["message"] for event in found] == ["hello world"]
    stream = ["--log-group-name", unique, "--log-stream-name", "one", "--start-from-head"]
    assert [event["message"] for event in aws("logs", "get-log-events", *stream)["events"]] == ["hello world", "bye"]
    found = aws("logs", "filter-log-events", "--log-group-name", unique)["events"]
    assert [event["message"] for event in found] == ["hello world", "bye"]


@pytest.fixture(scope="module")
def moto():
    """moto in a process of its own; a function of a service to its client there."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        try:
            port = next(found.group(1) for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)))
            url = f"http://127.0.0.1:{port}"
            for _ in range(50):
                try:
                    urllib.request.urlopen(f"{url}/moto-api/", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield lambda service: boto3.client(service, region_name=REGION, endpoint_url=url, **CREDENTIALS)
        finally:
            server.kill()


# Where moto differs from what AWS was recorded to answer, by member: AWS is right.
LOST_BY_MOTO = {
    # AWS's answers have these always, and no empty list of layers.
    "LoggingConfig",
    "RuntimeVersionConfig",
    "Layers",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    # What is pending for some seconds on AWS is active at once.
    "State",
    "LastUpdateStatus",
    # Made up on both sides, or of the time.
    "RevisionId",
    "LastModified",
    "CreateDate",
    "RoleId",
    "Location",
    "ResponseMetadata",
}


def plain(answer):
    """An answer without what differs, and with this account's number."""
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items() if name not in LOST_BY_MOTO}
    if isinstance(answer, list):
        return [plain(value) for value in answer]
    return answer


def role_seen(iam, name):
    """What a client reads of a role with policies and tags."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"), Description="words", Path="/runs/")
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(OWN))
    iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "claims"}])
    iam.update_role(RoleName=name, Description="other words", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust("ec2.amazonaws.com"))
    seen = {
        "role": iam.get_role(RoleName=name)["Role"],
        "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
        "inline": iam.list_role_policies(RoleName=name)["PolicyNames"],
        "own": iam.get_role_policy(RoleName=name, PolicyName="own"),
        "tags": iam.list_role_tags(RoleName=name)["Tags"],
        "managed": iam.get_policy_version(PolicyArn=BASIC, VersionId="v1")["PolicyVersion"]["Document"],
        "listed": [one["RoleName"] for one in iam.list_roles(PathPrefix="/runs/")["Roles"] if one["RoleName"] == name],
    }
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC)
    iam.delete_role_policy(RoleName=name, PolicyName="own")
    iam.delete_role(RoleName=name)
    return plain(seen)


def test_moto_sees_a_role_the_same_way(client, moto):
    name = f"t{uuid.uuid4().hex[:12]}"
    ours, theirs = role_seen(client("iam"), name), role_seen(moto("iam"), name)
    for step, answer in ours.items():
        assert answer == theirs[step], step


def lived(client, name):
    """What a client reads in a function's life."""
    functions, iam = client("lambda"), client("iam")
    seen = {}
    seen["made"] = functions.create_function(**to_create(iam, name, Tags={"team": "claims"}, MemorySize=256))
    functions.update_function_code(FunctionName=name, ZipFile=archive("2"))
    functions.update_function_configuration(FunctionName=name, Timeout=9, Environment={"Variables": {"A1": "b"}})
    seen["read"] = functions.get_function_configuration(FunctionName=name)
    functions.publish_version(FunctionName=name, Description="first")
    seen["version"] = functions.get_function_configuration(FunctionName=name, Qualifier="1")
    seen["alias"] = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", Description="words")
    source = f"arn:aws:execute-api:{REGION}:123456789012:abc/*/GET/hello"
    functions.add_permission(
        FunctionName=name, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
    )
    seen["policy"] = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    seen["concurrency"] = functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    seen["tags"] = functions.list_tags(Resource=f"{ARN}:{name}")
    listed = functions.list_versions_by_function(FunctionName=name)["Versions"]
    seen["versions"] = [one["Version"] for one in listed]
    functions.delete_alias(FunctionName=name, Name="live")
    functions.delete_function(FunctionName=name)
    seen["left"] = [one["FunctionName"] for one in functions.list_functions()["Functions"] if one["FunctionName"] == name]
    return plain(seen)


def test_moto_sees_a_function_the_same_way(client, moto):
    name = f"t{uuid.uuid4().hex[:12]}"
    ours, theirs = lived(client, name), lived(moto, name)
    for step, answer in ours.items():
        assert answer == theirs[step], step
