"""Deployments and stages: what AWS takes, answers and refuses."""

import pytest
from conftest import refused
from gateway import Api, op, replace
from roles import log_role

LOG_GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:api"


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def api(gateway):
    return Api(gateway)


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Deployments


def test_a_deployment_needs_methods_with_integrations(gateway, api):
    with refused("BadRequestException", "The REST API doesn't contain any methods"):
        api.deploy()
    api.put_method()
    with refused("BadRequestException", "No integration defined for method"):
        api.deploy()
    gateway.put_integration(**api.method, type="MOCK")
    assert api.deploy() != api.deploy()


def test_a_deployment_is_a_snapshot(gateway, api):
    api.put_mock(api.resource("claims"))
    deployment = {**api.named, "deploymentId": api.deploy(description="first")}
    api.put_mock(api.resource("claims2"), "POST")
    made = gateway.get_deployment(**deployment, embed=["apisummary"])
    assert made["apiSummary"] == {"/claims": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}
    assert made["description"] == "first"
    assert "apiSummary" not in gateway.get_deployment(**deployment)


def test_only_a_deployments_description_changes(gateway, api):
    api.put_mock()
    deployment = {**api.named, "deploymentId": api.deploy()}
    assert gateway.update_deployment(**deployment, patchOperations=replace("/description", "x"))["description"] == "x"
    with refused("BadRequestException", "Invalid patch path /id"):
        gateway.update_deployment(**deployment, patchOperations=replace("/id", "x"))
    gateway.delete_deployment(**deployment)
    for call in (gateway.get_deployment, gateway.delete_deployment):
        with refused("NotFoundException", "Invalid Deployment identifier specified", 404):
            call(**deployment)


def test_a_deployment_in_use_stays(gateway, api):
    api.put_mock()
    deployment = {**api.named, "deploymentId": api.deploy(stageName="live")}
    words = "Active stages pointing to this deployment must be moved or deleted"
    with refused("BadRequestException", words):
        gateway.delete_deployment(**deployment)
    api.deploy(stageName="live", canarySettings={"percentTraffic": 10})
    second = api.deploy()
    gateway.update_stage(**api.named, stageName="live", patchOperations=replace("/deploymentId", second))
    gateway.delete_deployment(**deployment)
    canary = gateway.get_stage(**api.named, stageName="live")["canarySettings"]["deploymentId"]
    with refused("BadRequestException", words):
        gateway.delete_deployment(**api.named, deploymentId=canary)


def test_a_deployment_makes_or_moves_its_stage(gateway, api):
    api.put_mock()
    first = api.deploy(stageName="live", stageDescription="s", variables={"host": "a"}, tracingEnabled=True)
    stage = gateway.get_stage(**api.named, stageName="live")
    assert stage["deploymentId"] == first and stage["description"] == "s"
    assert stage["variables"] == {"host": "a"} and stage["tracingEnabled"] is True
    second = api.deploy(stageName="live")
    stage = gateway.get_stage(**api.named, stageName="live")
    assert stage["deploymentId"] == second and stage["variables"] == {"host": "a"}


@pytest.mark.parametrize(
    "stage, words",
    [
        ({}, "stageName must be provided for canary deployment. Provided value is null"),
        ({"stageName": ""}, "stageName must be provided for canary deployment. Provided value is "),
        ({"stageName": "none"}, "Stage none must already be created before making a canary release deployment"),
    ],
)
def test_a_canary_needs_its_stage(gateway, api, stage, words):
    api.put_mock()
    with refused("BadRequestException", words):
        api.deploy(canarySettings={"percentTraffic": 50.0}, **stage)
    assert gateway.get_deployments(**api.named)["items"] == []


# Stages


def test_a_new_stage_has_the_defaults_of_aws(gateway, api):
    named = api.stage()
    made = body(gateway.get_stage(**named))
    assert {name: value for name, value in made.items() if not name.endswith("Date")} == {
        "deploymentId": made["deploymentId"],
        "stageName": "live",
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
    }
    assert gateway.get_stages(**api.named)["item"] == [made]
    assert gateway.get_stages(**api.named, deploymentId="other")["item"] == []


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"deploymentId": "nothing"}, "NotFoundException", "Invalid Deployment identifier specified", 404),
        ({"stageName": "live"}, "ConflictException", "Stage already exists", 409),
        ({"stageName": "a/b"}, "BadRequestException", "Stage name only allows", 400),
        ({"stageName": "x" * 129}, "BadRequestException", "Stage name only allows", 400),
        ({"variables": {"a-b": "c"}}, "BadRequestException", "Invalid stage variable name: a-b", 400),
        ({"variables": {"a": "<c>"}}, "BadRequestException", "Invalid stage variable value: <c>", 400),
        ({"variables": {f"v{number}": "x" for number in range(101)}}, "BadRequestException", "at most 100", 400),
        ({"canarySettings": {"deploymentId": "nothing"}}, "BadRequestException", "Deployment id does not exist", 400),
        ({"canarySettings": {"percentTraffic": 101}}, "BadRequestException", "between 0.0 and 100.0", 400),
        ({"tags": {"aws:a": "b"}}, "BadRequestException", "aws: prefixed", 400),
        ({"documentationVersion": "v1"}, "NotImplemented", "documentationVersion", 501),
    ],
)
def test_a_stage_that_aws_refuses(gateway, api, members, code, words, status):
    live = gateway.get_stage(**api.stage())
    with refused(code, words, status):
        gateway.create_stage(**{**api.named, "stageName": "other", "deploymentId": live["deploymentId"], **members})


