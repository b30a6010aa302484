"""Networks of the local EC2, as boto3 and the aws command line see them."""

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, refused


@pytest.fixture
def ec2(client):
    return client("ec2")


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


def test_every_region_has_the_default_network(client):
    ec2 = client("ec2", region="eu-north-1")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["InstanceTenancy"]) == ("172.31.0.0/16", "available", "default")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    public = [subnet for subnet in subnets if subnet["DefaultForAz"]]
    assert sorted(subnet["AvailabilityZone"] for subnet in public) == ["eu-north-1a", "eu-north-1b", "eu-north-1c"]
    assert all(subnet["MapPublicIpOnLaunch"] and subnet["AvailableIpAddressCount"] == 4091 for subnet in public)
    private = ec2.describe_subnets(Filters=[{"Name": "tag:tier", "Values": ["priv*"]}])["Subnets"]
    assert sorted(subnet["AvailabilityZoneId"] for subnet in private) == ["eun1-az1", "eun1-az2"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [private[0]["SubnetId"]]}])
    (table,) = tables["RouteTables"]
    assert [route["GatewayId"] for route in table["Routes"]] == ["local"]
    (main,) = ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    assert [(route["GatewayId"][:4], route["State"]) for route in main["Routes"]] == [("loca", "active"), ("igw-", "active")]
    (acl,) = ec2.describe_network_acls()["NetworkAcls"]
    assert acl["IsDefault"] and len(acl["Associations"]) == 5
    (group,) = ec2.describe_security_groups()["SecurityGroups"]
    assert group["GroupName"] == "default" and group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]


def test_a_network_from_nothing_to_nothing(ec2):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a <b> & \"c\""}]}]
    made = ec2.create_vpc(CidrBlock="10.9.9.9/16", TagSpecifications=tags)["Vpc"]
    assert (made["State"], made["CidrBlock"], made["Tags"]) == ("pending", "10.9.0.0/16", tags[0]["Tags"])
    vpc = made["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"] == {"Value": True}
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")["EnableDnsSupport"] == {"Value": True}
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone=f"{REGION}b")["Subnet"]
    assert (subnet["AvailabilityZoneId"], subnet["AvailableIpAddressCount"], subnet["MapPublicIpOnLaunch"]) == ("euw1-az2", 251, False)
    subnet = subnet["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    assert ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)["Return"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    with refused("RouteAlreadyExists"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for delete, named in [
        (ec2.delete_vpc, {"VpcId": vpc}),
        (ec2.delete_internet_gateway, {"InternetGatewayId": gateway}),
        (ec2.delete_route_table, {"RouteTableId": table}),
    ]:
        with refused("DependencyViolation"):
            delete(**named)
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
    ec2.delete_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0")
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (shown,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert [route["State"] for route in shown["Routes"]] == ["active", "blackhole"]
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    with refused("InvalidRoute.NotFound"):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    with refused("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist"):
        ec2.describe_vpcs(VpcIds=[vpc])


def test_what_aws_refuses(ec2, vpc, client):
    with refused("InvalidVpc.Range"):
        ec2.create_vpc(CidrBlock="10.0.0.0/8")
    with refused("InvalidParameterValue", "cidrBlock"):
        ec2.create_vpc(CidrBlock="nonsense")
    with refused("MissingParameter", "vpcId"):
        client("ec2", checked=False).create_subnet(CidrBlock="10.0.0.0/24")
    with refused("InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    with refused("InvalidSubnet.Conflict"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")
    with refused("InvalidParameterValue", "availability zones"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1z")
    with refused("InvalidParameterValue", "The filter 'nonsense' is invalid"):
        ec2.describe_vpcs(Filters=[{"Name": "nonsense", "Values": ["a"]}])
    with refused("InvalidParameterValue", "maxResults"):
        client("ec2", checked=False).describe_subnets(MaxResults=4)
    with refused("NotImplemented", "CreateNatGateway", status=501):
        ec2.create_nat_gateway(SubnetId="subnet-1")
    with refused("NotImplemented", "Ipv6Native of ec2:CreateSubnet", status=501):
        ec2.create_subnet(VpcId=vpc, Ipv6Native=True)


def test_a_dry_run_does_nothing(ec2, vpc):
    with refused("DryRunOperation", status=412):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", DryRun=True)
    assert ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"] == []
    with refused("InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24", DryRun=True)


def test_pages(ec2, vpc):
    for at in range(7):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{at}.0/24")
    pages = ec2.get_paginator("describe_subnets").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}], PaginationConfig={"PageSize": 5}
    )
    assert [len(page["Subnets"]) for page in pages] == [5, 2]
    with refused("InvalidNextToken"):
        ec2.describe_subnets(MaxResults=5, NextToken="nonsense")


