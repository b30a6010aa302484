"""Methods with their integrations and responses."""

import pytest
from conftest import refused
from gateway import FUNCTION, Api, op, replace


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def api(gateway):
    return Api(gateway)


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Methods


def test_a_method_of_its_own(gateway, api):
    made = gateway.put_method(**api.method, authorizationType="none")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert body(made) == {"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": False}
    assert body(gateway.get_method(**api.method)) == body(made)
    gateway.delete_method(**api.method)
    for call in (gateway.get_method, gateway.delete_method):
        with refused("NotFoundException", "Invalid Method identifier specified", 404):
            call(**api.method)


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"resourceId": "nothing"}, "NotFoundException", "Invalid Resource identifier specified", 404),
        ({"restApiId": "nothing"}, "NotFoundException", "Invalid Resource identifier specified", 404),
        ({"httpMethod": "FETCH"}, "BadRequestException", "Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY", 400),
        ({"authorizationType": "CUSTOM"}, "BadRequestException", "requires a valid authorizer.", 400),
        ({"authorizationType": "COGNITO_USER_POOLS", "authorizerId": "nothing"}, "BadRequestException", "requires a valid authorizer.", 400),
        ({"authorizationType": "MAGIC"}, "BadRequestException", "", 400),
        ({"requestValidatorId": "nothing"}, "BadRequestException", "Invalid Request Validator identifier specified", 400),
        ({"requestModels": {"application/json": "Claim"}}, "BadRequestException", "Invalid model identifier specified: Claim", 400),
        ({"requestParameters": {"header.X": True}}, "BadRequestException", "Invalid mapping expression parameter specified: header.X", 400),
        (
            {"requestParameters": {"method.request.header.x": True, "method.request.querystring.x": True}},
            "BadRequestException",
            "Parameter names must be unique across querystring, header and path",
            400,
        ),
    ],
)
def test_a_method_that_aws_refuses(gateway, api, members, code, words, status):
    with refused(code, words, status):
        gateway.put_method(**{**api.method, "authorizationType": "NONE", **members})


def test_a_method_is_put_once(gateway, api):
    api.put_method()
    with refused("ConflictException", "Method already exists for this resource", 409):
        api.put_method()


def test_a_method_is_patched_in_the_types_of_its_members(gateway, api):
    authorizer = api.authorizer()["id"]
    api.put_method()

    def patch(*operations):
        return gateway.update_method(**api.method, patchOperations=[one for many in operations for one in many])

    made = patch(
        op("add", "/requestParameters/method.request.querystring.q", "true"),
        op("add", "/requestModels/application~1json", "Empty"),
        replace("/apiKeyRequired", "true"),
        replace("/operationName", "getClaims"),
        replace("/authorizationType", "COGNITO_USER_POOLS"),
        replace("/authorizerId", authorizer),
        op("add", "/authorizationScopes", "claims/read"),
        op("add", "/authorizationScopes", "claims/write"),
    )
    assert body(made) == {
        "httpMethod": "GET",
        "authorizationType": "COGNITO_USER_POOLS",
        "authorizerId": authorizer,
        "authorizationScopes": ["claims/read", "claims/write"],
        "apiKeyRequired": True,
        "operationName": "getClaims",
        "requestParameters": {"method.request.querystring.q": True},
        "requestModels": {"application/json": "Empty"},
    }
    made = patch(
        op("remove", "/authorizationScopes", "claims/read"),
        op("remove", "/requestModels/application~1json"),
        replace("/requestParameters/method.request.querystring.q", "false"),
        replace("/apiKeyRequired", "whatever"),
    )
    assert made["authorizationScopes"] == ["claims/write"] and "requestModels" not in made
    assert made["requestParameters"] == {"method.request.querystring.q": False} and made["apiKeyRequired"] is False
    made = patch(replace("/authorizationType", "NONE"))
    assert "authorizerId" not in made


