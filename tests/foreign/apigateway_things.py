"""Fixtures of the model walk's recipes for API Gateway: new APIs, methods, plans."""

import json
import uuid

from certificates import beside, imported, issued
from roles import log_role

POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI"
ROLE = "arn:aws:iam::123456789012:role/gateway"
FUNCTION = (
    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:eu-west-1:123456789012:function:authorize/invocations"
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}],
    }
)
SCHEMA = json.dumps({"type": "object"})


def name():
    return f"w{uuid.uuid4().hex[:12]}"


def certificate(gateway, _=None):
    """Another certificate for a Regional domain."""
    return {"regionalCertificateArn": imported(gateway, "*.example.com")}


def api(gateway):
    return {"restApiId": gateway.create_rest_api(name=name())["id"]}


def get_api(gateway, sent, answer):
    return gateway.get_rest_api(restApiId=answer.get("id") or sent["restApiId"])


def document():
    """An OpenAPI document of an API with one method."""
    integration = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    info = {"title": name(), "version": "1"}
    return json.dumps({"openapi": "3.0.1", "info": info, "paths": {"/claims": {"get": operation}}})


def to_export(gateway):
    named = {"restApiId": gateway.import_rest_api(body=document())["id"]}
    gateway.create_deployment(**named, stageName="live")
    return {**named, "stageName": "live", "exportType": "oas30"}


def root(gateway):
    named = api(gateway)
    return {**named, "resourceId": gateway.get_resources(**named)["items"][0]["id"]}


def resource(gateway):
    at_root = root(gateway)
    made = gateway.create_resource(restApiId=at_root["restApiId"], parentId=at_root["resourceId"], pathPart="claims")
    return {"restApiId": at_root["restApiId"], "resourceId": made["id"]}


def to_create_resource(gateway):
    at_root = root(gateway)
    return {"restApiId": at_root["restApiId"], "parentId": at_root["resourceId"], "pathPart": "claims"}


def verb(gateway, put=True):
    named = {**root(gateway), "httpMethod": "GET"}
    if put:
        gateway.put_method(**named, authorizationType="NONE")
    return named


def to_put_method(gateway):
    return {**verb(gateway, put=False), "authorizationType": "NONE"}


