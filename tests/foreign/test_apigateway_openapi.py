"""OpenAPI documents of REST APIs: what boto3 and the command line import, what the API then serves, and what they export."""

import json
import urllib.request

import pytest
import yaml
from conftest import refused
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

VALIDATORS = {"swagger": OpenAPIV2SpecValidator, "oas30": OpenAPIV30SpecValidator}

POOL = "arn:aws:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${AWS::Region}_AbCdEfGhI"


def mock(text):
    return {
        "type": "mock",
        "passthroughBehavior": "when_no_match",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": text}}},
    }


def document(**members):
    return {
        "openapi": "3.0.1",
        "info": {"title": "claims", "version": "1.2.0", "description": "All claims"},
        "servers": [{"url": "https://claims.example.com/v1"}],
        "paths": {
            "/claims": {
                "get": {
                    "operationId": "ListClaims",
                    "parameters": [{"name": "page", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": ref("Claims")}}}},
                    "x-amazon-apigateway-integration": mock("[]"),
                },
                "post": {
                    "security": [{"people": ["claims/write"]}, {"api_key": []}],
                    "requestBody": {"content": {"application/json": {"schema": ref("Claim")}}, "required": True},
                    "responses": {"200": {"description": "OK"}},
                    "x-amazon-apigateway-integration": mock("{}"),
                },
            },
            "/claims/{id}": {
                "get": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "OK"}},
                    "x-amazon-apigateway-integration": mock("{\"id\": \"$input.params('id')\"}"),
                },
            },
        },
        "components": {
            "schemas": {
                "Claim": {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}},
                "Claims": {"type": "array", "items": ref("Claim")},
            },
            "securitySchemes": {
                "people": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]},
                },
                "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            },
        },
        **members,
    }


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def deployed(gateway):
    api = gateway.import_rest_api(body=json.dumps(document()), failOnWarnings=True)["id"]
    gateway.create_deployment(restApiId=api, stageName="live")
    return {"restApiId": api, "stageName": "live"}


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
def test_an_imported_api_is_served(gateway, endpoint, write):
    made = gateway.import_rest_api(
        body=write(document()),
        failOnWarnings=True,
        parameters={"basepath": "prepend", "endpointConfigurationTypes": "REGIONAL"},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["name"], made["version"], made["description"]) == ("claims", "1.2.0", "All claims")
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
    gateway.create_deployment(restApiId=made["id"], stageName="live")
    with urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{made['id']}/live/v1/claims/7") as answer:
        assert json.load(answer) == {"id": "7"}
    with pytest.raises(urllib.error.HTTPError) as closed:
        urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{made['id']}/live/v1/claims", data=b"{}")
    assert closed.value.code == 401


def test_an_import_makes_all_nouns(gateway, deployed):
    api = {"restApiId": deployed["restApiId"]}
    [authorizer] = gateway.get_authorizers(**api)["items"]
    assert authorizer["providerARNs"] == ["arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI"]
    assert [model["name"] for model in gateway.get_models(**api)["items"]] == ["Claim", "Claims"]
    resources = {item["path"]: item for item in gateway.get_resources(**api, embed=["methods"])["items"]}
    post = resources["/claims"]["resourceMethods"]["POST"]
    assert (post["authorizationType"], post["authorizerId"]) == ("COGNITO_USER_POOLS", authorizer["id"])
    assert post["authorizationScopes"] == ["claims/write"] and post["apiKeyRequired"] is True
    assert post["requestModels"] == {"application/json": "Claim"}
    get = resources["/claims/{id}"]["resourceMethods"]["GET"]
    assert get["authorizationType"] == "NONE" and get["requestParameters"] == {"method.request.path.id": True}


@pytest.mark.parametrize("kind", VALIDATORS)
@pytest.mark.parametrize("extensions", ["", "integrations", "authorizers", "apigateway"])
@pytest.mark.parametrize("accepts, read", [("application/json", json.loads), ("application/yaml", yaml.safe_load)])
def test_an_export_is_a_valid_document(gateway, deployed, kind, extensions, accepts, read):
    answer = gateway.get_export(**deployed, exportType=kind, accepts=accepts, parameters={"extensions": extensions})
    assert answer["contentType"] == "application/octet-stream"
    ending = accepts.removeprefix("application/")
    assert answer["contentDisposition"] == f'attachment; filename="{kind}_1.2.0.{ending}"'
    exported = read(answer["body"].read())
    VALIDATORS[kind](exported).validate()
    assert exported["info"] == {"title": "claims", "version": "1.2.0", "description": "All claims"}
    post = exported["paths"]["/claims"]["post"]
    assert post["security"] == [{"people": ["claims/write"]}, {"api_key": []}]
    assert ("x-amazon-apigateway-integration" in post) is (extensions in ("integrations", "apigateway"))
    schemes = exported["securityDefinitions"] if kind == "swagger" else exported["components"]["securitySchemes"]
    assert ("x-amazon-apigateway-authorizer" in schemes["people"]) is (extensions in ("authorizers", "apigateway"))


