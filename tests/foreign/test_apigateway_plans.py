"""Usage plans, API keys and the account: what AWS takes, answers and refuses."""

import uuid

import pytest
from conftest import refused
from gateway import Api, op, replace
from roles import log_role


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def stage(gateway):
    """A stage, as a usage plan lists it."""
    api = Api(gateway)
    api.stage()
    return {"apiId": api.id, "stage": "live"}


@pytest.fixture
def plan(gateway, unique):
    return gateway.create_usage_plan(name=unique)["id"]


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def place(stage):
    return f"{stage['apiId']}:{stage['stage']}"


# Usage plans


def test_a_usage_plan(gateway, unique, stage):
    made = gateway.create_usage_plan(
        name=unique,
        description="gold",
        apiStages=[stage],
        throttle={"rateLimit": 2.0, "burstLimit": 20},
        quota={"limit": 10, "period": "DAY"},
        tags={"a": "b"},
    )
    assert body(made) == {
        "id": made["id"],
        "name": unique,
        "description": "gold",
        "apiStages": [stage],
        "throttle": {"rateLimit": 2.0, "burstLimit": 20},
        "quota": {"limit": 10, "offset": 0, "period": "DAY"},
        "tags": {"a": "b"},
    }
    assert body(gateway.get_usage_plan(usagePlanId=made["id"])) == body(made)
    plain = gateway.create_usage_plan(name=unique)
    assert body(plain) == {"id": plain["id"], "name": unique, "apiStages": []} and plain["id"] != made["id"]
    assert body(gateway.get_usage_plan(usagePlanId=plain["id"])) == {**body(plain), "tags": {}}


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"name": ""}, "BadRequestException", "name cannot be empty", 400),
        ({"apiStages": [{"apiId": "nothing000", "stage": "live"}]}, "NotFoundException", "API Stage not found: nothing000:live", 404),
        ({"throttle": {"rateLimit": -1}}, "BadRequestException", "rateLimit cannot be negative", 400),
        ({"throttle": {"burstLimit": -1}}, "BadRequestException", "burstLimit cannot be negative", 400),
        ({"quota": {"limit": 0, "period": "DAY"}}, "BadRequestException", "quota limit must be greater than 0", 400),
        ({"quota": {"limit": 1}}, "BadRequestException", "quota period must be one of", 400),
        ({"quota": {"limit": 1, "period": "DAY", "offset": 1}}, "BadRequestException", "offset must be zero in the DAY period", 400),
        ({"quota": {"limit": 1, "period": "WEEK", "offset": 7}}, "BadRequestException", "offset must be between 0 and 6", 400),
        ({"quota": {"limit": 1, "period": "YEAR"}}, "ValidationException", "'createUsagePlanInput.quota.period'", 400),
    ],
)
def test_a_usage_plan_that_aws_refuses(gateway, unique, members, code, words, status):
    with refused(code, words, status):
        gateway.create_usage_plan(**{"name": unique, **members})


def test_a_plan_is_patched_in_the_types_of_its_members(gateway, plan, stage):
    def patch(*operations):
        return gateway.update_usage_plan(usagePlanId=plan, patchOperations=[one for many in operations for one in many])

    made = patch(
        replace("/name", "silver"),
        replace("/description", "new"),
        op("add", "/apiStages", place(stage)),
        replace("/throttle/burstLimit", "100"),
        op("add", "/throttle/rateLimit", "200"),
        replace("/quota/period", "MONTH"),
        replace("/quota/limit", "5000"),
        op("add", "/productCode", "code"),
    )
    assert made["name"] == "silver" and made["description"] == "new" and made["apiStages"] == [stage]
    assert made["throttle"] == {"burstLimit": 100, "rateLimit": 200.0}
    assert made["quota"] == {"limit": 5000, "offset": 0, "period": "MONTH"}
    assert made["productCode"] == "code"
    below = f"/apiStages/{place(stage)}/throttle"
    made = patch(
        replace(f"{below}/~1claims~1{{id}}/GET/rateLimit", "3"),
        replace(f"{below}//claims/{{id}}/GET/burstLimit", "4"),
        replace(f"{below}/other/POST/burstLimit", "5"),
    )
    assert made["apiStages"][0]["throttle"] == {
        "/claims/{id}/GET": {"rateLimit": 3.0, "burstLimit": 4},
        "/other/POST": {"burstLimit": 5},
    }
    made = patch(op("remove", f"{below}/other/POST"), op("remove", "/quota"), op("remove", "/throttle"))
    assert list(made["apiStages"][0]["throttle"]) == ["/claims/{id}/GET"]
    assert "quota" not in made and "throttle" not in made
    made = patch(op("remove", below))
    assert made["apiStages"] == [stage]
    assert patch(op("remove", "/apiStages", place(stage)))["apiStages"] == []


