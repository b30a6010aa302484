"""Requests to deployed stages: what callers see of routes, tokens, keys, plans and gateway responses."""

import contextlib
import datetime
import functools
import http.client
import json
import os
import re
import signal
import subprocess
import urllib.parse

import boto3
import pytest
from certificates import CREDENTIALS, imported
from gateway import FUNCTION, Api, op, replace

REGION = "eu-west-1"
FORBIDDEN = (403, "ForbiddenException", "Forbidden")
UNAUTHORIZED = (401, "UnauthorizedException", "Unauthorized")
NO_ROUTE = (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
TOO_MANY = (429, "TooManyRequestsException", "Too Many Requests")
EXCEEDED = (429, "LimitExceededException", "Limit Exceeded")
OK = (200, None, None)


class Served:
    """An API of mocks with a stage `live`, and a caller of it."""

    def __init__(self, gateway, endpoint):
        self.gateway, self.api = gateway, Api(gateway)
        self.netloc = urllib.parse.urlsplit(endpoint).netloc
        self.resources = {"/": self.api.root}

    def resource(self, path):
        at = ""
        for part in path.strip("/").split("/") if path != "/" else []:
            below, at = self.resources[at or "/"], f"{at}/{part}"
            if at not in self.resources:
                named = self.api.named
                self.resources[at] = self.gateway.create_resource(**named, parentId=below, pathPart=part)["id"]
        return self.resources[path]

    def mock(self, verb, path, **settings):
        named = self.api.put_method(self.resource(path), verb, **settings)
        templates = {"application/json": '{"statusCode": 200}'}
        self.gateway.put_integration(**named, type="MOCK", requestTemplates=templates)
        self.gateway.put_method_response(**named, statusCode="200")
        self.gateway.put_integration_response(**named, statusCode="200")
        return named

    def deploy(self):
        return self.api.deploy(stageName="live")

    @property
    def place(self):
        return f"{self.api.id}:live"

    def send(self, path, verb="GET", headers=(), host=None, body=None):
        """Status, headers and body of the answer."""
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        try:
            sent = {**dict(headers), **({"Host": host} if host else {})}
            connection.request(verb, path, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def call(self, path, verb="GET", key=None, **headers):
        """Status, error type and message of the response; one of API Gateway's own must be complete."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            headers["x-api-key"] = key
        status, answered, body = self.send(f"/_aws/execute-api/{self.api.id}{path}", verb, headers)
        return told(status, answered, body)


def told(status, headers, body):
    assert len(headers["x-amzn-requestid"]) == 36 and len(headers["x-amz-apigw-id"]) == 16
    if "x-amzn-errortype" not in headers:
        return status, None, None
    assert headers["content-type"] == "application/json"
    message = json.loads(body)["message"]
    assert body == f'{{"message":{json.dumps(message)}}}'.encode()
    return status, headers["x-amzn-errortype"], message


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture
def served(gateway, endpoint):
    return Served(gateway, endpoint)


@pytest.fixture
def plan_of(unique):
    """A plan of these settings for the stage `live`, with one enabled key: the plan's id, the key's id and value."""

    def make(gateway, served, **settings):
        stages = [{"apiId": served.api.id, "stage": "live"}]
        plan = gateway.create_usage_plan(name=unique, apiStages=stages, **settings)["id"]
        key = gateway.create_api_key(name=unique, enabled=True)
        gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
        return plan, key["id"], key["value"]

    return make


@pytest.fixture
def plan(gateway, plan_of):
    return functools.partial(plan_of, gateway)


@contextlib.contextmanager
def serving(file):
    """A client of a separate local AWS with its state in this file. It is stopped as by Ctrl-C."""
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--state", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
            yield boto3.client("apigateway", region_name=REGION, endpoint_url=url, **CREDENTIALS)
        finally:
            server.send_signal(signal.SIGINT)


def test_a_greedy_sibling_answers_where_a_path_lacks_the_verb(served):
    """What LocalStack's `test_proxy_routing_with_hardcoded_resource_sibling` recorded on AWS; a scope tells which route answers."""
    authorizer = served.api.authorizer()["id"]
    closed = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    served.mock("POST", "/test", **closed)
    served.mock("ANY", "/test/any", **closed)
    served.mock("OPTIONS", "/{proxy+}")
    served.deploy()
    for verb, path, wanted in [
        ("OPTIONS", "/test", OK),
        ("POST", "/test", UNAUTHORIZED),
        ("OPTIONS", "/test/any", UNAUTHORIZED),
        ("GET", "/test/any", UNAUTHORIZED),
        ("GET", "/test", NO_ROUTE),
    ]:
        assert served.call(f"/live{path}", verb) == wanted, (verb, path)


def test_routes(served):
    for verb, path in [("GET", "/pets"), ("ANY", "/pets/{id}"), ("GET", "/pets/{id}/toys"), ("GET", "/files/{all+}")]:
        served.mock(verb, path)
    served.deploy()
    for verb, path, wanted in [
        ("GET", "/live/pets", OK),
        ("GET", "/live/pets/?x=1", OK),
        ("DELETE", "/live/pets/a%2Fb", OK),
        ("GET", "/live/pets/1/toys", OK),
        ("GET", "/live/files/a/b/c", OK),
        ("HEAD", "/live/pets/1", OK),
        ("POST", "/live/pets", NO_ROUTE),
        ("OPTIONS", "/live/pets", NO_ROUTE),
        ("GET", "/live/pets/1/toys/2", NO_ROUTE),
        ("GET", "/live/files", NO_ROUTE),
        ("GET", "/live", NO_ROUTE),
        ("GET", "/other/pets", FORBIDDEN),
        ("GET", "/", FORBIDDEN),
    ]:
        assert served.call(path, verb) == wanted, (verb, path)
    unknown = served.send("/_aws/execute-api/nothing123/live/pets")
    assert told(*unknown) == FORBIDDEN
    host = f"{served.api.id}.execute-api.{REGION}.amazonaws.com"
    assert told(*served.send("/live/pets", host=host)) == OK


def test_an_edit_waits_for_its_deployment_and_a_rollback_serves_the_old(served, gateway):
    served.mock("GET", "/old")
    first = served.deploy()
    served.mock("GET", "/new")
    assert (served.call("/live/old"), served.call("/live/new")) == (OK, NO_ROUTE)
    served.deploy()
    assert served.call("/live/new") == OK
    gateway.update_stage(**served.api.named, stageName="live", patchOperations=replace("/deploymentId", first))
    assert (served.call("/live/old"), served.call("/live/new")) == (OK, NO_ROUTE)


def test_own_domain_names(served, gateway, unique):
    served.mock("GET", "/pets")
    served.deploy()
    name = f"{unique}.example.com"
    certificate = imported(gateway, "*.example.com")
    endpoint = {"types": ["REGIONAL"]}
    gateway.create_domain_name(domainName=name, regionalCertificateArn=certificate, endpointConfiguration=endpoint)
    mapping = {"domainName": name, "restApiId": served.api.id}
    gateway.create_base_path_mapping(**mapping, basePath="v1", stage="live")
    gateway.create_base_path_mapping(**mapping, basePath="any")
    for path, wanted in [("/v1/pets", OK), ("/any/live/pets", OK), ("/v1", NO_ROUTE), ("/pets", FORBIDDEN), ("/any/x/pets", FORBIDDEN)]:
        assert told(*served.send(path, host=name)) == wanted, path
        assert told(*served.send(f"/_aws/domain/{name}{path}")) == wanted, path
    gateway.create_base_path_mapping(**mapping, stage="live")
    assert told(*served.send("/pets", host=name.upper())) == OK
    shut = replace("/disableExecuteApiEndpoint", "true")
    gateway.update_rest_api(**served.api.named, patchOperations=shut)
    served.deploy()
    assert served.call("/live/pets") == FORBIDDEN
    assert told(*served.send("/v1/pets", host=name)) == OK


def test_keys(served, gateway, plan):
    served.mock("GET", "/", apiKeyRequired=True)
    served.mock("GET", "/open")
    served.deploy()
    plan, key, value = plan(served)
    assert served.call("/live", key=value) == OK
    assert served.call("/live/open", key="nonsense") == OK
    assert served.call("/live") == FORBIDDEN
    assert served.call("/live", key="a-key-that-nobody-has-here") == FORBIDDEN
    gateway.update_api_key(apiKey=key, patchOperations=replace("/enabled", "false"))
    assert served.call("/live", key=value) == FORBIDDEN
    gateway.update_api_key(apiKey=key, patchOperations=replace("/enabled", "true"))
    assert served.call("/live", key=value) == OK
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=op("remove", "/apiStages", served.place))
    assert served.call("/live", key=value) == FORBIDDEN
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=op("add", "/apiStages", served.place))
    gateway.delete_usage_plan_key(usagePlanId=plan, keyId=key)
    assert served.call("/live", key=value) == FORBIDDEN