def test_an_api_has_ten_stages_at_most(gateway, api):
    for number in range(10):
        api.stage(f"s{number}")
    with refused("LimitExceededException", "Maximum number of Stages", 429):
        api.stage("s10")


def test_a_stage_is_patched_in_the_types_of_its_members(gateway, api):
    named = api.stage()

    def patch(*operations):
        return gateway.update_stage(**named, patchOperations=[one for many in operations for one in many])

    made = patch(
        replace("/description", "new"),
        replace("/variables/host", "a.example.com"),
        replace("/variables/other", "x"),
        replace("/tracingEnabled", "true"),
        replace("/*/*/throttling/burstLimit", "123"),
        replace("/*/*/caching/enabled", "true"),
        replace("/~1claims~1{id}/GET/throttling/rateLimit", "2.5"),
        replace("/claims/{id}/POST/metrics/enabled", "true"),
    )
    defaults = {
        "metricsEnabled": False,
        "dataTraceEnabled": False,
        "throttlingBurstLimit": 5000,
        "throttlingRateLimit": 10000.0,
        "cachingEnabled": False,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": False,
        "requireAuthorizationForCacheControl": True,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }
    # The first setting of a method copies the current settings of all methods.
    all_methods = {**defaults, "throttlingBurstLimit": 123, "cachingEnabled": True}
    settings = {
        "*/*": all_methods,
        "~1claims~1{id}/GET": {**all_methods, "throttlingRateLimit": 2.5},
        "claims/{id}/POST": {**all_methods, "metricsEnabled": True},
    }
    assert made["methodSettings"] == settings
    settings["*/*"] = {**all_methods, "throttlingBurstLimit": 99}
    assert patch(replace("/*/*/throttling/burstLimit", "99"))["methodSettings"] == settings
    assert made["variables"] == {"host": "a.example.com", "other": "x"} and made["tracingEnabled"] is True
    made = patch(
        op("remove", "/variables/other"),
        op("remove", "/*/*"),
        op("remove", "/~1claims~1{id}/GET"),
        op("remove", "/claims/{id}/POST"),
    )
    assert made["variables"] == {"host": "a.example.com"} and made["methodSettings"] == {}
    assert body(gateway.get_stage(**named)) == body(made)


PATHS = "Must be one of: [/deploymentId, /description, /cacheClusterEnabled"


@pytest.mark.parametrize(
    "patch, words",
    [
        (replace("/documentation_version", "x"), f"Invalid method setting path: /documentation_version. {PATHS}"),
        (replace("/tags/a", "b"), f"Invalid method setting path: /tags/a. {PATHS}"),
        (replace("//a/GET/metrics/enabled", "true"), "Invalid method setting path"),
        (replace("/a/FETCH/metrics/enabled", "true"), "Invalid method setting path"),
        (replace("/*/*/throttling/burstLimit", "many"), "Invalid patch value  'many'"),
        (replace("/*/*/caching/ttlInSeconds", "3601"), "between 0 and 3600"),
        (replace("/*/*/caching/unauthorizedCacheControlHeaderStrategy", "x"), "Must be one of: [FAIL_WITH_403"),
        (replace("/*/*/logging/loglevel", "LOUD"), "Must be one of: [OFF, ERROR, INFO]"),
        (op("remove", "/*/*"), "Cannot remove method setting */* because there is no method setting for this method "),
        (op("remove", "/description"), "Cannot remove method setting description because"),
        (replace("/deploymentId", "nothing"), "Deployment id does not exist"),
        (replace("/cacheClusterSize", "3"), "Invalid cache cluster size"),
        (replace("/variables/a-b", "c"), "Invalid stage variable name"),
        (replace("/accessLogSettings", "x"), "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn"),
        (replace("/accessLogSettings/other", "x"), "Invalid accessLogSettings path."),
        (op("remove", "/accessLogSettings/format"), "Cannot remove method setting accessLogSettings/format because"),
        (replace("/accessLogSettings/format", ""), "Access Log value must not be empty"),
        (replace("/canarySettings", "x"), "Invalid method setting path: /canarySettings."),
        (replace("/canarySettings/bad", "x"), "Invalid method setting path: /canarySettings/bad."),
        (op("add", "/canarySettings/deploymentId", "x"), "Invalid add operation with path: /canarySettings/deploymentId"),
        (replace("/canarySettings/deploymentId", "x"), "Deployment id does not exist"),
        ([{"op": "copy", "from": "/variables", "path": "/canarySettings/stageVariableOverrides"}], "Invalid copy operation with path"),
        (
            [{"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"}],
            "Promotion not available. Canary does not exist.",
        ),
    ],
)
def test_a_patch_of_a_stage_that_aws_refuses(gateway, api, patch, words):
    named = api.stage()
    before = body(gateway.get_stage(**named))
    with refused("BadRequestException", words):
        gateway.update_stage(**named, patchOperations=patch)
    assert body(gateway.get_stage(**named)) == before