@pytest.mark.parametrize(
    "patch, words",
    [
        (op("add", "/operationName", "x"), "Invalid patch operation specified. Must be one of: [replace]"),
        (op("add", "/httpMethod", "PUT"), "Invalid patch path /httpMethod"),
        (replace("/requestParameters", "x"), "Invalid patch path /requestParameters"),
        (op("add", "/requestModels/application/json", "Empty"), "Invalid patch path /requestModels/application/json"),
        (replace("/authorizationType", "CUSTOM"), "requires a valid authorizer."),
        (replace("/requestValidatorId", "nothing"), "Invalid Request Validator identifier specified"),
        (op("add", "/requestModels/application~1json", "Absent"), "Invalid model identifier specified: Absent"),
    ],
)
def test_a_patch_of_a_method_that_aws_refuses(gateway, api, patch, words):
    api.put_method()
    with refused("BadRequestException", words):
        gateway.update_method(**api.method, patchOperations=patch)


def test_an_authorizers_id_says_nothing_without_a_type_that_needs_one(gateway, api):
    api.put_method()
    made = gateway.update_method(**api.method, patchOperations=replace("/authorizerId", "nothing"))
    assert "authorizerId" not in made


# Method responses


def test_method_responses(gateway, api):
    api.put_method()
    status = {**api.method, "statusCode": "200"}
    made = gateway.put_method_response(**status, responseModels={}, responseParameters={})
    assert body(made) == {"statusCode": "200", "responseModels": {}, "responseParameters": {}}
    with refused("ConflictException", "Response already exists for this resource", 409):
        gateway.put_method_response(**status)
    made = gateway.update_method_response(
        **status,
        patchOperations=[
            *op("add", "/responseParameters/method.response.header.X-Any", "true"),
            *op("add", "/responseModels/application~1json", "Empty"),
        ],
    )
    assert made["responseParameters"] == {"method.response.header.X-Any": True}
    assert made["responseModels"] == {"application/json": "Empty"}
    assert gateway.get_method(**api.method)["methodResponses"]["200"] == body(made)
    gateway.delete_method_response(**status)
    with refused("NotFoundException", "Invalid Response status code specified", 404):
        gateway.get_method_response(**status)


@pytest.mark.parametrize(
    "patch, code, words, status",
    [
        (op("remove", "/responseParameters/method.response.header.X"), "NotFoundException", "Invalid parameter name specified", 404),
        (op("remove", "/responseModels/application~1xml"), "NotFoundException", "Content-Type specified was not found", 404),
        (replace("/wrong/x", "y"), "BadRequestException", "Invalid patch path /wrong/x", 400),
        (op("add", "/responseParameters/header.X", "true"), "BadRequestException", "Invalid mapping expression parameter specified", 400),
    ],
)
def test_a_patch_of_a_method_response_that_aws_refuses(gateway, api, patch, code, words, status):
    api.put_method()
    named = {**api.method, "statusCode": "200"}
    gateway.put_method_response(**named)
    with refused(code, words, status):
        gateway.update_method_response(**named, patchOperations=patch)


# Integrations


def test_an_integration_has_the_defaults_of_aws(gateway, api):
    api.put_method()
    defaults = {
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": api.root,
        "cacheKeyParameters": [],
    }
    mock = gateway.put_integration(**api.method, type="MOCK", uri="http://example.com")
    assert body(mock) == {"type": "MOCK", **defaults}
    http = {"type": "HTTP_PROXY", "integrationHttpMethod": "POST", "uri": "http://example.com"}
    proxy = gateway.put_integration(**api.method, **http)
    assert body(proxy) == {
        "type": "HTTP_PROXY",
        "httpMethod": "POST",
        "uri": "http://example.com",
        "connectionType": "INTERNET",
        **defaults,
    }
    assert body(gateway.get_integration(**api.method)) == body(proxy)
    function = gateway.put_integration(**api.method, type="AWS_PROXY", integrationHttpMethod="POST", uri=FUNCTION)
    assert "connectionType" not in function
    gateway.delete_integration(**api.method)
    with refused("NotFoundException", "Invalid Integration identifier specified", 404):
        gateway.get_integration(**api.method)