@pytest.mark.parametrize("kind", VALIDATORS)
def test_an_export_makes_the_same_api(gateway, deployed, kind):
    def exported(stage):
        answer = gateway.get_export(**stage, exportType=kind, parameters={"extensions": "apigateway"})
        return json.loads(answer["body"].read())

    first = exported(deployed)
    again = gateway.import_rest_api(body=json.dumps(first), failOnWarnings=True)["id"]
    gateway.create_deployment(restApiId=again, stageName="live")
    second = exported({"restApiId": again, "stageName": "live"})
    assert json.dumps(second).replace(again, deployed["restApiId"]) == json.dumps(first)


def test_a_stage_variable_stays_in_the_document_and_is_resolved_per_call(gateway, endpoint):
    integration = {"type": "http_proxy", "httpMethod": "GET", "uri": "http://${stageVariables.host}/${stageVariables.path}"}
    there = document(paths={"/": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}})
    api = gateway.import_rest_api(body=json.dumps(there), failOnWarnings=True)["id"]
    [root] = gateway.get_resources(restApiId=api, embed=["methods"])["items"]
    assert root["resourceMethods"]["GET"]["methodIntegration"]["uri"] == integration["uri"]
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="without", deploymentId=deployment)
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{api}/without/")
    assert (failed.value.code, json.load(failed.value)) == (500, {"message": "Internal server error"})


def test_a_put_merges_or_overwrites(gateway, deployed):
    api = {"restApiId": deployed["restApiId"]}
    small = document(paths={"/people": {"get": {"responses": {}, "x-amazon-apigateway-integration": mock("[]")}}})
    # Without a mode it is a merge.
    merged = gateway.put_rest_api(**api, body=json.dumps(small))
    assert merged["ResponseMetadata"]["HTTPStatusCode"] == 200 and merged["tags"] == {}
    paths = lambda: sorted(item["path"] for item in gateway.get_resources(**api)["items"])
    assert paths() == ["/", "/claims", "/claims/{id}", "/people"]
    overwritten = gateway.put_rest_api(**api, body=json.dumps(small), mode="overwrite")
    assert paths() == ["/", "/people"] and overwritten["rootResourceId"] == merged["rootResourceId"]
    # Nothing is served before it is deployed.
    assert json.loads(gateway.get_export(**deployed, exportType="oas30")["body"].read())["paths"].keys() >= {"/claims"}


def test_warnings_are_told_or_refused(gateway, unique):
    warned = document(info={"title": unique, "version": "1"})
    warned["components"]["securitySchemes"]["other"] = {"type": "http", "scheme": "bearer"}
    words = "Unsupported security definition type 'http' for 'other'. Ignoring."
    with refused("BadRequestException", f"Warnings found during import:\n\t{words}"):
        gateway.import_rest_api(body=json.dumps(warned), failOnWarnings=True)
    assert gateway.import_rest_api(body=json.dumps(warned))["warnings"] == [words]


def test_errors_discard_the_import(gateway, deployed):
    api = {"restApiId": deployed["restApiId"]}
    before = gateway.get_resources(**api)["items"]
    wrong = document(paths={"/new": {}, "/{a}": {}, "/{b}": {}})
    with refused("BadRequestException", "Errors found during import:\n\tUnable to create resource at path '/{b}': A sibling ({a})"):
        gateway.put_rest_api(**api, body=json.dumps(wrong), mode="overwrite")
    assert gateway.get_resources(**api)["items"] == before
    with refused("BadRequestException", "Invalid OpenAPI input."):
        gateway.put_rest_api(restApiId="nothing000", body=b"{")


def test_the_command_line(aws, tmp_path):
    source, target = tmp_path / "api.yaml", tmp_path / "export.json"
    source.write_text(yaml.safe_dump(document()), encoding="utf-8")
    body = ["--body", f"fileb://{source}"]
    api = aws("apigateway", "import-rest-api", *body, "--parameters", "endpointConfigurationTypes=REGIONAL")["id"]
    named = ["--rest-api-id", api]
    aws("apigateway", "put-rest-api", *named, "--mode", "overwrite", *body)
    aws("apigateway", "create-deployment", *named, "--stage-name", "live")
    export = ["--stage-name", "live", "--export-type", "oas30", "--parameters", "extensions=apigateway"]
    aws("apigateway", "get-export", *named, *export, str(target))
    assert json.loads(target.read_text(encoding="utf-8"))["info"]["title"] == "claims"