@pytest.mark.parametrize(
    "patch, code, words, status",
    [
        (op("add", "/apiStages", "nothing000:live"), "NotFoundException", "API Stage not found: nothing000:live", 404),
        (
            op("remove", "/apiStages", "nothing000:live"),
            "NotFoundException",
            "Invalid API Stage {api: nothing000, stage: live} specified for usageplan ",
            404,
        ),
        (op("remove", "/apiStages"), "BadRequestException", "Invalid API Stage specified", 400),
        (op("remove", "/apiStages", "nonsense"), "BadRequestException", "Invalid API Stage specified", 400),
        (replace("/apiStages", "a:b"), "BadRequestException", "Invalid patch path /apiStages", 400),
        (replace("/nonsense", "x"), "BadRequestException", "Invalid patch path /nonsense", 400),
        (op("add", "/name", "x"), "BadRequestException", "Must be one of: [replace]", 400),
        (replace("/quota/limit", "0"), "BadRequestException", "quota limit must be greater than 0", 400),
        (replace("/throttle/rateLimit", "fast"), "BadRequestException", "Invalid patch value  'fast'", 400),
    ],
)
def test_a_patch_of_a_plan_that_aws_refuses(gateway, plan, patch, code, words, status):
    before = body(gateway.get_usage_plan(usagePlanId=plan))
    with refused(code, words, status):
        gateway.update_usage_plan(usagePlanId=plan, patchOperations=patch)
    assert body(gateway.get_usage_plan(usagePlanId=plan)) == before


def test_a_plan_with_stages_stays(gateway, unique, stage):
    plan = gateway.create_usage_plan(name=unique, apiStages=[stage])["id"]
    words = f"Cannot delete Usage Plan {plan} because there are API Stages associated with the usage plan"
    with refused("BadRequestException", words):
        gateway.delete_usage_plan(usagePlanId=plan)
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=op("remove", "/apiStages", place(stage)))
    gateway.delete_usage_plan(usagePlanId=plan)
    for call in (gateway.get_usage_plan, gateway.delete_usage_plan, gateway.update_usage_plan):
        with refused("NotFoundException", "Invalid Usage Plan ID specified", 404):
            call(usagePlanId=plan)


# Keys in plans


def test_keys_come_into_plans_and_leave(gateway, plan, unique):
    key = gateway.create_api_key(name=unique, enabled=True)
    named = {"usagePlanId": plan, "keyId": key["id"]}
    made = gateway.create_usage_plan_key(**named, keyType="API_KEY")
    assert body(made) == {"id": key["id"], "type": "API_KEY", "name": unique, "value": key["value"]}
    with refused("ConflictException", status=409):
        gateway.create_usage_plan_key(**named, keyType="API_KEY")
    assert body(gateway.get_usage_plan_key(**named)) == body(made)
    assert gateway.get_usage_plan_keys(usagePlanId=plan, nameQuery=unique[:5])["items"] == [body(made)]
    assert gateway.get_usage_plan_keys(usagePlanId=plan, nameQuery="other")["items"] == []
    assert [one["id"] for one in gateway.get_usage_plans(keyId=key["id"])["items"]] == [plan]
    gateway.delete_usage_plan_key(**named)
    for call in (gateway.get_usage_plan_key, gateway.delete_usage_plan_key):
        with refused("NotFoundException", status=404):
            call(**named)
    # A missing plan has no keys.
    assert gateway.get_usage_plan_keys(usagePlanId="nothing")["items"] == []


