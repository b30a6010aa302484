"""How the model walk calls IAM."""

import json

from elbv2_things import name
from functions import BASIC
from roles import LOGS, trust
from walk import Recipe

SERVICE, MODULE = "iam", "iam"

SAMPLES = {"policyDocumentType": trust("ec2.amazonaws.com"), "pathType": "/walk/", "pathPrefixType": "/walk/", "policyPathType": "/walk/"}
ABSENT = {"PolicyArn": "arn:aws:iam::123456789012:policy/nothing", "VersionId": "v7"}
FORGIVING = {"UntagRole.TagKeys": "a key that is not there is gone already"}

# A policy of a role.
OWN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::walk/*"}],
}
PAGE = frozenset({"Marker", "MaxItems"})
NAME = frozenset({"RoleName"})


def to_create(_):
    return {"RoleName": name(), "AssumeRolePolicyDocument": trust()}


def role(iam):
    made = to_create(iam)
    iam.create_role(**made)
    return {"RoleName": made["RoleName"]}


def with_policy(iam):
    made = role(iam)
    iam.attach_role_policy(**made, PolicyArn=LOGS)
    return made


def read(iam, sent, _):
    return iam.get_role(RoleName=sent["RoleName"])


def to_put(iam):
    return {**role(iam), "PolicyName": "own", "PolicyDocument": json.dumps({**OWN, "Id": "other"})}


def with_own(iam):
    made = role(iam)
    iam.put_role_policy(**made, PolicyName="own", PolicyDocument=json.dumps(OWN))
    return made


def own(iam, sent, _):
    return [iam.get_role_policy(RoleName=sent["RoleName"], PolicyName=sent["PolicyName"]), read(iam, sent, _)]


def tagged(iam):
    made = role(iam)
    iam.tag_role(**made, Tags=[{"Key": "old", "Value": "one"}])
    return made


def tags(iam, sent, _):
    return iam.list_role_tags(RoleName=sent["RoleName"])


# botocore reads the policies that answers have in text.
DOCUMENT = {"PolicyDocument": lambda value, _: ("PolicyDocument", json.loads(value))}


def policies(iam, sent, _):
    return iam.list_attached_role_policies(RoleName=sent["RoleName"])


RECIPES = {
    "CreateRole": Recipe(
        to_create,
        read,
        values={"RoleName": "walk-abcdef", "Tags.Key": "team"},
        # botocore reads the policy that the answer has in text.
        becomes={"AssumeRolePolicyDocument": lambda value, _: ("AssumeRolePolicyDocument", json.loads(value))},
    ),
    "GetRole": Recipe(role, names=NAME),
    "DeleteRole": Recipe(role, names=NAME),
    "ListRoles": Recipe(lambda iam: role(iam) and {}, names=PAGE, never={"PathPrefix": "a filter: test_iam.py"}),
    "AttachRolePolicy": Recipe(lambda iam: {**role(iam), "PolicyArn": LOGS}, policies, names=NAME | {"PolicyArn"}),
    "DetachRolePolicy": Recipe(lambda iam: {**with_policy(iam), "PolicyArn": LOGS}, names=NAME | {"PolicyArn"}),
    "UpdateAssumeRolePolicy": Recipe(
        lambda iam: {**role(iam), "PolicyDocument": trust("ec2.amazonaws.com")},
        read,
        names=NAME,
        becomes={"PolicyDocument": lambda value, _: ("AssumeRolePolicyDocument", json.loads(value))},
    ),
    "UpdateRole": Recipe(role, read, names=NAME, values={"Description": "words"}),
    "UpdateRoleDescription": Recipe(lambda iam: {**role(iam), "Description": "words"}, names=NAME),
    "TagRole": Recipe(
        lambda iam: {**role(iam), "Tags": [{"Key": "team", "Value": "claims"}]}, tags, names=NAME, values={"Tags.Key": "team"}
    ),
    "UntagRole": Recipe(lambda iam: {**tagged(iam), "TagKeys": ["old"]}, names=NAME | {"TagKeys"}),
    "ListRoleTags": Recipe(tagged, names=NAME | PAGE),
    "ListInstanceProfilesForRole": Recipe(role, names=NAME | PAGE),
    "PutRolePolicy": Recipe(
        to_put, own, names=NAME, values={"PolicyName": "abcdef", "PolicyDocument": json.dumps(OWN)}, becomes=DOCUMENT
    ),
    "GetRolePolicy": Recipe(lambda iam: {**with_own(iam), "PolicyName": "own"}, names=NAME | {"PolicyName"}),
    "DeleteRolePolicy": Recipe(lambda iam: {**with_own(iam), "PolicyName": "own"}, names=NAME | {"PolicyName"}),
    "ListRolePolicies": Recipe(with_own, names=NAME | PAGE),
    "GetPolicy": Recipe(lambda _: {"PolicyArn": BASIC}, names=frozenset({"PolicyArn"})),
    "GetPolicyVersion": Recipe(
        lambda _: {"PolicyArn": BASIC, "VersionId": "v1"}, names=frozenset({"PolicyArn", "VersionId"})
    ),
    "ListPolicyVersions": Recipe(lambda _: {"PolicyArn": BASIC}, names=PAGE | {"PolicyArn"}),
    "ListAttachedRolePolicies": Recipe(with_policy, names=NAME | PAGE, never={"PathPrefix": "a filter: test_iam.py"}),
}
