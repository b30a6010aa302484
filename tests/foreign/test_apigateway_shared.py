"""What an API's methods share: authorizers, models, request validators, gateway responses."""

import json

import pytest
from conftest import refused
from gateway import FUNCTION, POOL, Api, op, replace

SCHEMA = json.dumps({"type": "object", "title": "Claim"})
OTHER_POOL = POOL[:-1] + "J"


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def api(gateway):
    return Api(gateway)


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Authorizers


def test_a_user_pool_authorizer(gateway, api):
    made = api.authorizer()
    assert body(made) == {
        "id": made["id"],
        "name": "pool",
        "type": "COGNITO_USER_POOLS",
        "authType": "cognito_user_pools",
        "providerARNs": [POOL],
        "identitySource": "method.request.header.Authorization",
    }
    named = {**api.named, "authorizerId": made["id"]}

    def patch(*operations):
        return gateway.update_authorizer(**named, patchOperations=[one for many in operations for one in many])

    assert patch(op("add", "/providerARNs", OTHER_POOL))["providerARNs"] == [POOL, OTHER_POOL]
    assert patch(op("remove", "/providerARNs", POOL))["providerARNs"] == [OTHER_POOL]
    assert patch(replace("/name", "other"), replace("/authorizerResultTtlInSeconds", "60"))["authorizerResultTtlInSeconds"] == 60
    assert [one["name"] for one in gateway.get_authorizers(**api.named)["items"]] == ["other"]
    with refused("BadRequestException"):
        patch(op("remove", "/providerARNs", OTHER_POOL))
    with refused("BadRequestException", "Invalid patch operation specified"):
        patch(replace("/providerARNs", POOL))


def test_a_lambda_authorizer(gateway, api):
    made = api.authorizer(type="TOKEN", authorizerUri=FUNCTION, providerARNs=[])
    assert made["authType"] == "custom" and "authorizerResultTtlInSeconds" not in made
    assert made["authorizerUri"] == FUNCTION


@pytest.mark.parametrize(
    "members, words",
    [
        ({"providerARNs": []}, "Provider ARNs must be specified"),
        ({"providerARNs": ["arn:aws:s3:::bucket"]}, "Invalid ARN specified in the request"),
        ({"identitySource": "header.Authorization"}, "Invalid mapping expression specified: header.Authorization"),
        ({"identitySource": ""}, "Invalid mapping expression specified"),
        ({"authorizerResultTtlInSeconds": 3601}, "between 0 and 3600"),
        ({"authorizerResultTtlInSeconds": -1}, "between 0 and 3600"),
        ({"type": "TOKEN", "providerARNs": []}, "Invalid Authorizer URI"),
        ({"type": "REQUEST", "authorizerUri": FUNCTION, "identitySource": "header.X"}, "Invalid mapping expression specified"),
    ],
)
def test_an_authorizer_that_aws_refuses(gateway, api, members, words):
    with refused("BadRequestException", words):
        api.authorizer(**members)


def test_authorizers_have_names_of_their_own_and_are_ten_at_most(gateway, api):
    api.authorizer()
    with refused("BadRequestException", "Authorizer name must be unique. Authorizer pool already exists in this RestApi."):
        api.authorizer()
    for number in range(9):
        api.authorizer(name=f"pool{number}")
    with refused("LimitExceededException", "Maximum number of Authorizers", 429):
        api.authorizer(name="one-too-many")


def test_an_authorizer_in_use_stays(gateway, api):
    authorizer = {**api.named, "authorizerId": api.authorizer()["id"]}
    api.put_method(authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer["authorizerId"])
    with refused("ConflictException", "is referenced in method: //GET", 409):
        gateway.delete_authorizer(**authorizer)
    gateway.delete_method(**api.method)
    gateway.delete_authorizer(**authorizer)
    with refused("NotFoundException", "Invalid Authorizer identifier specified", 404):
        gateway.get_authorizer(**authorizer)