def test_tags(ec2, vpc, client, unique):
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": unique}, {"Key": "b", "Value": "2"}])
    assert ec2.describe_vpcs(Filters=[{"Name": "tag:a", "Values": [unique]}])["Vpcs"][0]["VpcId"] == vpc
    listed = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc]}])["Tags"]
    assert listed == [
        {"Key": "a", "ResourceId": vpc, "ResourceType": "vpc", "Value": unique},
        {"Key": "b", "ResourceId": vpc, "ResourceType": "vpc", "Value": "2"},
    ]
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "b", "Value": "another"}])
    assert len(ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc]}])["Tags"]) == 2
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "b"}])
    tagging = client("resourcegroupstaggingapi")
    filters = [{"Key": "a", "Values": [unique]}]
    (found,) = tagging.get_resources(TagFilters=filters, ResourceTypeFilters=["ec2:vpc"])["ResourceTagMappingList"]
    assert found == {"ResourceARN": f"arn:aws:ec2:{REGION}:123456789012:vpc/{vpc}", "Tags": [{"Key": "a", "Value": unique}]}
    tagging.tag_resources(ResourceARNList=[found["ResourceARN"]], Tags={"c": "3"})
    tagging.untag_resources(ResourceARNList=[found["ResourceARN"]], TagKeys=["a"])
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "c", "Value": "3"}]
    with refused("InvalidParameterValue", "reserved"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "aws:x", "Value": ""}])
    with refused("InvalidID"):
        ec2.create_tags(Resources=["nonsense"], Tags=[{"Key": "x", "Value": ""}])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": f"k{at}", "Value": ""} for at in range(50)])


