"""What the tests of API Gateway share: an API to work on, and short ways to say a patch."""

import uuid

POOL = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI"
FUNCTION = (
    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
    "arn:aws:lambda:eu-west-1:123456789012:function:authorize/invocations"
)


def op(name, path, value=None):
    patch = {"op": name, "path": path}
    return [patch if value is None else {**patch, "value": value}]


def replace(path, value):
    return op("replace", path, value)


class Api:
    """A REST API with a method that can be deployed."""

    def __init__(self, gateway):
        self.gateway = gateway
        made = gateway.create_rest_api(name=f"t{uuid.uuid4().hex[:8]}", endpointConfiguration={"types": ["REGIONAL"]})
        self.id, self.root = made["id"], made["rootResourceId"]
        self.named = {"restApiId": self.id}
        self.method = {**self.named, "resourceId": self.root, "httpMethod": "GET"}

    def resource(self, *parts):
        parent = self.root
        for part in parts:
            parent = self.gateway.create_resource(**self.named, parentId=parent, pathPart=part)["id"]
        return parent

    def put_method(self, resource=None, verb="GET", **members):
        named = {**self.named, "resourceId": resource or self.root, "httpMethod": verb}
        self.gateway.put_method(**named, **{"authorizationType": "NONE", **members})
        return named

    def put_mock(self, resource=None, verb="GET"):
        named = self.put_method(resource, verb)
        self.gateway.put_integration(**named, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        return named

    def deploy(self, **members):
        return self.gateway.create_deployment(**self.named, **members)["id"]

    def stage(self, name="live", **members):
        """A stage with a deployment of its own."""
        if not self.gateway.get_resources(**self.named)["items"][0].get("resourceMethods"):
            self.put_mock()
        self.gateway.create_stage(**self.named, stageName=name, deploymentId=self.deploy(), **members)
        return {**self.named, "stageName": name}

    def authorizer(self, **members):
        wanted = {
            "name": "pool",
            "type": "COGNITO_USER_POOLS",
            "providerARNs": [POOL],
            "identitySource": "method.request.header.Authorization",
        }
        return self.gateway.create_authorizer(**self.named, **{**wanted, **members})