def test_logs_need_the_accounts_role(client):
    # The role is the account's, so this test has a Region to itself.
    gateway = client("apigateway", region="eu-central-1")
    named = Api(gateway).stage()
    access_log = [*replace("/accessLogSettings/destinationArn", LOG_GROUP), *replace("/accessLogSettings/format", "$context.requestId")]
    gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", ""))
    for patch in (access_log, replace("/*/*/logging/loglevel", "INFO")):
        with refused("BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging"):
            gateway.update_stage(**named, patchOperations=patch)
    gateway.update_stage(**named, patchOperations=replace("/*/*/logging/loglevel", "OFF"))
    gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", log_role(client("iam"), "logs")))
    stage = gateway.update_stage(**named, patchOperations=[*access_log, *replace("/*/*/logging/loglevel", "INFO")])
    assert stage["accessLogSettings"] == {"destinationArn": LOG_GROUP, "format": "$context.requestId"}
    assert stage["methodSettings"]["*/*"]["loggingLevel"] == "INFO"
    with refused("BadRequestException", "Invalid ARN specified in the request"):
        gateway.update_stage(**named, patchOperations=replace("/accessLogSettings/destinationArn", f"{LOG_GROUP}:*"))
    assert "accessLogSettings" not in gateway.update_stage(**named, patchOperations=op("remove", "/accessLogSettings"))


def test_a_canary_is_set_up_promoted_and_removed(gateway, api):
    named = api.stage(variables={"host": "a", "other": "x"})
    first = gateway.get_stage(**named)["deploymentId"]
    made = gateway.update_stage(**named, patchOperations=replace("/canarySettings/percentTraffic", "50"))
    assert made["canarySettings"] == {"deploymentId": first, "percentTraffic": 50.0, "useStageCache": False}
    second = api.deploy(stageName="live", canarySettings={"percentTraffic": 10, "stageVariableOverrides": {"host": "b"}})
    made = gateway.update_stage(
        **named,
        patchOperations=[
            *replace("/canarySettings/percentTraffic", "0.0"),
            {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
            {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
        ],
    )
    assert made["deploymentId"] == second and made["variables"] == {"host": "b", "other": "x"}
    assert made["canarySettings"]["stageVariableOverrides"] == {"host": "b"}
    assert "canarySettings" not in gateway.update_stage(**named, patchOperations=op("remove", "/canarySettings"))


def test_a_cache_cluster_comes_and_goes(gateway, api):
    named = api.stage()
    made = gateway.update_stage(**named, patchOperations=replace("/cacheClusterEnabled", "true"))
    assert made["cacheClusterSize"] == "0.5" and made["cacheClusterStatus"] == "CREATE_IN_PROGRESS"
    assert gateway.get_stage(**named)["cacheClusterStatus"] == "AVAILABLE"
    made = gateway.update_stage(**named, patchOperations=replace("/cacheClusterEnabled", "false"))
    assert made["cacheClusterStatus"] == "NOT_AVAILABLE"


def test_a_deleted_stage_falls_off_its_usage_plans_for_good(gateway, api):
    named = api.stage()
    stages = [{"apiId": api.id, "stage": "live"}]
    plan = gateway.create_usage_plan(name="p", apiStages=stages)["id"]
    gateway.delete_stage(**named)
    with refused("NotFoundException", "Invalid stage identifier specified", 404):
        gateway.get_stage(**named)
    assert gateway.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    api.stage()
    assert gateway.get_usage_plan(usagePlanId=plan)["apiStages"] == []


def test_deleting_the_api_takes_its_stages_off_the_plans(gateway, api):
    api.stage()
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "live"}])["id"]
    gateway.delete_rest_api(**api.named)
    assert gateway.get_usage_plan(usagePlanId=plan)["apiStages"] == []
    gateway.delete_usage_plan(usagePlanId=plan)