def test_throttles(served, gateway, plan):
    for path in ("/pets", "/claims"):
        served.mock("GET", path, apiKeyRequired=True)
    served.deploy()
    # A rate this low admits no second request while a test runs.
    plan, _, value = plan(served, throttle={"rateLimit": 0.0001, "burstLimit": 1})
    assert served.call("/live/pets", key=value) == OK
    assert served.call("/live/claims", key=value) == TOO_MANY
    patches = replace(f"/apiStages/{served.place}/throttle/~1claims/GET/rateLimit", "100")
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=patches)
    assert served.call("/live/claims", key=value) == OK
    stage = {**served.api.named, "stageName": "live"}
    gateway.update_stage(**stage, patchOperations=replace("/~1claims/GET/throttling/rateLimit", "0"))
    assert served.call("/live/claims", key=value) == TOO_MANY


def test_quotas_and_usage(served, gateway, plan):
    served.mock("GET", "/", apiKeyRequired=True)
    served.deploy()
    plan, key, value = plan(served, quota={"limit": 2, "period": "MONTH"})
    today = datetime.datetime.now(datetime.timezone.utc).date()
    # The day may end while the test runs.
    days = {"startDate": str(today), "endDate": str(today + datetime.timedelta(days=1))}

    def used():
        items = gateway.get_usage(usagePlanId=plan, **days)["items"]
        return sum(day[0] for day in items[key]) if items else 0

    assert used() == 0
    assert served.call("/live", key=value) == OK
    assert used() == 1
    assert [served.call("/live", key=value) for _ in range(2)] == [OK, EXCEEDED]
    assert used() == 2
    granted = gateway.update_usage(usagePlanId=plan, keyId=key, patchOperations=replace("/remaining", "1"))
    assert granted["items"][key][-1][1] == 1
    assert [served.call("/live", key=value) for _ in range(2)] == [OK, EXCEEDED]
    assert served.call("/live") == FORBIDDEN and used() == 3


