"""REST APIs, resources, tags and paging: what AWS takes, answers and refuses."""

import json

import pytest
from conftest import refused
from gateway import Api, op, replace

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}],
}


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def api(gateway):
    return Api(gateway)


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_new_api_has_the_defaults_of_aws(gateway, unique):
    made = gateway.create_rest_api(name=unique)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["apiKeySource"] == "HEADER" and made["disableExecuteApiEndpoint"] is False
    assert made["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    assert len(made["id"]) == 10 and made["createdDate"].microsecond == 0
    assert "tags" not in made and "description" not in made and "minimumCompressionSize" not in made
    # A get returns `tags` even when there are none; a create and a list do not.
    assert body(gateway.get_rest_api(restApiId=made["id"])) == {**body(made), "tags": {}}
    assert gateway.get_resources(restApiId=made["id"])["items"] == [{"id": made["rootResourceId"], "path": "/"}]
    models = gateway.get_models(restApiId=made["id"])["items"]
    assert [model["name"] for model in models] == ["Empty", "Error"]


def test_a_policy_comes_back_in_full_and_with_its_quotes_escaped(gateway, unique):
    made = gateway.create_rest_api(name=unique, policy=json.dumps(POLICY, indent=1))
    assert made["policy"].startswith('{\\"Version\\":\\"2012-10-17\\"')
    policy = json.loads(made["policy"].replace('\\"', '"'))
    assert policy["Statement"][0]["Resource"] == f"arn:aws:execute-api:eu-west-1:123456789012:{made['id']}/*"
    again = gateway.update_rest_api(restApiId=made["id"], patchOperations=replace("/policy", made["policy"]))
    assert again["policy"] == made["policy"]
    gone = gateway.update_rest_api(restApiId=made["id"], patchOperations=replace("/policy", ""))
    assert "policy" not in gone


@pytest.mark.parametrize(
    "members, words",
    [
        ({"description": ""}, "Description cannot be an empty string"),
        ({"minimumCompressionSize": -1}, "Invalid minimum compression size, must be between 0 and 10485760"),
        ({"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}}, "Cannot create an api with multiple Endpoint Types."),
        ({"endpointConfiguration": {"types": []}}, "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
        (
            {"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}},
            "Only dualstack ipAddressType is supported for Private APIs.",
        ),
        ({"policy": "{"}, "Invalid policy document"),
        ({"cloneFrom": "nothing000"}, "Invalid API identifier specified 123456789012:nothing000"),
        ({"tags": {"aws:x": "y"}}, "aws: prefixed tag key names are not allowed"),
        ({"tags": {f"k{number}": "v" for number in range(51)}}, "at most 50 tags"),
    ],
)
def test_an_api_that_aws_refuses(gateway, unique, members, words):
    with refused("BadRequestException", words):
        gateway.create_rest_api(name=unique, **members)


def test_an_enum_is_checked_by_the_model(gateway, unique):
    with refused("ValidationException", "'createRestApiInput.endpointConfiguration.ipAddressType'"):
        gateway.create_rest_api(name=unique, endpointConfiguration={"types": ["EDGE"], "ipAddressType": "wrong"})
    with refused("ValidationException", "Value 'wrong' at 'statusCode' failed to satisfy constraint"):
        gateway.get_method_response(restApiId="a", resourceId="b", httpMethod="GET", statusCode="wrong")


def test_a_clone_has_everything_but_the_name(gateway, api, unique):
    api.put_mock(api.resource("claims"))
    api.authorizer()
    clone = gateway.create_rest_api(name=unique, cloneFrom=api.id)
    paths = [resource["path"] for resource in gateway.get_resources(restApiId=clone["id"])["items"]]
    assert sorted(paths) == ["/", "/claims"] and clone["id"] != api.id
    assert len(gateway.get_authorizers(restApiId=clone["id"])["items"]) == 1


def test_binary_media_types_are_patched_by_path(gateway, api):
    def patch(*operations):
        return gateway.update_rest_api(**api.named, patchOperations=[one for many in operations for one in many])

    made = patch(op("add", "/binaryMediaTypes/image~1png"), op("add", "/binaryMediaTypes/image~1jpeg"))
    assert made["binaryMediaTypes"] == ["image/png", "image/jpeg"]
    assert patch(replace("/binaryMediaTypes/image~1png", "image/gif"))["binaryMediaTypes"] == ["image/jpeg", "image/gif"]
    assert patch(op("remove", "/binaryMediaTypes/image~1gif"))["binaryMediaTypes"] == ["image/jpeg"]
    assert "binaryMediaTypes" not in patch(op("remove", "/binaryMediaTypes/image~1jpeg"))
    for name in ("add", "replace", "remove"):
        with refused("BadRequestException", "Invalid patch path /binaryMediaTypes"):
            patch(op(name, "/binaryMediaTypes", "image/gif"))


def test_an_api_is_patched_in_the_types_of_its_members(gateway, api):
    def patch(path, value):
        return gateway.update_rest_api(**api.named, patchOperations=replace(path, value))

    assert patch("/minimumCompressionSize", "10")["minimumCompressionSize"] == 10
    assert "minimumCompressionSize" not in patch("/minimumCompressionSize", "")
    assert patch("/minimumCompressionSize", "0")["minimumCompressionSize"] == 0
    assert patch("/disableExecuteApiEndpoint", "true")["disableExecuteApiEndpoint"] is True
    assert patch("/apiKeySource", "AUTHORIZER")["apiKeySource"] == "AUTHORIZER"
    private = patch("/endpointConfiguration/types/REGIONAL", "PRIVATE")["endpointConfiguration"]
    assert private == {"types": ["PRIVATE"], "ipAddressType": "dualstack"}
    endpoint = gateway.update_rest_api(
        **api.named, patchOperations=op("add", "/endpointConfiguration/vpcEndpointIds", "vpce-0123")
    )["endpointConfiguration"]
    assert endpoint["vpcEndpointIds"] == ["vpce-0123"]


@pytest.mark.parametrize(
    "patch, words",
    [
        (replace("/minimumCompressionSize", "-1"), "Invalid minimum compression size, must be between 0 and 10485760"),
        (replace("/minimumCompressionSize", "x"), "Invalid minimum compression size, must be between 0 and 10485760"),
        (op("add", "/minimumCompressionSize", "1"), "Invalid patch operation specified. Must be one of: [replace]"),
        (replace("/nonsense", "x"), "Invalid patch path /nonsense"),
        (replace("/id", "x"), "Invalid patch path /id"),
        ([{"op": "replace", "value": "x"}], "Invalid patch path null"),
        (replace("/endpointConfiguration/types/0", "wrong"), "Valid options are REGIONAL,EDGE,PRIVATE"),
        (replace("/endpointConfiguration/ipAddressType", "wrong"), "ipAddressType must be either ipv4 or dualstack."),
        (replace("/apiKeySource", "wrong"), "Valid options are HEADER,AUTHORIZER"),
        (replace("/name", ""), "Name cannot be empty"),
    ],
)
def test_a_patch_of_an_api_that_aws_refuses_changes_nothing(gateway, api, patch, words):
    before = body(gateway.get_rest_api(**api.named))
    with refused("BadRequestException", words):
        gateway.update_rest_api(**api.named, patchOperations=[*replace("/description", "changed"), *patch])
    assert body(gateway.get_rest_api(**api.named)) == before


def test_an_api_that_is_not_there(gateway):
    for call in (gateway.get_rest_api, gateway.delete_rest_api, gateway.update_rest_api, gateway.get_resources):
        with refused("NotFoundException", "Invalid API identifier specified 123456789012:nothing000", 404):
            call(restApiId="nothing000")


def test_resources_make_paths(gateway, api):
    claims = gateway.create_resource(**api.named, parentId=api.root, pathPart="claims")
    assert body(claims) == {"id": claims["id"], "parentId": api.root, "pathPart": "claims", "path": "/claims"}
    below = gateway.create_resource(**api.named, parentId=claims["id"], pathPart="{id}")
    assert below["path"] == "/claims/{id}"
    moved = gateway.update_resource(**api.named, resourceId=claims["id"], patchOperations=replace("/pathPart", "cases"))
    assert moved["path"] == "/cases"
    assert gateway.get_resource(**api.named, resourceId=below["id"])["path"] == "/cases/{id}"
    top = gateway.update_resource(**api.named, resourceId=below["id"], patchOperations=replace("/parentId", api.root))
    assert top["path"] == "/{id}" and top["parentId"] == api.root


def test_deleting_a_resource_takes_what_is_below_it(gateway, api):
    claims = api.resource("claims", "{id}")
    above = gateway.get_resource(**api.named, resourceId=claims)["parentId"]
    gateway.delete_resource(**api.named, resourceId=above)
    assert [one["path"] for one in gateway.get_resources(**api.named)["items"]] == ["/"]
    with refused("NotFoundException", "Invalid Resource identifier specified", 404):
        gateway.delete_resource(**api.named, resourceId=claims)
    with refused("BadRequestException"):
        gateway.delete_resource(**api.named, resourceId=api.root)


def test_path_parts_that_aws_refuses(gateway, api):
    def create(part, parent=api.root):
        return gateway.create_resource(**api.named, parentId=parent, pathPart=part)["id"]

    claims = create("claims")
    with refused("ConflictException", "Another resource with the same parent already has this name: claims", 409):
        create("claims")
    for part in ("a/b", "{id", "id}", "{id}x", "a b", "{}", "{+}"):
        with refused("BadRequestException", "Resource's path part only allow a-zA-Z0-9._-:"):
            create(part)
    greedy = create("{proxy+}", claims)
    with refused("BadRequestException", "A sibling ({proxy+}) of this resource already has a variable path part"):
        create("{id}", claims)
    with refused("BadRequestException", "Cannot create a child of a resource with a greedy path variable: {proxy+}"):
        create("x", greedy)
    with refused("NotFoundException", "Invalid Resource identifier specified", 404):
        create("x", "nothing")
    assert create("literal", claims)


@pytest.mark.parametrize(
    "name, path, value, code, words, status",
    [
        ("replace", "/id", "x", "BadRequestException", "Must be one of: [/parentId, /pathPart]", 400),
        ("remove", "/pathPart", None, "BadRequestException", "specified for op 'remove'. Please choose supported operations", 400),
        ("replace", "/parentId", "nothing", "NotFoundException", "Invalid Resource identifier specified", 404),
        ("replace", "/pathPart", "taken", "ConflictException", "already has this name: taken", 409),
    ],
)
def test_a_patch_of_a_resource_that_aws_refuses(gateway, api, name, path, value, code, words, status):
    api.resource("taken")
    resource = api.resource("claims")
    with refused(code, words, status):
        gateway.update_resource(**api.named, resourceId=resource, patchOperations=op(name, path, value))


def test_the_tree_of_resources_stays_a_tree(gateway, api):
    below = api.resource("a", "b")
    above = gateway.get_resource(**api.named, resourceId=below)["parentId"]
    with refused("BadRequestException", "Resources cannot be cyclical."):
        gateway.update_resource(**api.named, resourceId=above, patchOperations=replace("/parentId", below))
    for path in ("/pathPart", "/parentId"):
        with refused("BadRequestException", f"Root resource cannot update its {path[1:]}."):
            gateway.update_resource(**api.named, resourceId=api.root, patchOperations=replace(path, above))


def test_an_api_has_300_resources_at_most(gateway, api):
    for number in range(299):
        api.resource(f"r{number}")
    with refused("LimitExceededException", "Maximum number of Resources", 429):
        api.resource("one-too-many")


def test_lists_are_paged(gateway, api):
    for number in range(30):
        api.resource(f"r{number}")
    first = gateway.get_resources(**api.named)
    assert len(first["items"]) == 25
    rest = gateway.get_resources(**api.named, position=first["position"])
    assert len(rest["items"]) == 6 and "position" not in rest
    ids = [one["id"] for page in (first, rest) for one in page["items"]]
    assert len(set(ids)) == 31
    assert len(gateway.get_resources(**api.named, limit=500)["items"]) == 31
    pages = gateway.get_paginator("get_resources").paginate(**api.named, PaginationConfig={"PageSize": 7})
    assert [one["id"] for page in pages for one in page["items"]] == ids
    with refused("BadRequestException", "Invalid position parameter specified"):
        gateway.get_resources(**api.named, position="nonsense")


def test_methods_are_embedded_when_asked_for(gateway, api):
    api.put_mock()
    plain = gateway.get_resources(**api.named)["items"][0]
    assert plain["resourceMethods"] == {"GET": {}}
    full = gateway.get_resources(**api.named, embed=["methods"])["items"][0]["resourceMethods"]["GET"]
    assert full["authorizationType"] == "NONE" and full["methodIntegration"]["type"] == "MOCK"
    assert gateway.get_resource(**api.named, resourceId=api.root, embed=["methods"])["resourceMethods"]["GET"] == full


def test_tags_by_arn(gateway, api):
    stage = api.stage(tags={"of": "stage"})
    key = gateway.create_api_key(name="k", tags={"of": "key"})["id"]
    plan = gateway.create_usage_plan(name="p", tags={"of": "plan"})["id"]
    arns = {
        "stage": f"arn:aws:apigateway:eu-west-1::/restapis/{api.id}/stages/live",
        "key": f"arn:aws:apigateway:eu-west-1::/apikeys/{key}",
        "plan": f"arn:aws:apigateway:eu-west-1::/usageplans/{plan}",
    }
    for of, arn in arns.items():
        assert gateway.get_tags(resourceArn=arn)["tags"] == {"of": of}
        gateway.tag_resource(resourceArn=arn, tags={"more": "x", "of": "all"})
        gateway.untag_resource(resourceArn=arn, tagKeys=["more", "absent"])
        assert gateway.get_tags(resourceArn=arn)["tags"] == {"of": "all"}
    assert gateway.get_stage(**stage)["tags"] == {"of": "all"}
    assert gateway.get_api_key(apiKey=key)["tags"] == {"of": "all"}
    assert gateway.get_usage_plan(usagePlanId=plan)["tags"] == {"of": "all"}


def test_tags_that_aws_refuses(gateway, api):
    arn = f"arn:aws:apigateway:eu-west-1::/restapis/{api.id}"
    with refused("NotFoundException", status=404):
        gateway.tag_resource(resourceArn="arn:aws:apigateway:eu-west-1::/restapis/nothing000", tags={"a": "b"})
    with refused("BadRequestException", "Invalid ARN"):
        gateway.get_tags(resourceArn="nonsense")
    with refused("BadRequestException", "aws: prefixed"):
        gateway.tag_resource(resourceArn=arn, tags={"aws:x": "b"})
    gateway.tag_resource(resourceArn=arn, tags={f"k{number}": "v" for number in range(50)})
    with refused("BadRequestException", "at most 50 tags"):
        gateway.tag_resource(resourceArn=arn, tags={"one": "more"})


def test_what_is_not_there_is_refused_by_name(gateway, api):
    for call, members, name in [
        (gateway.import_documentation_parts, {**api.named, "body": b"{}"}, "ImportDocumentationParts"),
        (gateway.get_sdk, {**api.named, "stageName": "live", "sdkType": "javascript"}, "GetSdk"),
        (gateway.test_invoke_method, api.method, "TestInvokeMethod"),
        (gateway.generate_client_certificate, {}, "GenerateClientCertificate"),
    ]:
        with refused("NotImplemented", name, 501):
            call(**members)


def test_the_command_line(aws, unique):
    api = aws("apigateway", "create-rest-api", "--name", unique)
    root = aws("apigateway", "get-resources", "--rest-api-id", api["id"])["items"][0]["id"]
    named = ["--rest-api-id", api["id"], "--resource-id", root, "--http-method", "GET"]
    aws("apigateway", "put-method", *named, "--authorization-type", "NONE")
    aws("apigateway", "put-integration", *named, "--type", "MOCK")
    aws("apigateway", "create-deployment", "--rest-api-id", api["id"], "--stage-name", "live")
    patch = "op=replace,path=/*/*/throttling/rateLimit,value=2"
    stage = aws(
        "apigateway", "update-stage", "--rest-api-id", api["id"], "--stage-name", "live", "--patch-operations", patch
    )
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 2.0
    aws("apigateway", "delete-rest-api", "--rest-api-id", api["id"])
    with pytest.raises(AssertionError, match="NotFoundException.*Invalid API identifier"):
        aws("apigateway", "get-rest-api", "--rest-api-id", api["id"])
