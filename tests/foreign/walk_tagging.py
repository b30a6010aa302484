"""How the model walk calls the tagging API's operations. What they read, they filter; test_wire.py tests by what."""

import uuid

import walk_cognito
from walk import Recipe

SERVICE, MODULE = "resourcegroupstaggingapi", "tagging"

SAMPLES = {"AmazonResourceType": "cognito-idp:userpool"}
ABSENT = {}
FORGIVING = {
    "GetTagValues.Key": "a key that nothing has, has no values",
    "UntagResources.TagKeys": "a tag that is not there is as good as removed",
}

NOWHERE = walk_cognito.ABSENT["ResourceArn"]


def tag(_):
    return {"ResourceARNList": [NOWHERE], "Tags": {"a": uuid.uuid4().hex}}


RECIPES = {
    "GetResources": Recipe(
        lambda _: {},
        names=frozenset({"ResourcesPerPage", "PaginationToken"}),
        never={
            "TagFilters.Key": "a filter",
            "TagFilters.Values": "a filter",
            "ResourceTypeFilters": "a filter",
            "ResourceARNList": "a filter",
        },
        whole={"TagFilters.Values": {"TagFilters": [{"Key": "a", "Values": ["b"]}]}},
    ),
    "GetTagKeys": Recipe(lambda _: {}, names=frozenset({"PaginationToken"})),
    "GetTagValues": Recipe(lambda _: {"Key": "a"}, names=frozenset({"PaginationToken", "Key"})),
    "TagResources": Recipe(
        tag,
        becomes={"ResourceARNList": lambda arns, _: ("FailedResourcesMap", {arns[0]: {"StatusCode": 400}})},
        values={"ResourceARNList": [NOWHERE]},
        never={"Tags": "GetResources returns it for resources that are there; test_wire.py does so"},
    ),
    "UntagResources": Recipe(
        lambda _: {"ResourceARNList": [NOWHERE], "TagKeys": ["a"]},
        names=frozenset({"TagKeys"}),
        becomes={"ResourceARNList": lambda arns, _: ("FailedResourcesMap", {arns[0]: {"StatusCode": 400}})},
        values={"ResourceARNList": [NOWHERE]},
    ),
}