def test_usage_outlives_the_process_with_the_state(unique, tmp_path, plan_of):
    """Counts are written only when the process ends."""
    file = tmp_path / "aws.json"
    with serving(file) as gateway:
        served = Served(gateway, gateway.meta.endpoint_url)
        served.mock("GET", "/", apiKeyRequired=True)
        served.deploy()
        plan, key, value = plan_of(gateway, served)
        before = file.read_bytes()
        assert [served.call("/live", key=value) for _ in range(3)] == [OK] * 3
        assert file.read_bytes() == before
    today = datetime.datetime.now(datetime.timezone.utc).date()
    with serving(file) as gateway:
        days = {"startDate": str(today - datetime.timedelta(days=1)), "endDate": str(today)}
        items = gateway.get_usage(usagePlanId=plan, **days)["items"]
        assert sum(day[0] for day in items[key]) == 3


def test_tokens(served, client, gateway, unique):
    cognito = client("cognito-idp")
    pool = cognito.create_user_pool(PoolName=unique)["UserPool"]
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    cognito.create_resource_server(UserPoolId=pool["Id"], Identifier="claims", Name="claims", Scopes=scopes)
    cognito.create_user_pool_domain(UserPoolId=pool["Id"], Domain=unique)
    partner = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="partner",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["claims/read", "claims/write"],
    )["UserPoolClient"]

    def token(scope):
        form = {
            "grant_type": "client_credentials",
            "client_id": partner["ClientId"],
            "client_secret": partner["ClientSecret"],
            "scope": scope,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, _, body = served.send(f"/_aws/cognito/{unique}/oauth2/token", "POST", kind, body=urllib.parse.urlencode(form))
        return json.loads(body)["access_token"]

    source = "method.request.header.X-Token"
    authorizer = served.api.authorizer(providerARNs=[pool["Arn"]], identitySource=source)["id"]
    authorized = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}
    served.mock("GET", "/read", authorizationScopes=["claims/read", "claims/none"], **authorized)
    served.mock("GET", "/id", **authorized)
    served.deploy()
    read, write = token("claims/read"), token("claims/write")
    for path, sent, wanted in [
        ("/live/read", read, OK),
        ("/live/read", f"Bearer {read}", OK),
        ("/live/read", write, UNAUTHORIZED),
        ("/live/read", "nonsense", UNAUTHORIZED),
        ("/live/read", f"{read[:-4]}AAAA", UNAUTHORIZED),
        # Without scopes a method wants an ID token.
        ("/live/id", read, UNAUTHORIZED),
    ]:
        assert served.call(path, x_token=sent) == wanted, (path, sent)
    assert served.call("/live/read") == UNAUTHORIZED
    assert served.call("/live/read", Authorization=read) == UNAUTHORIZED


