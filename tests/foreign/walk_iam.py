"""How the model walk calls IAM."""

import json

from elbv2_things import name
from roles import LOGS, trust
from walk import Recipe

SERVICE, MODULE = "iam", "iam"

SAMPLES = {"policyDocumentType": trust("ec2.amazonaws.com"), "pathType": "/walk/", "pathPrefixType": "/walk/", "policyPathType": "/walk/"}
ABSENT = {"PolicyArn": "arn:aws:iam::123456789012:policy/nothing"}
FORGIVING = {}
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
    "ListAttachedRolePolicies": Recipe(with_policy, names=NAME | PAGE, never={"PathPrefix": "a filter: test_iam.py"}),
}
