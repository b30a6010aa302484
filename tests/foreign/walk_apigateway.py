"""How the model walk calls API Gateway's operations."""

import json
import uuid

from apigateway_things import (
    api,
    authorizer,
    canary,
    certificate,
    deployable,
    deployment,
    document,
    domain,
    edge,
    FUNCTION,
    gateway_response,
    get_api,
    integration,
    integration_response,
    key,
    limited,
    mapping,
    method_response,
    model,
    mutual,
    name,
    on_key,
    on_plan,
    owned,
    plan,
    plan_key,
    quota_key,
    POLICY,
    POOL,
    resource,
    ROLE,
    rows,
    SCHEMA,
    stage,
    stage_key,
    tagged,
    to_create_authorizer,
    to_create_domain,
    to_create_mapping,
    to_create_plan_key,
    to_create_resource,
    to_create_stage,
    to_export,
    to_put_integration,
    to_put_method,
    validator,
    verb,
    with_authorizer,
    with_cognito,
    with_other_role,
    with_validator,
)
from walk import Recipe

SERVICE, MODULE = "apigateway", "apigateway"

ABSENT = {"resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/nothing000", "statusCode": "599", "httpMethod": "HEAD"}
FORGIVING = {
    "UntagResource.tagKeys": "a tag that is not there is as good as removed",
    "GetUsagePlanKeys.usagePlanId": "a plan that is not there has no keys",
    "PutIntegrationResponse.statusCode": "a method response is asked for only when a header of it is mapped to",
}
SAMPLES = {}


def reads(operation, *members):
    """Reads back what was created with the operation that gets it by these members."""
    return lambda gateway, sent, answer: getattr(gateway, operation)(
        **{member: sent[member] if member in sent else answer["id"] for member in members}
    )


NOT_COPIED = "AWS copies nothing but a canary's settings to its stage"


def updates(begin, read, *names, op="replace", path="/description", value="patched", member=None, written=None):
    """An operation that takes patches: one is made, and its value comes back. `value` may be a function of the client."""
    member = member or path.rsplit("/", 1)[1]

    def patched(**more):
        def whole(gateway, _):
            wanted = value(gateway) if callable(value) else value
            return {"patchOperations": [{"op": op, "path": path, "value": wanted, **more}]}

        return whole

    def back(_, sent):
        return member, sent["patchOperations"][0]["value"] if written is None else written

    parts = ("op", "path", "value")
    return Recipe(
        begin,
        read,
        names=frozenset(names),
        whole={
            **{f"patchOperations.{part}": patched() for part in parts},
            "patchOperations.from": patched(**{"from": path}),
        },
        becomes={f"patchOperations.{part}": back for part in parts},
        never={"patchOperations.from": NOT_COPIED},
    )


# AWS checks the load balancer only after it has created the link.
LOAD_BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/walk/0123456789abcde"


def to_create_link(gateway):
    return {"name": name(), "targetArns": [LOAD_BALANCER + "0"]}


def link(gateway):
    return {"vpcLinkId": gateway.create_vpc_link(**to_create_link(gateway))["id"]}


def get_link(gateway, sent, answer):
    return gateway.get_vpc_link(vpcLinkId=answer["id"])


def named(begin, *names, **recipe):
    """An operation that gets, lists or deletes what its members name."""
    return Recipe(begin, names=frozenset(names), **recipe)


PAGE = ("position", "limit")
RESOURCE = ("restApiId", "resourceId")
VERB = (*RESOURCE, "httpMethod")
RESPONSE = (*VERB, "statusCode")