def test_a_deleted_key_leaves_its_plans(gateway, plan):
    key = gateway.create_api_key()["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    gateway.delete_api_key(apiKey=key)
    assert gateway.get_usage_plan_keys(usagePlanId=plan)["items"] == []


def test_a_key_of_nothing_and_a_plan_of_nothing(gateway, plan):
    key = gateway.create_api_key()["id"]
    with refused("NotFoundException", "Invalid API Key identifier specified", 404):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId="nothing", keyType="API_KEY")
    with refused("NotFoundException", "Invalid Usage Plan ID specified", 404):
        gateway.create_usage_plan_key(usagePlanId="nothing", keyId=key, keyType="API_KEY")
    with refused("BadRequestException"):
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="OTHER")


def test_a_key_is_not_in_two_plans_on_one_stage(gateway, plan, unique, stage):
    other = gateway.create_usage_plan(name=unique, apiStages=[stage])["id"]
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=op("add", "/apiStages", place(stage)))
    key = gateway.create_api_key()["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    with refused("ConflictException", status=409):
        gateway.create_usage_plan_key(usagePlanId=other, keyId=key, keyType="API_KEY")
    gateway.update_usage_plan(usagePlanId=other, patchOperations=op("remove", "/apiStages", place(stage)))
    gateway.create_usage_plan_key(usagePlanId=other, keyId=key, keyType="API_KEY")
    with refused("ConflictException", status=409):
        gateway.update_usage_plan(usagePlanId=other, patchOperations=op("add", "/apiStages", place(stage)))


def test_a_key_is_in_ten_plans_at_most(gateway, unique):
    key = gateway.create_api_key()["id"]
    plans = [gateway.create_usage_plan(name=f"{unique}{number}")["id"] for number in range(11)]
    for plan in plans[:10]:
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    with refused("LimitExceededException", status=429):
        gateway.create_usage_plan_key(usagePlanId=plans[10], keyId=key, keyType="API_KEY")


def test_usage_is_empty(gateway, plan):
    usage = gateway.get_usage(usagePlanId=plan, startDate="2026-11-01", endDate="2026-11-21")
    assert body(usage) == {"usagePlanId": plan, "startDate": "2026-11-01", "endDate": "2026-11-21", "items": {}}
    for dates in (("2026-11-21", "2026-11-01"), ("2026-01-01", "2026-11-01"), ("yesterday", "2026-11-01")):
        with refused("BadRequestException"):
            gateway.get_usage(usagePlanId=plan, startDate=dates[0], endDate=dates[1])
    with refused("NotFoundException", "Invalid Usage Plan ID specified", 404):
        gateway.get_usage(usagePlanId="nothing", startDate="2026-11-01", endDate="2026-11-02")


# API keys


def test_a_key_shows_its_value_when_it_is_made_and_when_asked(gateway, unique):
    made = gateway.create_api_key(name=unique, description="d", customerId="c", tags={"a": "b"})
    assert len(made["value"]) == 40 and made["enabled"] is False and made["stageKeys"] == []
    assert made["tags"] == {"a": "b"} and made["customerId"] == "c"
    without = {name: value for name, value in body(made).items() if name != "value"}
    assert body(gateway.get_api_key(apiKey=made["id"])) == without
    assert body(gateway.get_api_key(apiKey=made["id"], includeValue=True)) == body(made)
    assert gateway.get_api_keys(nameQuery=unique)["items"] == [without]
    assert gateway.get_api_keys(nameQuery=unique, includeValues=True)["items"] == [body(made)]
    assert gateway.get_api_keys(nameQuery=unique.upper())["items"] == []
    assert gateway.get_api_keys(nameQuery=unique, customerId="other")["items"] == []


def test_a_key_without_a_name(gateway):
    assert "name" not in gateway.create_api_key(name="") and "name" not in gateway.create_api_key()


@pytest.mark.parametrize(
    "members, words",
    [
        ({"value": "short"}, "API Key value should be at least 20 characters"),
        ({"value": "x" * 129}, "API Key value exceeds maximum size of 128 characters"),
        ({"name": "x" * 1025}, "Invalid API Key name, can be at most 1024 characters."),
        ({"stageKeys": [{"restApiId": "nothing000", "stageName": "live"}]}, "Invalid stage identifier specified"),
        ({"tags": {"AWS:x": "y"}}, "aws: prefixed"),
    ],
)
def test_a_key_that_aws_refuses(gateway, members, words):
    with refused("BadRequestException", words):
        gateway.create_api_key(**members)


def test_a_value_is_there_once(gateway):
    value = uuid.uuid4().hex
    assert gateway.create_api_key(value=value)["value"] == value
    with refused("ConflictException", "API Key already exists", 409):
        gateway.create_api_key(value=value)


def test_a_key_is_patched_in_the_types_of_its_members(gateway, stage):
    key = gateway.create_api_key()["id"]

    def patch(*operations):
        return gateway.update_api_key(apiKey=key, patchOperations=[one for many in operations for one in many])

    made = patch(
        replace("/name", "n"), replace("/description", "d"), replace("/customerId", "c"), replace("/enabled", "true")
    )
    assert made["name"] == "n" and made["description"] == "d" and made["customerId"] == "c"
    assert made["enabled"] is True and made["tags"] == {} and "value" not in made
    assert patch(replace("/enabled", "whatever"))["enabled"] is False
    legacy = f"{stage['apiId']}/{stage['stage']}"
    assert patch(op("add", "/stages", legacy))["stageKeys"] == [legacy]
    assert patch(op("remove", "/stages", legacy))["stageKeys"] == []
    for path in ("/id", "/value"):
        with refused("BadRequestException", "Must be one of: [/description, /enabled, /name, /customerId]"):
            patch(replace(path, "x"))
    with refused("BadRequestException", "specified for op 'add'. Please choose supported operations"):
        patch(op("add", "/name", "x"))


def test_a_key_that_is_not_there(gateway):
    for call in (gateway.get_api_key, gateway.delete_api_key, gateway.update_api_key):
        with refused("NotFoundException", "Invalid API Key identifier specified", 404):
            call(apiKey="nothing")


def test_keys_are_imported_by_value(gateway, plan):
    value, other = uuid.uuid4().hex, uuid.uuid4().hex
    csv = f'Key,name,description,Enabled,usageplanIds,extra\n{value},first,"a, b",true,"{plan},nothing",x\n'
    made = gateway.import_api_keys(body=csv.encode(), format="csv")
    assert len(made["ids"]) == 1 and "nothing" in made["warnings"][0]
    key = gateway.get_api_key(apiKey=made["ids"][0], includeValue=True)
    assert (key["name"], key["description"], key["enabled"], key["value"]) == ("first", "a, b", True, value)
    assert [one["id"] for one in gateway.get_usage_plan_keys(usagePlanId=plan)["items"]] == made["ids"]
    again = gateway.import_api_keys(body=f"Name,Key\nsecond,{value}\nthird,{other}".encode(), format="csv")
    assert again["ids"][0] == made["ids"][0] and len(again["ids"]) == 2 and "warnings" not in again
    assert gateway.get_api_key(apiKey=made["ids"][0])["name"] == "second"


def test_an_import_that_fails_on_warnings_leaves_nothing(gateway, unique):
    csv = f"name,key\n{unique},{uuid.uuid4().hex}\nbad,short\n".encode()
    with refused("BadRequestException", "API Key value should be at least 20 characters"):
        gateway.import_api_keys(body=csv, format="csv", failOnWarnings=True)
    assert gateway.get_api_keys(nameQuery=unique)["items"] == []
    assert len(gateway.import_api_keys(body=csv, format="csv")["ids"]) == 1
    with refused("BadRequestException", "key is missing"):
        gateway.import_api_keys(body=b"name\nx", format="csv")


# The account


def test_the_account(client):
    # The role is the account's, so this test has a Region to itself.
    gateway = client("apigateway", region="eu-west-2")
    assert body(gateway.get_account()) == {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }
    role = log_role(client("iam"), "logs")
    made = gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", role))
    assert made["cloudwatchRoleArn"] == role and gateway.get_account()["cloudwatchRoleArn"] == role
    with refused("BadRequestException", "The role ARN does not have required permissions configured."):
        gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", "nonsense"))
    with refused("BadRequestException", "Invalid patch path /nonsense"):
        gateway.update_account(patchOperations=replace("/nonsense", "x"))
    assert "cloudwatchRoleArn" not in gateway.update_account(patchOperations=replace("/cloudwatchRoleArn", ""))