@pytest.mark.parametrize(
    "members, words",
    [
        ({"type": "HTTP", "uri": "http://example.com"}, "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "HTTP", "integrationHttpMethod": "GET", "uri": "example.com"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "HTTP_PROXY", "integrationHttpMethod": "GET"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "HTTP", "integrationHttpMethod": "FETCH", "uri": "http://example.com"}, "Invalid HttpMethod specified."),
        ({"type": "AWS", "integrationHttpMethod": "POST", "uri": "nonsense"}, "Invalid ARN specified in the request"),
        (
            {"type": "AWS", "integrationHttpMethod": "POST", "uri": "arn:aws:iam::000000000000:role/service-role/a"},
            "AWS ARN for integration must contain path or action",
        ),
        (
            {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:eu-west-1:s3:path/b/k"},
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
        ({"type": "MOCK", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 300000 ms"),
        ({"type": "MOCK", "passthroughBehavior": "MAYBE"}, "passthroughBehavior"),
        (
            {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://example.com", "connectionType": "VPC_LINK"},
            "Connection ID is required",
        ),
        (
            {"type": "MOCK", "requestParameters": {"integration.request.path.id": "method.request.path.id"}},
            "Invalid mapping expression specified: Validation Result: warnings : [], "
            "errors : [Invalid mapping expression specified: method.request.path.id]",
        ),
        (
            {"type": "MOCK", "requestParameters": {"nowhere.id": "'x'"}},
            "errors : [Invalid mapping expression parameter specified: nowhere.id]",
        ),
    ],
)
def test_an_integration_that_aws_refuses(gateway, api, members, words):
    api.put_method()
    with refused("BadRequestException", words):
        gateway.put_integration(**api.method, **members)


def test_a_type_of_integration_is_checked_by_the_model(gateway, api):
    api.put_method()
    with refused("ValidationException", "Value 'HTTPS_PROXY' at 'putIntegrationInput.type'"):
        gateway.put_integration(**api.method, type="HTTPS_PROXY")


def test_an_integration_needs_a_method(gateway, api):
    with refused("NotFoundException", "Invalid Method identifier specified", 404):
        gateway.put_integration(**api.method, type="MOCK")


def test_an_integration_is_patched_in_the_types_of_its_members(gateway, api):
    api.put_method(requestParameters={"method.request.path.id": True})
    http = {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://example.com/{id}"}
    gateway.put_integration(**api.method, **http, requestParameters={"integration.request.path.id": "method.request.path.id"})
    patch = [
        *replace("/uri", "https://example.com/other/{id}"),
        *replace("/timeoutInMillis", "1000"),
        *replace("/httpMethod", "POST"),
        *replace("/tlsConfig/insecureSkipVerification", "true"),
        *op("add", "/cacheKeyParameters/method.request.path.id", ""),
        *op("add", "/requestParameters/integration.request.header.X", "'x'"),
        *op("add", "/requestTemplates/application~1json", "$input.body"),
    ]
    made = gateway.update_integration(**api.method, patchOperations=patch)
    assert made["uri"] == "https://example.com/other/{id}" and made["timeoutInMillis"] == 1000
    assert made["httpMethod"] == "POST" and made["tlsConfig"] == {"insecureSkipVerification": True}
    assert made["cacheKeyParameters"] == ["method.request.path.id"]
    assert made["requestParameters"]["integration.request.header.X"] == "'x'"
    assert made["requestTemplates"] == {"application/json": "$input.body"}
    made = gateway.update_integration(
        **api.method, patchOperations=op("remove", "/cacheKeyParameters/method.request.path.id", "")
    )
    assert made["cacheKeyParameters"] == []


@pytest.mark.parametrize(
    "patch, words",
    [
        (replace("/type", "MOCK"), "Invalid patch path /type"),
        (op("add", "/uri", "http://example.com"), "Invalid patch operation specified. Must be one of: [replace]"),
        (replace("/timeoutInMillis", "soon"), "Invalid patch value  'soon'"),
        (replace("/uri", "nowhere"), "Invalid HTTP endpoint specified for URI"),
        (op("add", "/requestParameters/integration.request.path.id", "method.request.path.id"), "method.request.path.id"),
    ],
)
def test_a_patch_of_an_integration_that_aws_refuses(gateway, api, patch, words):
    api.put_method()
    gateway.put_integration(**api.method, type="HTTP", integrationHttpMethod="GET", uri="http://example.com")
    with refused("BadRequestException", words):
        gateway.update_integration(**api.method, patchOperations=patch)


def test_putting_an_integration_again_replaces_it(gateway, api):
    api.put_mock()
    gateway.put_method_response(**api.method, statusCode="200")
    gateway.put_integration_response(**api.method, statusCode="200")
    gateway.put_integration(**api.method, type="MOCK")
    integration = gateway.get_integration(**api.method)
    assert "integrationResponses" not in integration and "requestTemplates" not in integration


def test_a_mock_has_no_back_end(gateway, api):
    api.put_mock()
    made = gateway.put_integration(**api.method, type="MOCK", integrationHttpMethod="POST", uri="https://example.com")
    assert not {"httpMethod", "uri"} & set(made)
    assert not {"httpMethod", "uri"} & set(gateway.get_integration(**api.method))


# Integration responses


def test_integration_responses(gateway, api):
    named = {**api.put_mock(), "statusCode": "200"}
    # AWS asks for the method response only when a header of it is mapped to.
    assert body(gateway.put_integration_response(**named)) == {"statusCode": "200"}
    with refused("BadRequestException", "Invalid mapping expression parameter specified: method.response.header.X-Any"):
        gateway.put_integration_response(**named, responseParameters={"method.response.header.X-Any": "'x'"})
    gateway.put_method_response(**named, responseParameters={"method.response.header.X-Any": False})
    made = gateway.put_integration_response(
        **named, selectionPattern="", responseParameters={"method.response.header.X-Any": "'x'"}, responseTemplates={"a/b": "c"}
    )
    assert made["selectionPattern"] == "" and made["responseParameters"] == {"method.response.header.X-Any": "'x'"}
    # An empty template is returned as null.
    made = gateway.put_integration_response(**named, responseTemplates={"application/json": ""})
    assert body(made) == {"statusCode": "200", "responseTemplates": {"application/json": None}}
    embedded = gateway.get_resources(**api.named, embed=["methods"])["items"][0]["resourceMethods"]["GET"]
    assert embedded["methodIntegration"]["integrationResponses"]["200"] == body(made)
    patch = [*replace("/selectionPattern", "5.."), *op("remove", "/responseTemplates/application~1json")]
    made = gateway.update_integration_response(**named, patchOperations=patch)
    assert body(made) == {"statusCode": "200", "selectionPattern": "5.."}
    gateway.delete_integration_response(**named)
    for call in (gateway.get_integration_response, gateway.delete_integration_response):
        with refused("NotFoundException", "Invalid Response status code specified", 404):
            call(**named)


@pytest.mark.parametrize(
    "members, words",
    [
        (
            {"responseParameters": {"method.response.header.Undeclared": "'x'"}},
            "errors : [Invalid mapping expression parameter specified: method.response.header.Undeclared]",
        ),
        (
            {"responseParameters": {"method.response.header.X-Any": "x"}},
            "errors : [Invalid mapping expression specified: x]",
        ),
        ({"responseTemplates": {"123": "x"}}, "errors : [Invalid content type specified: 123]"),
    ],
)
def test_an_integration_response_that_aws_refuses(gateway, api, members, words):
    named = {**api.put_mock(), "statusCode": "200"}
    gateway.put_method_response(**named, responseParameters={"method.response.header.X-Any": False})
    with refused("BadRequestException", words):
        gateway.put_integration_response(**named, **members)
