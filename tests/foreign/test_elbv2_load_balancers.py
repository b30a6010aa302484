"""Network load balancers: what comes back, and what is refused."""

import pytest
from conftest import refused
from elbv2_things import Balancers, name, within

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def balancers(client):
    return Balancers(client)


@pytest.fixture(scope="module")
def elb(balancers):
    return balancers.elb


@pytest.fixture(scope="module")
def ground(balancers):
    return balancers.ground


def read(elb, arn):
    return elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]


def test_a_load_balancer_comes_back_as_aws_gives_it(elb, ground, unique):
    made = elb.create_load_balancer(Name=unique, Type="network", Scheme="internal", Subnets=ground.subnets)
    made = made["LoadBalancers"][0]
    assert made["State"] == {"Code": "provisioning"}
    arn = made["LoadBalancerArn"]
    assert arn.startswith(f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/net/{unique}/")
    tail = arn.rsplit("/", 1)[1]
    after = read(elb, arn)
    assert after["State"] == {"Code": "active"}
    assert after["DNSName"] == f"{unique}-{tail}.elb.eu-west-1.amazonaws.com"
    assert after["CanonicalHostedZoneId"] == "Z2IFOLAFXWLO4F"
    assert (after["Type"], after["Scheme"], after["IpAddressType"]) == ("network", "internal", "ipv4")
    assert after["VpcId"] == ground.vpc
    zones = [(zone["ZoneName"], zone["SubnetId"], zone["LoadBalancerAddresses"]) for zone in after["AvailabilityZones"]]
    assert zones == [(zone, subnet, []) for zone, subnet in zip(ground.zones, ground.subnets)]
    assert "SecurityGroups" not in after and "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic" not in after
    assert after["CreatedTime"] == made["CreatedTime"]
    assert elb.describe_load_balancers(Names=[unique])["LoadBalancers"] == [after]
    elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn])


def test_the_aws_command_line_reads_it(aws, balancers):
    made = balancers.load_balancer()
    read = aws("elbv2", "describe-load-balancers", "--names", made["LoadBalancerName"])
    assert read["LoadBalancers"][0]["State"]["Code"] == "active"
    aws("elbv2", "delete-load-balancer", "--load-balancer-arn", made["LoadBalancerArn"])


def test_the_same_again_is_the_same(elb, balancers):
    wanted = {"Name": name(), "Tags": [{"Key": "a", "Value": "b"}]}
    first = balancers.load_balancer(**wanted)
    assert balancers.load_balancer(**wanted)["LoadBalancerArn"] == first["LoadBalancerArn"]
    with refused("DuplicateLoadBalancerName", "exists, but with different settings"):
        balancers.load_balancer(**wanted, Subnets=balancers.ground.subnets[:1])


@pytest.mark.parametrize(
    "wrong, words",
    [
        ("a" * 33, "cannot be longer than '32' characters"),
        ("under_score", "alphanumeric"),
        ("-a", "cannot begin or end with a hyphen"),
        ("a-", "cannot begin or end with a hyphen"),
        ("internal-a", "cannot begin with 'internal-'"),
    ],
)
def test_names_are_checked(balancers, wrong, words):
    with refused("ValidationError", words):
        balancers.load_balancer(Name=wrong)


def test_what_is_not_here_says_so(balancers):
    for kind in ("application", "gateway"):
        with refused("NotImplemented", f"Type {kind}", status=501):
            balancers.load_balancer(Type=kind)
    with refused("NotImplemented", "Type application", status=501):
        balancers.elb.create_load_balancer(Name=name(), Subnets=balancers.ground.subnets)
    with refused("NotImplemented", "IpAddressType dualstack", status=501):
        balancers.load_balancer(IpAddressType="dualstack")
    with refused("NotImplemented", "CreateRule", status=501):
        arn = balancers.listener()["ListenerArn"]
        balancers.elb.create_rule(ListenerArn=arn, Conditions=[], Priority=1, Actions=[])