def test_gateway_responses(served, gateway):
    served.mock("GET", "/", apiKeyRequired=True)
    named = served.api.named
    origin = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    gateway.put_gateway_response(**named, responseType="DEFAULT_4XX", responseParameters=origin)
    gateway.put_gateway_response(
        **named,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseParameters={"gatewayresponse.header.X-Asked": "method.request.header.X-Asks"},
        responseTemplates={
            "application/json": '{"type":"$context.error.responseType","said":$context.error.messageString}',
            "text/plain": "$context.error.message at $context.path",
        },
    )
    served.deploy()
    at = f"/_aws/execute-api/{served.api.id}"
    status, headers, body = served.send(f"{at}/live")
    assert (status, headers["access-control-allow-origin"], body) == (403, "*", b'{"message":"Forbidden"}')
    assert headers["x-amzn-errortype"] == "ForbiddenException" and headers["content-type"] == "application/json"
    status, headers, body = served.send(f"{at}/live/none", headers={"X-Asks": "me"})
    assert (status, headers["x-asked"]) == (404, "me") and "access-control-allow-origin" not in headers
    assert json.loads(body) == {"type": "MISSING_AUTHENTICATION_TOKEN", "said": "Missing Authentication Token"}
    status, headers, body = served.send(f"{at}/live/none", headers={"Accept": "text/plain"})
    assert (headers["content-type"], body) == ("text/plain", b"Missing Authentication Token at /live/none")


def test_what_is_not_shown_is_refused_by_name(served, gateway):
    named = served.api.named
    validator = gateway.create_request_validator(**named, name="all", validateRequestBody=True)["id"]
    authorizer = served.api.authorizer(name="function", type="TOKEN", authorizerUri=FUNCTION, providerARNs=[])["id"]
    served.mock("GET", "/validated", requestValidatorId=validator)
    served.mock("GET", "/function", authorizationType="CUSTOM", authorizerId=authorizer)
    served.mock("GET", "/signed", authorizationType="AWS_IAM")
    served.deploy()
    for path, what in [
        ("/validated", "request validation (requestValidatorId of GET /validated)"),
        ("/function", "Lambda authorizers"),
        ("/signed", "methods with authorizationType AWS_IAM"),
    ]:
        assert served.call(f"/live{path}") == (501, "NotImplemented", f"the local AWS does not have {what}")


def test_a_long_body(served):
    served.mock("POST", "/")
    served.deploy()
    path = f"/_aws/execute-api/{served.api.id}/live"
    status, headers, body = served.send(path, "POST", body=b" " * ((10 << 20) + 1))
    assert (status, body) == (413, b"HTTP content length exceeded 10485760 bytes.")
    assert headers["content-type"] == "text; charset=utf-8"