def test_a_method_takes_an_authorizer_of_its_type_only(gateway, api):
    token = api.authorizer(type="TOKEN", authorizerUri=FUNCTION, name="token")["id"]
    with refused("BadRequestException", "requires a valid authorizer."):
        api.put_method(authorizationType="COGNITO_USER_POOLS", authorizerId=token)
    api.put_method(authorizationType="CUSTOM", authorizerId=token)


# Models


def create_model(gateway, api, **members):
    wanted = {"name": "Claim", "contentType": "application/json", "schema": SCHEMA}
    return gateway.create_model(**api.named, **{**wanted, **members})


def test_an_empty_description_is_none(gateway, api):
    assert "description" not in create_model(gateway, api, description="")


def test_models(gateway, api):
    made = create_model(gateway, api)
    assert body(made) == {"id": made["id"], "name": "Claim", "contentType": "application/json", "schema": SCHEMA}
    named = {**api.named, "modelName": "Claim"}
    patch = [*replace("/description", "a claim"), *replace("/schema", '{"type": "string"}')]
    made = gateway.update_model(**named, patchOperations=patch)
    assert made["description"] == "a claim" and made["schema"] == '{"type": "string"}'
    assert gateway.get_model_template(**named)["value"] == "#set($inputRoot = $input.path('$'))\n\"foo\""
    assert gateway.get_model_template(**api.named, modelName="Empty")["value"] == "#set($inputRoot = $input.path('$'))\n{ }"
    gateway.delete_model(**named)
    for call in (gateway.get_model, gateway.delete_model):
        with refused("NotFoundException", "Invalid model name specified: Claim", 404):
            call(**named)


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"name": "Empty"}, "ConflictException", "Model name already exists for this REST API", 409),
        ({"name": ""}, "BadRequestException", "Model name must be non-empty", 400),
        ({"name": "a-claim"}, "BadRequestException", "Model name must be alphanumeric: a-claim", 400),
        ({"schema": ""}, "BadRequestException", "Model schema must have at least 1 property or array items defined", 400),
        ({"schema": "{"}, "BadRequestException", "Invalid model schema specified", 400),
        (
            {"schema": '{"$ref": "https://apigateway.amazonaws.com/restapis/a/models/Absent"}'},
            "BadRequestException",
            "errors : [Invalid model specified: Absent]",
            400,
        ),
    ],
)
def test_a_model_that_aws_refuses(gateway, api, members, code, words, status):
    with refused(code, words, status):
        create_model(gateway, api, **members)


def test_a_model_in_use_stays(gateway, api):
    create_model(gateway, api)
    reference = f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Claim"
    create_model(gateway, api, name="Claims", schema=json.dumps({"type": "array", "items": {"$ref": reference}}))
    with refused("ConflictException", "Cannot delete model 'Claim', is referenced in model: Claims", 409):
        gateway.delete_model(**api.named, modelName="Claim")
    flat = json.loads(gateway.get_model(**api.named, modelName="Claims", flatten=True)["schema"])
    assert flat == {"type": "array", "items": json.loads(SCHEMA)}
    gateway.delete_model(**api.named, modelName="Claims")
    api.put_method(api.resource("claims"), requestModels={"application/json": "Claim"})
    with refused("ConflictException", "Cannot delete model 'Claim', is referenced in method request: /claims/GET", 409):
        gateway.delete_model(**api.named, modelName="Claim")


@pytest.mark.parametrize(
    "patch, words",
    [
        (replace("/name", "x"), "Must be one of: [/description, /schema]"),
        (op("add", "/wrong", "x"), "specified for op 'add'. Please choose supported operations"),
        (replace("/schema", ""), "Model schema must have at least 1 property or array items defined"),
    ],
)
def test_a_patch_of_a_model_that_aws_refuses(gateway, api, patch, words):
    create_model(gateway, api)
    with refused("BadRequestException", words):
        gateway.update_model(**api.named, modelName="Claim", patchOperations=patch)


# Request validators


