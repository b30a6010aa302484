"""How the model walk calls the operations of API Gateway's V2 API."""

from apigateway_things import beside, to_create_mapping
from walk import Recipe

SERVICE, MODULE = "apigatewayv2", "apigatewayv2"

SAMPLES = {}
ABSENT = {}
FORGIVING = {}


def to_create(v2):
    made = to_create_mapping(beside(v2, "apigateway"))
    return {"DomainName": made["domainName"], "ApiId": made["restApiId"], "Stage": "live"}


def one(v2):
    target = to_create(v2)
    made = v2.create_api_mapping(**target, ApiMappingKey="v1/a")
    return {"DomainName": target["DomainName"], "ApiMappingId": made["ApiMappingId"]}, target["ApiId"]


def to_update(v2):
    names, api = one(v2)
    return {**names, "ApiId": api}


def other_stage(v2, base):
    beside(v2, "apigateway").create_deployment(restApiId=base["ApiId"], stageName="other")
    return {"Stage": "other"}


def got(v2, sent, answer):
    return v2.get_api_mapping(DomainName=sent["DomainName"], ApiMappingId=answer["ApiMappingId"])


NAMES = frozenset({"DomainName", "ApiId", "ApiMappingId"})

RECIPES = {
    "CreateApiMapping": Recipe(to_create, got, names=NAMES, values={"ApiMappingKey": "v1/b", "Stage": "live"}),
    "GetApiMapping": Recipe(lambda v2: one(v2)[0], names=NAMES),
    "GetApiMappings": Recipe(
        lambda v2: {"DomainName": to_create(v2)["DomainName"]},
        names=NAMES | {"NextToken"},
        values={"MaxResults": "1"},
        never={"MaxResults": "it is the size of a page"},
    ),
    "UpdateApiMapping": Recipe(to_update, got, names=NAMES, values={"ApiMappingKey": "v1/b"}, whole={"Stage": other_stage}),
    "DeleteApiMapping": Recipe(lambda v2: one(v2)[0], names=NAMES),
}