def test_subnets_are_checked(balancers, ground):
    with refused("SubnetNotFound", "'subnet-00000000000000000' does not exist"):
        balancers.load_balancer(Subnets=["subnet-00000000000000000"])
    with refused("ValidationError", "At least one subnet"):
        balancers.elb.create_load_balancer(Name=name(), Type="network")
    ec2 = ground.ec2
    zone = {"Name": "availability-zone", "Values": ground.zones[:1]}
    of_vpc = {"Name": "vpc-id", "Values": [ground.vpc]}
    of_zone = [subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=[zone, of_vpc])["Subnets"]]
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        balancers.load_balancer(Subnets=of_zone[:2])
    other = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    elsewhere = ec2.create_subnet(VpcId=other, CidrBlock="10.77.0.0/24", AvailabilityZone=ground.zones[1])
    with refused("InvalidConfigurationRequest", "same VPC"):
        balancers.load_balancer(Subnets=[ground.subnets[0], elsewhere["Subnet"]["SubnetId"]])


def test_private_addresses_are_kept(elb, balancers, ground):
    addresses = [within(cidr, 77) for cidr in ground.cidrs]
    mappings = [
        {"SubnetId": subnet, "PrivateIPv4Address": address} for subnet, address in zip(ground.subnets, addresses)
    ]
    made = balancers.load_balancer(SubnetMappings=mappings)
    zones = read(elb, made["LoadBalancerArn"])["AvailabilityZones"]
    assert [zone["LoadBalancerAddresses"] for zone in zones] == [[{"PrivateIPv4Address": address}] for address in addresses]
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    with refused("InvalidConfigurationRequest", "not available"):
        balancers.load_balancer(SubnetMappings=[{"SubnetId": ground.subnets[0], "PrivateIPv4Address": "203.0.113.9"}])
    with refused("InvalidConfigurationRequest", "internal"):
        balancers.load_balancer(Scheme="internet-facing", SubnetMappings=mappings)


def test_security_groups_only_for_one_made_with_some(elb, balancers, ground):
    group, other = ground.group(), ground.group()
    made = balancers.load_balancer(SecurityGroups=[group])
    arn = made["LoadBalancerArn"]
    assert made["SecurityGroups"] == [group]
    assert made["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    answer = elb.set_security_groups(
        LoadBalancerArn=arn, SecurityGroups=[other], EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off"
    )
    assert answer["SecurityGroupIds"] == [other]
    assert answer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group, other])
    after = read(elb, arn)
    assert after["SecurityGroups"] == [group, other]
    assert after["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    with refused("InvalidSecurityGroup", "does not exist"):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=["sg-00000000000000000"])
    with refused("InvalidSecurityGroup", "does not exist"):
        balancers.load_balancer(SecurityGroups=["sg-00000000000000000"])
    without = balancers.load_balancer()["LoadBalancerArn"]
    with refused("InvalidConfigurationRequest", "without security groups"):
        elb.set_security_groups(LoadBalancerArn=without, SecurityGroups=[group])


def test_subnets_are_replaced(elb, balancers, ground):
    arn = balancers.load_balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    answer = elb.set_subnets(LoadBalancerArn=arn, Subnets=ground.subnets)
    assert [zone["SubnetId"] for zone in answer["AvailabilityZones"]] == ground.subnets
    assert read(elb, arn)["AvailabilityZones"] == answer["AvailabilityZones"]
    assert elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"


def attributes(elb, arn):
    answer = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def test_attributes_have_aws_defaults_and_are_merged(elb, balancers):
    arn = balancers.load_balancer()["LoadBalancerArn"]
    before = attributes(elb, arn)
    assert before["deletion_protection.enabled"] == "false"
    assert before["load_balancing.cross_zone.enabled"] == "false"
    assert before["dns_record.client_routing_policy"] == "any_availability_zone"
    set_to = {"load_balancing.cross_zone.enabled": "true", "dns_record.client_routing_policy": "availability_zone_affinity"}
    pairs = [{"Key": key, "Value": value} for key, value in set_to.items()]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs)
    assert attributes(elb, arn) == {**before, **set_to}

    def modify(key, value):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])

    with refused("ValidationError", "'nonsense' is not recognized"):
        modify("nonsense", "true")
    with refused("InvalidConfigurationRequest", "not supported on load balancers with type 'network'"):
        modify("idle_timeout.timeout_seconds", "60")
    with refused("ValidationError", "must be one of"):
        modify("deletion_protection.enabled", "yes")
    with refused("InvalidConfigurationRequest", "access_logs.s3.bucket"):
        modify("access_logs.s3.enabled", "true")


