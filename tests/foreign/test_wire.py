"""What holds for every service: credentials, unknown operations, STS, the tagging API."""

import json
import urllib.error
import urllib.request

import pytest
from conftest import refused


def call(endpoint, path="/", headers=None, body=None, method="POST"):
    request = urllib.request.Request(endpoint + path, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def signed(service, region="eu-west-1"):
    scope = f"any/20261121/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}


def test_a_call_without_credentials_is_refused(endpoint):
    status, headers, body = call(endpoint, "/restapis", method="GET")
    assert status == 403
    assert headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert json.loads(body) == {"message": "Missing Authentication Token"}


def test_an_unknown_operation_is_refused(endpoint):
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.Nonsense", **signed("cognito-idp")}
    status, headers, body = call(endpoint, headers=target, body=b"{}")
    assert status == 400 and json.loads(body)["__type"] == "UnknownOperationException"
    assert headers["x-amzn-requestid"]


def test_a_body_that_is_no_json_is_refused(endpoint):
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools", **signed("cognito-idp")}
    status, _, body = call(endpoint, headers=target, body=b"{")
    assert status == 400 and json.loads(body)["__type"] == "SerializationException"


def test_members_that_the_model_does_not_name_are_dropped(endpoint):
    target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools", **signed("cognito-idp")}
    status, headers, _ = call(endpoint, headers=target, body=b'{"MaxResults": 1, "Nonsense": {}}')
    assert status == 200 and headers["content-type"] == "application/x-amz-json-1.1"


def test_a_service_that_is_not_there_says_so(client):
    with refused("NotImplemented", "the service dynamodb", status=501):
        client("dynamodb").list_tables()
    with refused("NotImplemented", "the service sqs", status=501):
        client("sqs").list_queues()
    with refused("NotImplemented", "apigatewayv2:GetApis", status=501):
        client("apigatewayv2").get_apis()


def test_who_am_i(client, aws):
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert aws("sts", "get-caller-identity")["Arn"] == "arn:aws:iam::123456789012:root"
    with refused("NotImplemented", "sts:AssumeRole", status=501):
        client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/anything", RoleSessionName="me")


@pytest.fixture
def tagged(client, unique):
    cognito = client("cognito-idp")
    return [
        cognito.create_user_pool(PoolName=unique, UserPoolTags={"stack": unique, "n": str(n)})["UserPool"]["Arn"]
        for n in range(3)
    ]


def test_resources_are_found_by_tag(client, tagged, unique):
    tagging = client("resourcegroupstaggingapi")
    stack = {"Key": "stack", "Values": [unique]}
    found = tagging.get_resources(TagFilters=[stack])
    assert {row["ResourceARN"] for row in found["ResourceTagMappingList"]} == set(tagged)
    assert found["PaginationToken"] == ""
    one = tagging.get_resources(TagFilters=[stack, {"Key": "n", "Values": ["1", "7"]}])["ResourceTagMappingList"]
    assert [row["ResourceARN"] for row in one] == [tagged[1]]
    assert {"Key": "n", "Value": "1"} in one[0]["Tags"]
    none = tagging.get_resources(TagFilters=[stack], ResourceTypeFilters=["apigateway"])["ResourceTagMappingList"]
    assert none == []
    pools = tagging.get_resources(TagFilters=[stack], ResourceTypeFilters=["cognito-idp:userpool"])
    assert len(pools["ResourceTagMappingList"]) == 3
    pages = tagging.get_paginator("get_resources").paginate(TagFilters=[stack], PaginationConfig={"PageSize": 2})
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 1]


def test_resources_are_tagged_and_untagged(client, tagged, unique):
    tagging = client("resourcegroupstaggingapi")
    nowhere = tagged[0][:-9] + "nothing00"
    failed = tagging.tag_resources(ResourceARNList=[tagged[0], nowhere], Tags={"more": unique})["FailedResourcesMap"]
    assert list(failed) == [nowhere]
    assert client("cognito-idp").list_tags_for_resource(ResourceArn=tagged[0])["Tags"]["more"] == unique
    assert "more" in tagging.get_tag_keys()["TagKeys"]
    assert unique in tagging.get_tag_values(Key="more")["TagValues"]
    tagging.untag_resources(ResourceARNList=[tagged[0]], TagKeys=["more"])
    assert "more" not in client("cognito-idp").list_tags_for_resource(ResourceArn=tagged[0])["Tags"]