def integration(gateway):
    named = verb(gateway)
    gateway.put_integration(**named, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    return named


def to_put_integration(gateway):
    return {**verb(gateway), "type": "HTTP", "integrationHttpMethod": "GET", "uri": "https://example.com/a"}


def method_response(gateway, named):
    named = {**named, "statusCode": "200"}
    parameters = {"method.response.header.X-Any": False}
    gateway.put_method_response(**named, responseParameters=parameters)
    return named


def integration_response(gateway):
    named = method_response(gateway, integration(gateway))
    gateway.put_integration_response(**named)
    return named


def authorizer(gateway):
    named = api(gateway)
    made = gateway.create_authorizer(
        **named, name="a", type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource="method.request.header.Authorization"
    )
    return {**named, "authorizerId": made["id"]}


def to_create_authorizer(gateway):
    return {
        **api(gateway),
        "name": "a",
        "type": "TOKEN",
        "authorizerUri": FUNCTION,
        "identitySource": "method.request.header.Authorization",
    }


def model(gateway):
    named = {**api(gateway), "modelName": "Claim"}
    gateway.create_model(restApiId=named["restApiId"], name="Claim", contentType="application/json", schema=SCHEMA)
    return named


def validator(gateway):
    named = api(gateway)
    return {**named, "requestValidatorId": gateway.create_request_validator(**named, name="v")["id"]}


def gateway_response(gateway):
    named = {**api(gateway), "responseType": "UNAUTHORIZED"}
    gateway.put_gateway_response(**named, statusCode="402")
    return named


def deployable(gateway):
    return {"restApiId": integration(gateway)["restApiId"]}


def deployment(gateway):
    named = deployable(gateway)
    return {**named, "deploymentId": gateway.create_deployment(**named)["id"]}


def to_create_stage(gateway):
    return {**deployment(gateway), "stageName": "live"}


def stage(gateway):
    made = to_create_stage(gateway)
    gateway.create_stage(**made)
    return {"restApiId": made["restApiId"], "stageName": "live"}


def plan(gateway):
    return {"usagePlanId": gateway.create_usage_plan(name=name())["id"]}


def key(gateway):
    return {"apiKey": gateway.create_api_key(name=name(), enabled=True)["id"]}


def to_create_plan_key(gateway):
    return {**plan(gateway), "keyId": key(gateway)["apiKey"], "keyType": "API_KEY"}


def plan_key(gateway):
    made = to_create_plan_key(gateway)
    gateway.create_usage_plan_key(**made)
    return {"usagePlanId": made["usagePlanId"], "keyId": made["keyId"]}


def quota_key(gateway):
    """A key on a plan with a quota."""
    made = plan_key(gateway)
    patches = [{"op": "replace", "path": f"/quota/{member}", "value": value} for member, value in (("limit", "5"), ("period", "DAY"))]
    gateway.update_usage_plan(usagePlanId=made["usagePlanId"], patchOperations=patches)
    return made


def stage_of_plan(gateway):
    """A stage, as a usage plan lists it."""
    live = stage(gateway)
    return {"apiId": live["restApiId"], "stage": live["stageName"]}


def rows():
    """Keys to import."""
    return f"Name,Key\n{name()},{uuid.uuid4().hex}\n".encode()


def to_create_domain(gateway):
    return {
        "domainName": f"{name()}.example.com",
        **certificate(gateway),
        "endpointConfiguration": {"types": ["REGIONAL"]},
    }


def domain(gateway):
    made = to_create_domain(gateway)
    gateway.create_domain_name(**made)
    return {"domainName": made["domainName"]}


def to_create_mapping(gateway):
    return {**domain(gateway), "restApiId": stage(gateway)["restApiId"]}


def mapping(gateway):
    made = to_create_mapping(gateway)
    gateway.create_base_path_mapping(**made, basePath="v1")
    return {"domainName": made["domainName"], "basePath": "v1"}


def with_other_role(gateway):
    iam = beside(gateway, "iam")
    assert log_role(iam, "gateway") == ROLE
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": log_role(iam, "gateway-other")}
    gateway.update_account(patchOperations=[patch])
    return {}


def with_live_stage(gateway, base):
    """A deployment's canary needs an existing stage."""
    gateway.create_deployment(restApiId=base["restApiId"], stageName="live")


def canary(**settings):
    def whole(gateway, base):
        with_live_stage(gateway, base)
        return {"canarySettings": settings}

    return whole


def on_plan(**more):
    def whole(gateway, _):
        return {"apiStages": [{**stage_of_plan(gateway), **more}]}

    return whole


def limited(**limits):
    """Throttling of one method of a plan's stage."""
    return on_plan(throttle={"/claims/GET": limits})


def on_key(gateway, _):
    live = stage(gateway)
    return {"stageKeys": [live]}


def stage_key(_, sent):
    live = sent["stageKeys"][0]
    return "stageKeys", [f"{live['restApiId']}/{live['stageName']}"]


def edge(gateway, _):
    certificate = imported(gateway, "*.example.com", region="us-east-1")
    return {"endpointConfiguration": {"types": ["EDGE"]}, "certificateArn": certificate, "regionalCertificateArn": None}


def mutual(**more):
    """Mutual TLS, which needs a certificate that ACM issued."""

    def whole(gateway, _):
        return {
            "regionalCertificateArn": issued(gateway, "*.example.com"),
            "mutualTlsAuthentication": {"truststoreUri": "s3://bucket/trusted.pem", **more},
        }

    return whole


def owned(gateway, _):
    """Mutual TLS with an imported certificate, and another that proves ownership of the name."""
    return {
        "mutualTlsAuthentication": {"truststoreUri": "s3://bucket/trusted.pem"},
        "ownershipVerificationCertificateArn": issued(gateway, "*.example.com"),
    }


def with_authorizer(gateway, base):
    at = {"restApiId": base["restApiId"]}
    made = gateway.create_authorizer(
        **at, name="a", type="TOKEN", authorizerUri=FUNCTION, identitySource="method.request.header.Authorization"
    )
    return {"authorizationType": "CUSTOM", "authorizerId": made["id"]}


def with_cognito(gateway, base):
    at = {"restApiId": base["restApiId"]}
    made = gateway.create_authorizer(
        **at, name="a", type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource="method.request.header.Authorization"
    )
    return {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": made["id"], "authorizationScopes": ["claims/read"]}


def with_validator(gateway, base):
    made = gateway.create_request_validator(restApiId=base["restApiId"], name="v")
    return {"requestValidatorId": made["id"]}


def tagged(gateway):
    made = gateway.create_rest_api(name=name(), tags={"abcdef": "x"})
    return {"resourceArn": f"arn:aws:apigateway:{gateway.meta.region_name}::/restapis/{made['id']}"}