def test_request_validators(gateway, api):
    made = gateway.create_request_validator(**api.named, name="v")
    assert body(made) == {
        "id": made["id"],
        "name": "v",
        "validateRequestBody": False,
        "validateRequestParameters": False,
    }
    named = {**api.named, "requestValidatorId": made["id"]}
    made = gateway.update_request_validator(**named, patchOperations=replace("/validateRequestBody", "true"))
    assert made["validateRequestBody"] is True
    with refused("BadRequestException", "Must be one of: [/name, /validateRequestParameters, /validateRequestBody]"):
        gateway.update_request_validator(**named, patchOperations=replace("/wrong", "x"))
    with refused("BadRequestException", "Request Validator name cannot be blank"):
        gateway.update_request_validator(**named, patchOperations=replace("/name", ""))
    api.put_method(requestValidatorId=named["requestValidatorId"])
    with refused("ConflictException", "is referenced in method: //GET", 409):
        gateway.delete_request_validator(**named)
    gateway.delete_method(**api.method)
    gateway.delete_request_validator(**named)
    assert gateway.get_request_validators(**api.named)["items"] == []
    with refused("NotFoundException", "Invalid Request Validator identifier specified", 404):
        gateway.get_request_validator(**named)
    with refused("BadRequestException", "Invalid REST API identifier specified"):
        gateway.create_request_validator(restApiId="nothing", name="v")


# Gateway responses


def test_gateway_responses_are_there_by_default(gateway, api):
    items = gateway.get_gateway_responses(**api.named)["items"]
    assert len(items) == 21 and all(item["defaultResponse"] for item in items)
    by_type = {item["responseType"]: item for item in items}
    assert by_type["THROTTLED"] == {
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    assert "statusCode" not in by_type["DEFAULT_4XX"]
    with refused("NotFoundException", "Gateway response type not defined on api", 404):
        gateway.delete_gateway_response(**api.named, responseType="THROTTLED")


def test_a_gateway_response_of_ones_own(gateway, api):
    named = {**api.named, "responseType": "DEFAULT_5XX"}
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    made = gateway.put_gateway_response(**named, statusCode="599", responseParameters={header: "'*'"})
    assert made["defaultResponse"] is False and made["statusCode"] == "599"
    # The general one applies to all of its class without one of their own, which are still reported as defaults.
    timeout = gateway.get_gateway_response(**api.named, responseType="INTEGRATION_TIMEOUT")
    assert timeout["defaultResponse"] is True and timeout["statusCode"] == "599"
    assert timeout["responseParameters"] == {header: "'*'"}
    patch = [
        *replace(f"/responseParameters/{header}", "'https://example.com'"),
        *op("add", "/responseTemplates/application~1xml", "<error/>"),
    ]
    made = gateway.update_gateway_response(**named, patchOperations=patch)
    assert made["responseParameters"] == {header: "'https://example.com'"}
    assert set(made["responseTemplates"]) == {"application/json", "application/xml"}
    gateway.delete_gateway_response(**named)
    assert gateway.get_gateway_response(**named)["defaultResponse"] is True


@pytest.mark.parametrize(
    "patch, code, words, status",
    [
        (op("add", "/statusCode", "444"), "BadRequestException", "Invalid patch path /statusCode", 400),
        (replace("/wrong", "x"), "BadRequestException", "Invalid patch path /wrong", 400),
        (
            replace("/responseParameters/gatewayresponse.header.X", "'x'"),
            "NotFoundException",
            "Invalid parameter name specified",
            404,
        ),
        (replace("/responseTemplates/application~1json", ""), "BadRequestException", "Invalid null or empty value in responseTemplates", 400),
        (replace("/statusCode", "9"), "BadRequestException", "Invalid status code", 400),
    ],
)
def test_a_patch_of_a_gateway_response_that_aws_refuses(gateway, api, patch, code, words, status):
    with refused(code, words, status):
        gateway.update_gateway_response(**api.named, responseType="DEFAULT_4XX", patchOperations=patch)


def test_gateway_responses_that_aws_refuses(gateway, api):
    with refused("ValidationException", "Value 'NONSENSE' at 'responseType'"):
        gateway.put_gateway_response(**api.named, responseType="NONSENSE")
    for parameters in ({"header.X": "'x'"}, {"gatewayresponse.header.X": "x"}):
        with refused("BadRequestException", "Invalid mapping expression"):
            gateway.put_gateway_response(**api.named, responseType="THROTTLED", responseParameters=parameters)
