"""IAM's roles: what AWS takes, answers and refuses."""

import json

import pytest
from conftest import refused
from gateway import replace
from roles import LOGS, log_role, trust


@pytest.fixture
def iam(client):
    return client("iam")


def test_a_role_is_made_and_read(iam, unique):
    made = iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trust(), Description="words", Tags=[{"Key": "team", "Value": ""}])
    role = made["Role"]
    assert role["RoleId"].startswith("AROA") and len(role["RoleId"]) == 21
    assert role["Arn"] == f"arn:aws:iam::123456789012:role/{unique}" and role["Path"] == "/"
    assert role["AssumeRolePolicyDocument"] == json.loads(trust())
    # AWS does not return these from the call that creates one.
    assert "Description" not in role and "MaxSessionDuration" not in role
    read = iam.get_role(RoleName=unique)["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["RoleLastUsed"]) == ("words", 3600, {})
    assert read["Tags"] == [{"Key": "team", "Value": ""}] and read["CreateDate"] == role["CreateDate"]
    deep = iam.create_role(RoleName=f"{unique}-deep", AssumeRolePolicyDocument=trust(), Path=f"/{unique}/")["Role"]
    assert deep["Arn"] == f"arn:aws:iam::123456789012:role/{unique}/{unique}-deep"
    listed = iam.list_roles(PathPrefix=f"/{unique}/")
    assert [role["RoleName"] for role in listed["Roles"]] == [f"{unique}-deep"] and listed["IsTruncated"] is False
    assert listed["Roles"][0]["MaxSessionDuration"] == 3600 and "Tags" not in listed["Roles"][0]
    names = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1}) for role in page["Roles"]]
    assert {unique, f"{unique}-deep"} <= set(names)


def test_iam_is_one_in_all_regions(client, unique):
    client("iam", region="eu-west-2").create_role(RoleName=unique, AssumeRolePolicyDocument=trust())
    assert client("iam", region="us-east-1").get_role(RoleName=unique)["Role"]["RoleName"] == unique


def test_policies_of_a_role(iam, unique):
    iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trust())
    assert iam.list_attached_role_policies(RoleName=unique)["AttachedPolicies"] == []
    for _ in range(2):
        iam.attach_role_policy(RoleName=unique, PolicyArn=LOGS)
    row = {"PolicyName": "AmazonAPIGatewayPushToCloudWatchLogs", "PolicyArn": LOGS}
    assert iam.list_attached_role_policies(RoleName=unique)["AttachedPolicies"] == [row]
    assert iam.list_attached_role_policies(RoleName=unique, PathPrefix="/service-role/")["AttachedPolicies"] == [row]
    assert iam.list_attached_role_policies(RoleName=unique, PathPrefix="/other/")["AttachedPolicies"] == []
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409):
        iam.delete_role(RoleName=unique)
    iam.detach_role_policy(RoleName=unique, PolicyArn=LOGS)
    with refused("NoSuchEntity", f"Policy {LOGS} was not found.", 404):
        iam.detach_role_policy(RoleName=unique, PolicyArn=LOGS)
    iam.delete_role(RoleName=unique)
    with refused("NoSuchEntity", f"The role with name {unique} cannot be found.", 404):
        iam.get_role(RoleName=unique)


def test_what_is_refused(iam, unique):
    role = {"RoleName": unique, "AssumeRolePolicyDocument": trust()}
    iam.create_role(**role)
    with refused("EntityAlreadyExists", f"Role with name {unique} already exists.", 409):
        iam.create_role(**role)
    other = f"{unique}-2"
    for policy, words in (
        ("not valid json", "This policy contains invalid Json"),
        (trust().replace("AssumeRole", "InvalidAction"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust().replace('"Effect"', '"Resource": "*", "Effect"'), "Has prohibited field Resource"),
    ):
        with refused("MalformedPolicyDocument", words):
            iam.create_role(RoleName=other, AssumeRolePolicyDocument=policy)
    with refused("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."):
        iam.create_role(**{**role, "RoleName": other}, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    with refused("ValidationError", "Invalid ARN:  Could not be parsed!"):
        iam.attach_role_policy(RoleName=unique, PolicyArn="longpolicynamebutnoarn")
    nothing = "arn:aws:iam::123456789012:policy/nothing"
    with refused("NoSuchEntity", f"Policy {nothing} does not exist or is not attachable.", 404):
        iam.attach_role_policy(RoleName=unique, PolicyArn=nothing)
    with refused("NotImplemented", "the managed policy arn:aws:iam::aws:policy/AdministratorAccess", 501):
        iam.attach_role_policy(RoleName=unique, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with refused("NotImplemented", "iam:CreateUser", 501):
        iam.create_user(UserName=unique)


def test_api_gateway_takes_a_role_that_may_write_logs(client, iam, unique):
    # The setting is the account's, so this test has a Region to itself.
    gateway = client("apigateway", region="eu-south-1")
    words = "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy."

    def refuses(arn):
        with refused("BadRequestException", words):
            gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", arn))

    refuses(f"arn:aws:iam::123456789012:role/{unique}")
    other = iam.create_role(RoleName=f"{unique}-ec2", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=f"{unique}-ec2", PolicyArn=LOGS)
    refuses(other)
    bare = iam.create_role(RoleName=f"{unique}-bare", AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    refuses(bare)
    role = log_role(iam, unique)
    assert gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", role))["cloudwatchRoleArn"] == role
