"""VPC links, and the integrations and deployments that use them."""

import pytest
from gateway import Api, op, replace
from conftest import refused
from elbv2_things import Balancers


@pytest.fixture(scope="module")
def gateway(client):
    return client("apigateway")


@pytest.fixture(scope="module")
def balancers(client):
    return Balancers(client)


@pytest.fixture
def target(balancers):
    made = balancers.load_balancer()["LoadBalancerArn"]
    balancers.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[made])
    return made


@pytest.fixture
def link(gateway, target, unique):
    made = gateway.create_vpc_link(name=unique, targetArns=[target])
    yield made["id"]


def integrate(api, link, method=None):
    named = method or api.put_method()
    integration = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://example.com/"}
    return api.gateway.put_integration(**named, **integration, connectionType="VPC_LINK", connectionId=link)


def test_a_link_comes_back_as_aws_gives_it(gateway, target, unique, aws):
    made = gateway.create_vpc_link(name=unique, description="to the inside", targetArns=[target], tags={"a": "b"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (made["status"], made["name"], made["description"]) == ("PENDING", unique, "to the inside")
    assert (made["targetArns"], made["tags"]) == ([target], {"a": "b"})
    after = gateway.get_vpc_link(vpcLinkId=made["id"])
    assert (after["status"], after["statusMessage"]) == ("AVAILABLE", "Your vpc link is ready for use")
    pages = gateway.get_paginator("get_vpc_links").paginate(PaginationConfig={"PageSize": 1})
    assert made["id"] in {row["id"] for page in pages for row in page["items"]}
    changed = gateway.update_vpc_link(
        vpcLinkId=made["id"], patchOperations=replace("/name", "other") + replace("/description", "changed")
    )
    assert (changed["name"], changed["description"]) == ("other", "changed")
    assert aws("apigateway", "get-vpc-link", "--vpc-link-id", made["id"])["name"] == "other"
    arn = f"arn:aws:apigateway:eu-west-1::/vpclinks/{made['id']}"
    gateway.tag_resource(resourceArn=arn, tags={"c": "d"})
    gateway.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gateway.get_tags(resourceArn=arn)["tags"] == {"c": "d"}
    assert gateway.delete_vpc_link(vpcLinkId=made["id"])["ResponseMetadata"]["HTTPStatusCode"] == 202
    with refused("NotFoundException", status=404):
        gateway.get_vpc_link(vpcLinkId=made["id"])
    with refused("NotFoundException", status=404):
        gateway.get_tags(resourceArn=arn)


def test_links_that_can_not_be(gateway, target, link):
    with refused("BadRequestException", "More than one target arn"):
        gateway.create_vpc_link(name="two", targetArns=[target, target])
    with refused("BadRequestException", "target arn"):
        gateway.create_vpc_link(name="none", targetArns=[])
    with refused("BadRequestException", "Name cannot be empty"):
        gateway.create_vpc_link(name="", targetArns=[target])
    with refused("BadRequestException", "Invalid ARN. ARN is not well formed nonsense"):
        gateway.create_vpc_link(name="a", targetArns=["nonsense"])
    with refused("BadRequestException", "Target arns are not allowed to be changed/added."):
        gateway.update_vpc_link(vpcLinkId=link, patchOperations=op("add", "/targetArns", target))
    with refused("NotFoundException", status=404):
        gateway.delete_vpc_link(vpcLinkId="nothing")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda arn: arn[:-4] + "0000", "not found"),
        (lambda arn: arn.replace("/net/", "/app/"), "malformed"),
        (lambda arn: arn.replace("elasticloadbalancing", "ec2"), "malformed"),
        (lambda arn: arn.replace("123456789012", "210987654321"), "account"),
    ],
)
def test_a_link_to_nothing_fails(gateway, target, unique, change, words):
    made = gateway.create_vpc_link(name=unique, targetArns=[change(target)])
    assert made["status"] == "PENDING"
    after = gateway.get_vpc_link(vpcLinkId=made["id"])
    assert after["status"] == "FAILED" and words in after["statusMessage"], after
    api = Api(gateway)
    integrate(api, made["id"])
    with refused("BadRequestException", "FAILED"):
        api.deploy()
    gateway.delete_vpc_link(vpcLinkId=made["id"])


def test_a_load_balancer_behind_a_link_stays(gateway, balancers, target, link):
    with refused("ResourceInUse", "currently associated with another service"):
        balancers.elb.delete_load_balancer(LoadBalancerArn=target)
    gateway.delete_vpc_link(vpcLinkId=link)
    balancers.elb.delete_load_balancer(LoadBalancerArn=target)


def test_an_integration_needs_a_link_that_is_there(gateway, link):
    api = Api(gateway)
    with refused("BadRequestException", "Invalid connection ID"):
        integrate(api, "nothng")
    made = integrate(api, link, api.method)
    assert (made["connectionType"], made["connectionId"]) == ("VPC_LINK", link)
    # A stage variable has no value before there is a stage.
    named = {**api.method}
    gateway.update_integration(**named, patchOperations=replace("/connectionId", "${stageVariables.link}"))
    assert gateway.get_integration(**named)["connectionId"] == "${stageVariables.link}"
    with refused("BadRequestException", "Invalid connection ID"):
        gateway.update_integration(**named, patchOperations=replace("/connectionId", "nothng"))
    api.deploy()
    gateway.update_integration(**named, patchOperations=replace("/connectionId", link))
    gateway.delete_vpc_link(vpcLinkId=link)
    with refused("BadRequestException", "no VPC link"):
        api.deploy()


def test_what_a_stage_serves_holds_the_link(gateway, link):
    api = Api(gateway)
    integrate(api, link)
    api.put_mock(api.resource("other"))
    stage = api.stage()
    held = f"Cannot delete vpc link. Vpc link '{link}', is referenced in [{api.id}:GET:{api.root}:live]"
    with refused("BadRequestException", held):
        gateway.delete_vpc_link(vpcLinkId=link)
    # Without the method the link is still in use: the stage serves what was deployed.
    gateway.delete_method(**api.method)
    with refused("BadRequestException", held):
        gateway.delete_vpc_link(vpcLinkId=link)
    gateway.update_stage(**stage, patchOperations=replace("/deploymentId", api.deploy()))
    gateway.delete_vpc_link(vpcLinkId=link)