get_resource = reads("get_resource", *RESOURCE)
get_method = reads("get_method", *VERB)
get_method_response = reads("get_method_response", *RESPONSE)
get_integration = reads("get_integration", *VERB)
get_integration_response = reads("get_integration_response", *RESPONSE)
get_authorizer = reads("get_authorizer", "restApiId", "authorizerId")
get_validator = reads("get_request_validator", "restApiId", "requestValidatorId")
get_gateway_response = reads("get_gateway_response", "restApiId", "responseType")
get_deployment = reads("get_deployment", "restApiId", "deploymentId")
get_stage = reads("get_stage", "restApiId", "stageName")
get_plan = reads("get_usage_plan", "usagePlanId")
get_domain = reads("get_domain_name", "domainName")
get_mapping = reads("get_base_path_mapping", "domainName", "basePath")


def get_model(gateway, sent, answer):
    return gateway.get_model(restApiId=sent["restApiId"], modelName=sent.get("modelName") or sent["name"])


def get_key(gateway, sent, answer):
    return gateway.get_api_key(apiKey=sent.get("apiKey") or answer["id"], includeValue=True)


RECIPES = {
    "CreateRestApi": Recipe(
        lambda g: {"name": name()},
        get_api,
        values={
            "policy": POLICY,
            "apiKeySource": "AUTHORIZER",
            "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
            "endpointConfiguration.types": ["REGIONAL"],
            "endpointConfiguration.ipAddressType": "dualstack",
        },
        beside={
            "securityPolicy": {"endpointAccessMode": "STRICT", "endpointConfiguration": {"types": ["REGIONAL"]}},
            "endpointAccessMode": {
                "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
                "endpointConfiguration": {"types": ["REGIONAL"]},
            },
        },
        whole={
            "cloneFrom": lambda g, _: {"cloneFrom": g.create_rest_api(name=name())["id"]},
            "endpointConfiguration.vpcEndpointIds": {
                "endpointConfiguration": {"types": ["PRIVATE"], "vpcEndpointIds": ["vpce-0123456789abcdef0"]}
            },
        },
        # AWS answers a policy without spaces, and with its quotes escaped.
        becomes={"policy": lambda value, _: ("policy", json.dumps(json.loads(value), separators=(",", ":")).replace('"', '\\"'))},
        never={"cloneFrom": "it names the API whose contents are copied"},
    ),
    "ImportRestApi": Recipe(
        lambda g: {"body": document()},
        whole={"body": lambda *_: {"body": document()}, "parameters": {"parameters": {"basepath": "prepend"}}},
        never={
            "body": "AWS answers the API that it describes",
            "failOnWarnings": "it says when to give up",
            "parameters": "they say how the document is read",
        },
    ),
    "PutRestApi": Recipe(
        lambda g: {**api(g), "body": document()},
        names=frozenset({"restApiId"}),
        whole={"body": lambda *_: {"body": document()}, "parameters": {"parameters": {"basepath": "prepend"}}},
        never={
            "body": "AWS answers the API that it describes",
            "mode": "it says what becomes of what the document does not name",
            "failOnWarnings": "it says when to give up",
            "parameters": "they say how the document is read",
        },
    ),
    "GetExport": Recipe(
        to_export,
        names=frozenset({"restApiId", "stageName"}),
        values={"exportType": "swagger"},
        whole={"parameters": {"parameters": {"extensions": "apigateway"}}, "accepts": {"accepts": "application/yaml"}},
        never={
            "exportType": "it says the version of the document",
            "parameters": "they say what is in the document",
            "accepts": "it says the document's format",
        },
    ),
    "GetRestApi": named(api, "restApiId"),
    "GetRestApis": named(lambda g: {}, *PAGE),
    "UpdateRestApi": updates(api, get_api, "restApiId"),
    "DeleteRestApi": named(api, "restApiId"),
    "CreateResource": Recipe(to_create_resource, get_resource, names=frozenset({"restApiId", "parentId"})),
    "GetResource": named(resource, *RESOURCE, never={"embed": "it asks for the methods in the answer"}),
    "GetResources": named(api, "restApiId", *PAGE, never={"embed": "it asks for the methods in the answer"}),
    "UpdateResource": updates(resource, get_resource, *RESOURCE, path="/pathPart", value="policies"),
    "DeleteResource": named(resource, *RESOURCE),
    "PutMethod": Recipe(
        to_put_method,
        get_method,
        names=frozenset(RESOURCE),
        values={
            "httpMethod": "POST",
            "authorizationType": "AWS_IAM",
            "requestParameters": {"method.request.querystring.q": True},
            "requestModels": {"application/json": "Empty"},
        },
        whole={
            "authorizerId": with_authorizer,
            "authorizationScopes": with_cognito,
            "requestValidatorId": with_validator,
        },
    ),
    "GetMethod": named(verb, *VERB),
    "UpdateMethod": updates(verb, get_method, *VERB, path="/operationName"),
    "DeleteMethod": named(verb, *VERB),
    "PutMethodResponse": Recipe(
        lambda g: {**verb(g), "statusCode": "200"},
        get_method_response,
        names=frozenset(VERB),
        values={
            "statusCode": "202",
            "responseParameters": {"method.response.header.X-Any": True},
            "responseModels": {"application/json": "Empty"},
        },
    ),
    "GetMethodResponse": named(lambda g: method_response(g, verb(g)), *RESPONSE),
    "UpdateMethodResponse": updates(
        lambda g: method_response(g, verb(g)),
        get_method_response,
        *RESPONSE,
        op="add",
        path="/responseModels/application~1json",
        value="Error",
        member="responseModels",
        written={"application/json": "Error"},
    ),
    "DeleteMethodResponse": named(lambda g: method_response(g, verb(g)), *RESPONSE),
    "PutIntegration": Recipe(
        to_put_integration,
        get_integration,
        names=frozenset(VERB),
        values={
            "type": "HTTP_PROXY",
            "integrationHttpMethod": "POST",
            "uri": "https://example.com/other",
            "credentials": ROLE,
            "requestParameters": {"integration.request.header.X-Any": "'fixed'"},
            "requestTemplates": {"application/json": "$input.body"},
            "passthroughBehavior": "NEVER",
            "contentHandling": "CONVERT_TO_TEXT",
            "timeoutInMillis": 1234,
            "connectionId": "${stageVariables.link}",
            "responseTransferMode": "STREAM",
        },
        beside={
            "connectionId": {"connectionType": "VPC_LINK"},
            "connectionType": {"connectionId": "${stageVariables.link}"},
            "cacheKeyParameters": {"cacheKeyParameters": ["integration.request.header.X"]},
            "tlsConfig": {"uri": "https://example.com/a"},
        },
        whole={
            "cacheKeyParameters": {
                "requestParameters": {"integration.request.header.X": "'x'"},
                "cacheKeyParameters": ["integration.request.header.X"],
            },
            "responseTransferMode": {"type": "HTTP_PROXY", "responseTransferMode": "STREAM"},
            "integrationTarget": {
                "type": "HTTP_PROXY",
                "connectionType": "VPC_LINK",
                "connectionId": "${stageVariables.link}",
                "integrationTarget": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/0123456789abcdef/0123456789abcdef",
            },
        },
        becomes={"integrationHttpMethod": lambda value, _: ("httpMethod", value)},
    ),
    "GetIntegration": named(integration, *VERB),
    "UpdateIntegration": updates(integration, get_integration, *VERB, path="/passthroughBehavior", value="NEVER"),
    "DeleteIntegration": named(integration, *VERB),
    "PutIntegrationResponse": Recipe(
        lambda g: method_response(g, integration(g)),
        get_integration_response,
        names=frozenset(RESPONSE),
        values={
            "selectionPattern": "4\\d{2}",
            "responseParameters": {"method.response.header.X-Any": "'fixed'"},
            "responseTemplates": {"application/json": "{}"},
            "contentHandling": "CONVERT_TO_TEXT",
        },
    ),
    "GetIntegrationResponse": named(integration_response, *RESPONSE),
    "UpdateIntegrationResponse": updates(
        integration_response, get_integration_response, *RESPONSE, path="/selectionPattern", value="5.."
    ),
    "DeleteIntegrationResponse": named(integration_response, *RESPONSE),
    "CreateAuthorizer": Recipe(
        to_create_authorizer,
        lambda g, sent, answer: g.get_authorizer(restApiId=sent["restApiId"], authorizerId=answer["id"]),
        names=frozenset({"restApiId"}),
        values={
            "name": "other",
            "type": "REQUEST",
            "authorizerUri": FUNCTION.replace("authorize", "other"),
            "authorizerCredentials": ROLE,
            "identitySource": "method.request.header.Other",
            "identityValidationExpression": "^Bearer .*$",
            "authorizerResultTtlInSeconds": 5,
        },
        whole={"providerARNs": {"type": "COGNITO_USER_POOLS", "providerARNs": [POOL]}},
    ),
    "GetAuthorizer": named(authorizer, "restApiId", "authorizerId"),
    "GetAuthorizers": named(api, "restApiId", *PAGE),
    "UpdateAuthorizer": updates(authorizer, get_authorizer, "restApiId", "authorizerId", path="/name"),
    "DeleteAuthorizer": named(authorizer, "restApiId", "authorizerId"),
    "CreateModel": Recipe(
        lambda g: {**api(g), "name": "Claim", "contentType": "application/json", "schema": SCHEMA},
        get_model,
        names=frozenset({"restApiId"}),
        values={"name": "Other", "schema": json.dumps({"type": "array"}), "contentType": "application/xml"},
    ),
    "GetModel": named(model, "restApiId", "modelName", never={"flatten": "it asks for another form of the schema"}),
    "GetModels": named(api, "restApiId", *PAGE),
    "GetModelTemplate": named(model, "restApiId", "modelName"),
    "UpdateModel": updates(model, get_model, "restApiId", "modelName"),
    "DeleteModel": named(model, "restApiId", "modelName"),
    "CreateRequestValidator": Recipe(
        api,
        lambda g, sent, answer: g.get_request_validator(restApiId=sent["restApiId"], requestValidatorId=answer["id"]),
        names=frozenset({"restApiId"}),
    ),
    "GetRequestValidator": named(validator, "restApiId", "requestValidatorId"),
    "GetRequestValidators": named(api, "restApiId", *PAGE),
    "UpdateRequestValidator": updates(validator, get_validator, "restApiId", "requestValidatorId", path="/name"),
    "DeleteRequestValidator": named(validator, "restApiId", "requestValidatorId"),
    "PutGatewayResponse": Recipe(
        lambda g: {**api(g), "responseType": "UNAUTHORIZED"},
        get_gateway_response,
        names=frozenset({"restApiId"}),
        values={
            "responseType": "THROTTLED",
            "statusCode": "418",
            "responseParameters": {"gatewayresponse.header.X-Any": "'fixed'"},
            "responseTemplates": {"application/json": "{}"},
        },
    ),
    "GetGatewayResponse": named(gateway_response, "restApiId", "responseType"),
    "GetGatewayResponses": named(api, "restApiId", *PAGE),
    "UpdateGatewayResponse": updates(
        gateway_response, get_gateway_response, "restApiId", "responseType", path="/statusCode", value="418"
    ),
    "DeleteGatewayResponse": named(gateway_response, "restApiId", "responseType"),
    "CreateDeployment": Recipe(
        lambda g: {**deployable(g), "stageName": "live"},
        lambda g, sent, answer: [
            g.get_deployment(restApiId=sent["restApiId"], deploymentId=answer["id"]),
            g.get_stage(restApiId=sent["restApiId"], stageName=sent["stageName"]),
        ],
        names=frozenset({"restApiId"}),
        values={"stageName": "other", "cacheClusterSize": "1.6"},
        beside={"cacheClusterSize": {"cacheClusterEnabled": True}},
        whole={
            "canarySettings.percentTraffic": canary(percentTraffic=2.5),
            "canarySettings.stageVariableOverrides": canary(percentTraffic=2.5, stageVariableOverrides={"a": "b"}),
            "canarySettings.useStageCache": canary(percentTraffic=2.5, useStageCache=True),
        },
        becomes={"stageDescription": lambda value, _: ("description", value)},
    ),
    "GetDeployment": named(deployment, "restApiId", "deploymentId", never={"embed": "it asks for the API's summary in the answer"}),
    "GetDeployments": named(api, "restApiId", *PAGE),
    "UpdateDeployment": updates(deployment, get_deployment, "restApiId", "deploymentId"),
    "DeleteDeployment": named(deployment, "restApiId", "deploymentId"),
    "CreateStage": Recipe(
        to_create_stage,
        get_stage,
        names=frozenset({"restApiId", "deploymentId"}),
        values={"stageName": "other", "cacheClusterSize": "1.6"},
        beside={"cacheClusterSize": {"cacheClusterEnabled": True}},
        whole={"canarySettings.deploymentId": lambda g, base: {"canarySettings": {"deploymentId": base["deploymentId"]}}},
    ),
    "GetStage": named(stage, "restApiId", "stageName"),
    "GetStages": named(api, "restApiId", never={"deploymentId": "a filter"}),
    "UpdateStage": updates(stage, get_stage, "restApiId", "stageName"),
    "DeleteStage": named(stage, "restApiId", "stageName"),
    "FlushStageCache": named(stage, "restApiId", "stageName"),
    "FlushStageAuthorizersCache": named(stage, "restApiId", "stageName"),
    "CreateUsagePlan": Recipe(
        lambda g: {"name": name()},
        lambda g, sent, answer: g.get_usage_plan(usagePlanId=answer["id"]),
        beside={"quota.offset": {"quota": {"limit": 5, "period": "MONTH"}}, "quota.limit": {"quota": {"period": "DAY"}}},
        values={"throttle.rateLimit": 2.5, "quota.period": "DAY"},
        whole={
            "quota.period": {"quota": {"limit": 5, "period": "DAY"}},
            "apiStages.apiId": on_plan(),
            "apiStages.stage": on_plan(),
            "apiStages.throttle.burstLimit": limited(burstLimit=5, rateLimit=2.5),
            "apiStages.throttle.rateLimit": limited(burstLimit=5, rateLimit=2.5),
        },
    ),
    "GetUsagePlan": named(plan, "usagePlanId"),
    "GetUsagePlans": named(lambda g: {}, *PAGE, never={"keyId": "a filter"}),
    "UpdateUsagePlan": updates(plan, get_plan, "usagePlanId"),
    "DeleteUsagePlan": named(plan, "usagePlanId"),
    "CreateUsagePlanKey": Recipe(
        to_create_plan_key,
        reads("get_usage_plan_key", "usagePlanId", "keyId"),
        names=frozenset({"usagePlanId", "keyId", "keyType"}),
    ),
    "GetUsagePlanKey": named(plan_key, "usagePlanId", "keyId"),
    "GetUsagePlanKeys": named(plan, "usagePlanId", *PAGE, never={"nameQuery": "a filter"}),
    "DeleteUsagePlanKey": named(plan_key, "usagePlanId", "keyId"),
    "GetUsage": named(
        lambda g: {**plan(g), "startDate": "2026-11-01", "endDate": "2026-11-02"},
        "usagePlanId",
        "keyId",
        *PAGE,
        values={"startDate": "2026-11-01", "endDate": "2026-11-03"},
    ),
    "UpdateUsage": updates(
        quota_key,
        lambda g, sent, answer: {"remaining": str(answer["items"][sent["keyId"]][0][1])},
        "usagePlanId",
        "keyId",
        path="/remaining",
        value="3",
    ),
    "CreateApiKey": Recipe(
        lambda g: {"name": name()},
        get_key,
        values={"value": uuid.uuid4().hex},
        whole={"stageKeys.restApiId": on_key, "stageKeys.stageName": on_key},
        # AWS answers a stage as one text.
        becomes={f"stageKeys.{part}": stage_key for part in ("restApiId", "stageName")},
        never={"generateDistinctId": "it says whether the id is made up or is the value"},
    ),
    "GetApiKey": named(key, "apiKey", never={"includeValue": "it asks for the value in the answer"}),
    "GetApiKeys": named(
        lambda g: {},
        *PAGE,
        never={"nameQuery": "a filter", "customerId": "a filter", "includeValues": "it asks for the values in the answer"},
    ),
    "UpdateApiKey": updates(key, get_key, "apiKey"),
    "DeleteApiKey": named(key, "apiKey"),
    "ImportApiKeys": Recipe(
        lambda g: {"body": rows(), "format": "csv"},
        whole={"body": lambda *_: {"body": rows()}},
        never={
            "body": "AWS answers the ids and warnings of the rows",
            "format": "the only one there is",
            "failOnWarnings": "it says when to give up",
        },
    ),
    "GetAccount": named(lambda g: {}),
    "UpdateAccount": updates(with_other_role, lambda g, sent, answer: g.get_account(), path="/cloudwatchRoleArn", value=ROLE),
    "CreateDomainName": Recipe(
        to_create_domain,
        get_domain,
        values={"domainName": "w.example.com", "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09"},
        beside={
            "endpointConfiguration": {"endpointConfiguration": {"types": ["REGIONAL"]}},
            "securityPolicy": {"endpointAccessMode": "STRICT"},
            "endpointAccessMode": {"securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09"},
        },
        whole={
            "certificateArn": edge,
            "endpointConfiguration.types": edge,
            "regionalCertificateArn": certificate,
            "mutualTlsAuthentication.truststoreUri": mutual(),
            "mutualTlsAuthentication.truststoreVersion": mutual(truststoreVersion="abcdef"),
            "ownershipVerificationCertificateArn": owned,
        },
    ),
    "GetDomainName": named(domain, "domainName"),
    "GetDomainNames": named(lambda g: {}, *PAGE, never={"resourceOwner": "a filter"}),
    "UpdateDomainName": updates(
        domain, get_domain, "domainName", path="/regionalCertificateArn", value=lambda g: certificate(g)["regionalCertificateArn"]
    ),
    "DeleteDomainName": named(domain, "domainName"),
    "CreateBasePathMapping": Recipe(
        lambda g: {**to_create_mapping(g), "basePath": "v1"}, get_mapping, names=frozenset({"domainName", "restApiId"}), values={"stage": "live"}
    ),
    "GetBasePathMapping": named(mapping, "domainName", "basePath"),
    "GetBasePathMappings": named(domain, "domainName", *PAGE),
    "UpdateBasePathMapping": updates(mapping, get_mapping, "domainName", "basePath", path="/stage", value="live"),
    "DeleteBasePathMapping": named(mapping, "domainName", "basePath"),
    "CreateVpcLink": Recipe(
        to_create_link,
        get_link,
        values={"targetArns": [LOAD_BALANCER + "1"], "name": "walk"},
    ),
    "GetVpcLink": named(link, "vpcLinkId"),
    "GetVpcLinks": named(lambda g: {}, *PAGE),
    "UpdateVpcLink": updates(link, get_link, "vpcLinkId"),
    "DeleteVpcLink": named(link, "vpcLinkId"),
    "TagResource": Recipe(
        lambda g: {**tagged(g), "tags": {"other": "y"}}, reads("get_tags", "resourceArn"), names=frozenset({"resourceArn"})
    ),
    "UntagResource": named(lambda g: {**tagged(g), "tagKeys": ["abcdef"]}, "resourceArn", "tagKeys"),
    "GetTags": named(tagged, "resourceArn", *PAGE),
}
