"""The example as boto3 sees it after `gatestack apply`: the real program, the real SDK, over HTTP."""

import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "partner-api" / "stack.toml"


def gatestack(endpoint, *arguments):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [os.environ["GATESTACK"], "--endpoint-url", endpoint, *arguments, "-f", str(EXAMPLE)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def applied(endpoint):
    done = gatestack(endpoint, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    done = gatestack(endpoint, "destroy", "--confirm", "partner-api")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def region():
    import tomllib

    return tomllib.loads(EXAMPLE.read_text())["stack"]["region"]


@pytest.fixture(scope="module")
def stack():
    import tomllib

    return tomllib.loads(EXAMPLE.read_text())


@pytest.fixture(scope="module")
def cognito(applied, client, region):
    return client("cognito-idp", region=region)


@pytest.fixture(scope="module")
def apigateway(applied, client, region):
    return client("apigateway", region=region)


@pytest.fixture(scope="module")
def pool(cognito):
    pools = [pool for pool in cognito.list_user_pools(MaxResults=60)["UserPools"] if pool["Name"] == "XXX Users"]
    assert len(pools) == 1
    return cognito.describe_user_pool(UserPoolId=pools[0]["Id"])["UserPool"]


@pytest.fixture(scope="module")
def api(apigateway):
    apis = [api for api in apigateway.get_rest_apis()["items"] if api["name"] == "xxx-api"]
    assert len(apis) == 1
    return apis[0]


@pytest.fixture(scope="module")
def methods(apigateway, api):
    found = {}
    for resource in apigateway.get_resources(restApiId=api["id"], embed=["methods"], limit=500)["items"]:
        for verb, method in resource.get("resourceMethods", {}).items():
            found[f"{verb} {resource['path']}"] = method
    return found


def test_the_pool(pool):
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 8,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": 7,
    }
    assert pool["UserPoolTags"]["gatestack:stack"] == "partner-api"
    assert pool["UserPoolTags"]["gatestack:key"] == "user_pool"


def test_the_domain(cognito, pool):
    domain = cognito.describe_user_pool_domain(Domain="xxx-123456789012")["DomainDescription"]
    assert domain["UserPoolId"] == pool["Id"]
    assert domain["Status"] == "ACTIVE"


def test_the_resource_server(cognito, pool):
    servers = cognito.list_resource_servers(UserPoolId=pool["Id"], MaxResults=50)["ResourceServers"]
    assert [(server["Identifier"], server["Scopes"]) for server in servers] == [
        ("xxx-api", [{"ScopeName": "read", "ScopeDescription": "read"}])
    ]


def test_every_partner_has_a_client_with_a_secret_and_nothing_more(cognito, pool, stack):
    listed = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]
    assert {client["ClientName"] for client in listed} == set(stack["partners"])
    for entry in listed:
        client = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=entry["ClientId"])["UserPoolClient"]
        assert len(client["ClientSecret"]) >= 24
        assert client["AllowedOAuthFlows"] == ["client_credentials"]
        assert client["AllowedOAuthFlowsUserPoolClient"] is True
        assert client["AllowedOAuthScopes"] == ["xxx-api/read"]
        assert client["ExplicitAuthFlows"] == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        assert "CallbackURLs" not in client or client["CallbackURLs"] == []


def test_the_api(api):
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert api["disableExecuteApiEndpoint"] is False
    assert api["tags"] == {"gatestack:stack": "partner-api", "gatestack:key": "api", **api["tags"]}


def test_the_authorizer_is_the_references(apigateway, api, pool):
    authorizers = apigateway.get_authorizers(restApiId=api["id"])["items"]
    assert len(authorizers) == 1
    authorizer = authorizers[0]
    assert authorizer["name"] == "XXXAuthorizer"
    assert authorizer["type"] == "COGNITO_USER_POOLS"
    assert authorizer["providerARNs"] == [pool["Arn"]]
    assert authorizer["identitySource"] == "method.request.header.Authorization"


def test_every_route_needs_the_token_the_scope_and_the_key(apigateway, api, methods, stack):
    authorizer = apigateway.get_authorizers(restApiId=api["id"])["items"][0]["id"]
    for name, route in stack["api"]["routes"].items():
        method = methods[name]
        if route.get("requires") == "nothing":
            assert method["authorizationType"] == "NONE"
            assert method["apiKeyRequired"] is False
            continue
        assert method["authorizationType"] == "COGNITO_USER_POOLS"
        assert method["authorizerId"] == authorizer
        assert method["authorizationScopes"] == ["xxx-api/read"]
        assert method["apiKeyRequired"] is True


def test_path_parameters_are_carried_through(methods):
    method = methods["GET /policies/{id}"]
    integration = method["methodIntegration"]
    assert integration["type"] == "HTTP_PROXY"
    assert integration["uri"] == "http://api.aws.com/policies/{id}"
    assert integration["httpMethod"] == "GET"
    assert method["requestParameters"] == {"method.request.path.id": True}
    assert integration["requestParameters"] == {"integration.request.path.id": "method.request.path.id"}
    assert integration["timeoutInMillis"] == 29000


def test_every_path_has_a_preflight_that_needs_nothing(methods, stack):
    paths = {name.split(" ", 1)[1] for name in stack["api"]["routes"]}
    for path in paths:
        method = methods[f"OPTIONS {path}"]
        assert method["authorizationType"] == "NONE"
        assert method["apiKeyRequired"] is False
        assert method["methodIntegration"]["type"] == "MOCK"
        (response,) = method["methodIntegration"]["integrationResponses"].values()
        headers = response["responseParameters"]
        assert headers["method.response.header.Access-Control-Allow-Origin"] == "'*'"
        assert "GET" in headers["method.response.header.Access-Control-Allow-Methods"]
        assert "Authorization" in headers["method.response.header.Access-Control-Allow-Headers"]


def test_refusals_carry_cors_headers_too(apigateway, api):
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        response = apigateway.get_gateway_response(restApiId=api["id"], responseType=kind)
        assert response["defaultResponse"] is False
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_the_stage_serves_the_one_deployment(apigateway, api):
    (stage,) = apigateway.get_stages(restApiId=api["id"])["item"]
    (deployment,) = apigateway.get_deployments(restApiId=api["id"])["items"]
    assert stage["stageName"] == "prod"
    assert stage["deploymentId"] == deployment["id"]
    assert "sha256:" in deployment["description"]
    assert stage["tags"]["gatestack:stack"] == "partner-api"


def test_the_plan_has_the_stage_and_every_key(apigateway, api, stack):
    (plan,) = [plan for plan in apigateway.get_usage_plans()["items"] if plan["name"] == "XXXPlan"]
    assert [(one["apiId"], one["stage"]) for one in plan["apiStages"]] == [(api["id"], "prod")]
    assert plan["throttle"] == {"rateLimit": 50.0, "burstLimit": 100}
    assert plan["quota"] == {"limit": 100000, "offset": 0, "period": "MONTH"}
    members = apigateway.get_usage_plan_keys(usagePlanId=plan["id"], limit=500)["items"]
    assert {member["name"] for member in members} == set(stack["partners"])
    keys = {key["name"]: key for key in apigateway.get_api_keys(includeValues=True, limit=500)["items"]}
    for partner in stack["partners"]:
        assert keys[partner]["enabled"] is True
        assert len(keys[partner]["value"]) >= 20
        assert keys[partner]["tags"]["gatestack:key"] == f"partners.{partner}/key"


def test_nothing_differs_over_http_either(endpoint, applied):
    done = gatestack(endpoint, "plan", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes." in done.stdout