def test_protection_and_deletion(elb, balancers):
    arn = balancers.load_balancer()["LoadBalancerArn"]
    listener = balancers.listener(arn)["ListenerArn"]

    def protect(value):
        pair = {"Key": "deletion_protection.enabled", "Value": value}
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[pair])

    protect("true")
    with refused("OperationNotPermitted", "deletion protection is enabled"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    protect("false")
    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    with refused("LoadBalancerNotFound", f"Load balancers '[{arn}]' not found"):
        elb.describe_load_balancers(LoadBalancerArns=[arn])
    with refused("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[listener])
    with refused("ValidationError", "is not a valid load balancer ARN"):
        elb.delete_load_balancer(LoadBalancerArn="arn:nonsense")
    with refused("LoadBalancerNotFound", "not found"):
        elb.describe_load_balancers(Names=["nothing"])


def test_interfaces_hold_the_subnet_and_the_group(elb, balancers, ground):
    group = ground.group()
    made = balancers.load_balancer(SecurityGroups=[group])
    tail = made["LoadBalancerArn"].split("loadbalancer/")[1]
    wanted = [{"Name": "description", "Values": [f"ELB {tail}"]}]
    interfaces = ground.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    assert sorted(row["SubnetId"] for row in interfaces) == sorted(ground.subnets)
    assert {row["RequesterId"] for row in interfaces} and {row["Status"] for row in interfaces} == {"in-use"}
    with refused("DependencyViolation"):
        ground.ec2.delete_security_group(GroupId=group)
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    ground.ec2.delete_security_group(GroupId=group)


def test_pages(client):
    balancers = Balancers(client, region="eu-north-1")
    made = {balancers.load_balancer()["LoadBalancerArn"] for _ in range(3)}
    pages = list(balancers.elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["LoadBalancers"]) for page in pages] == [2, 1]
    assert {row["LoadBalancerArn"] for page in pages for row in page["LoadBalancers"]} == made
    with refused("ValidationError", "marker"):
        balancers.elb.describe_load_balancers(Marker="nonsense")


def test_tags(elb, balancers, client):
    arns = [
        balancers.load_balancer(Tags=[{"Key": "a", "Value": "1"}])["LoadBalancerArn"],
        balancers.target_group(Tags=[{"Key": "a", "Value": "1"}])["TargetGroupArn"],
        balancers.listener(Tags=[{"Key": "a", "Value": "1"}])["ListenerArn"],
    ]
    elb.add_tags(ResourceArns=arns, Tags=[{"Key": "b", "Value": "2"}, {"Key": "c"}])
    elb.remove_tags(ResourceArns=arns, TagKeys=["a", "absent"])
    described = elb.describe_tags(ResourceArns=arns)["TagDescriptions"]
    wanted = [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": ""}]
    assert described == [{"ResourceArn": arn, "Tags": wanted} for arn in arns]
    tagging = client("resourcegroupstaggingapi")
    assert tagging.tag_resources(ResourceARNList=arns, Tags={"stack": arns[0]})["FailedResourcesMap"] == {}
    stack = [{"Key": "stack", "Values": [arns[0]]}]
    found = tagging.get_resources(TagFilters=stack)["ResourceTagMappingList"]
    assert {row["ResourceARN"] for row in found} == set(arns)
    kinds = ["elasticloadbalancing:targetgroup", "elasticloadbalancing:loadbalancer/net"]
    found = tagging.get_resources(TagFilters=stack, ResourceTypeFilters=kinds)["ResourceTagMappingList"]
    assert {row["ResourceARN"] for row in found} == set(arns[:2])
    tagging.untag_resources(ResourceARNList=arns, TagKeys=["stack"])
    assert tagging.get_resources(TagFilters=stack)["ResourceTagMappingList"] == []
    with refused("DuplicateTagKeys"):
        elb.add_tags(ResourceArns=arns, Tags=[{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}])
    with refused("TooManyTags"):
        elb.add_tags(ResourceArns=arns, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(51)])
    with refused("TargetGroupNotFound"):
        elb.describe_tags(ResourceArns=[arns[1][:-4] + "0000"])
    with refused("ValidationError", "less than or equal to 20"):
        elb.describe_tags(ResourceArns=arns[:1] * 21)


def test_account_limits(elb):
    limits = {row["Name"]: row["Max"] for row in elb.describe_account_limits()["Limits"]}
    assert limits["network-load-balancers"] == "50" and limits["target-groups"] == "3000"