def test_security_groups(ec2, vpc):
    one = ec2.create_security_group(GroupName="one", Description="the one", VpcId=vpc)["GroupId"]
    two = ec2.create_security_group(GroupName="two", Description="the other", VpcId=vpc)["GroupId"]
    with refused("InvalidGroup.Duplicate"):
        ec2.create_security_group(GroupName="one", Description="again", VpcId=vpc)
    permissions = [
        {
            "IpProtocol": "6",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": "10.1.2.3/8", "Description": "inside"}, {"CidrIp": "192.168.0.0/16"}],
            "UserIdGroupPairs": [{"GroupId": two}],
        }
    ]
    made = ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=permissions)
    assert made["Return"] and [rule.get("CidrIpv4") for rule in made["SecurityGroupRules"]] == ["10.0.0.0/8", "192.168.0.0/16", None]
    with refused("InvalidPermission.Duplicate", "peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW"):
        ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=permissions)
    (shown,) = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"]
    assert shown["IpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}, {"CidrIp": "192.168.0.0/16"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [{"GroupId": two, "UserId": "123456789012"}],
        }
    ]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}]
    assert shown["IpPermissionsEgress"] == everything
    with refused("DependencyViolation", f"resource {two} has a dependent object"):
        ec2.delete_security_group(GroupId=two)
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])["SecurityGroupRules"]
    (of_group,) = [rule for rule in rules if "ReferencedGroupInfo" in rule]
    changed = {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 82, "ReferencedGroupId": two, "Description": "new"}
    update = {"SecurityGroupRuleId": of_group["SecurityGroupRuleId"], "SecurityGroupRule": changed}
    ec2.modify_security_group_rules(GroupId=one, SecurityGroupRules=[update])
    (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[of_group["SecurityGroupRuleId"]])["SecurityGroupRules"]
    assert (rule["FromPort"], rule["ToPort"], rule["Description"], rule["IsEgress"]) == (81, 82, "new", False)
    ec2.revoke_security_group_ingress(GroupId=one, SecurityGroupRuleIds=[of_group["SecurityGroupRuleId"]])
    ec2.delete_security_group(GroupId=two)
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "x"}]}
    ec2.update_security_group_rule_descriptions_ingress(GroupId=one, IpPermissions=[permission])
    revoked = ec2.revoke_security_group_ingress(GroupId=one, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="10.0.0.0/8")
    assert [rule["Description"] for rule in revoked["RevokedSecurityGroupRules"]] == ["x"]
    with refused("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=[permission])
    ec2.revoke_security_group_egress(GroupId=one, IpPermissions=shown["IpPermissionsEgress"])
    assert ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"][0]["IpPermissionsEgress"] == []
    with refused("InvalidGroup.NotFound"):
        ec2.describe_security_groups(GroupIds=[two])
    with refused("InvalidGroupId.Malformed"):
        ec2.describe_security_groups(GroupIds=["nonsense"])
    (default,) = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    with refused("InvalidParameterCombination", "The parameter groupName cannot be used with the parameter groupId"):
        ec2.authorize_security_group_ingress(GroupId=one, GroupName="one", IpPermissions=[permission])
    with refused("InvalidParameterCombination", "The parameter ipPermissions cannot be used with the parameter cidrIp"):
        ec2.authorize_security_group_ingress(GroupId=one, CidrIp="10.0.0.0/8", IpPermissions=[permission])
    pair = {"GroupId": default["GroupId"], "UserId": "210987654321"}
    with refused("InvalidGroup.NotFound", default["GroupId"]):
        ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[{**permission, "IpRanges": [], "UserIdGroupPairs": [pair]}])
    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=default["GroupId"])


def test_the_command_line(aws, vpc):
    tags = "ResourceType=subnet,Tags=[{Key=Name,Value=cli}]"
    made = aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.9.0/24", "--tag-specifications", tags)
    listed = aws("ec2", "describe-subnets", "--filters", f"Name=vpc-id,Values={vpc}", "Name=tag:Name,Values=c?i")
    assert [subnet["SubnetId"] for subnet in listed["Subnets"]] == [made["Subnet"]["SubnetId"]]
    zones = aws("ec2", "describe-availability-zones", "--zone-names", f"{REGION}c")["AvailabilityZones"]
    assert [zone["ZoneId"] for zone in zones] == ["euw1-az3"]
    assert any(region["RegionName"] == REGION for region in aws("ec2", "describe-regions")["Regions"])


def test_regions(ec2):
    def by_name(**asked):
        return {row["RegionName"]: row["OptInStatus"] for row in ec2.describe_regions(**asked)["Regions"]}

    assert "af-south-1" not in by_name() and by_name()[REGION] == "opt-in-not-required"
    assert by_name(AllRegions=True)["af-south-1"] == "not-opted-in"
    assert by_name(RegionNames=["af-south-1"]) == {"af-south-1": "not-opted-in"}


def test_errors_have_ec2s_envelope(ec2):
    with pytest.raises(ClientError) as refusal:
        ec2.describe_subnets(SubnetIds=["subnet-0123456789abcdef0"])
    assert str(refusal.value).endswith("The subnet ID 'subnet-0123456789abcdef0' does not exist")
    assert refusal.value.response["ResponseMetadata"]["RequestId"]
