"""How the model walk calls EC2's operations."""

import base64

from elbv2_things import Ground, name, within
from walk import Recipe

SERVICE, MODULE = "ec2", "ec2"

ACCOUNT = "123456789012"

PREFIXES = {
    "GroupId": "sg",
    "ImageId": "ami",
    "InstanceId": "i",
    "InternetGatewayId": "igw",
    "NetworkAclId": "acl",
    "NetworkInterfaceId": "eni",
    "RouteTableId": "rtb",
    "SecurityGroupRuleId": "sgr",
    "SubnetId": "subnet",
    "VpcId": "vpc",
}
IDS = {member: f"{prefix}-00000000000000000" for member, prefix in PREFIXES.items()}

# Names of nothing, by member; and what every operation must refuse.
ABSENT = {
    **IDS,
    **{f"{member}s": [absent] for member, absent in IDS.items()},
    "AssociationId": "rtbassoc-00000000000000000",
    "Resources": [IDS["VpcId"]],
    "GroupNames": ["nothing"],
    "Owners": ["nothing"],
    "RegionNames": ["nothing"],
    "ZoneIds": ["nothing"],
    "ZoneNames": ["nothing"],
    "DestinationCidrBlock": "10.99.0.0/16",
    "Filters": [{"Name": "nothing", "Values": ["nothing"]}],
    "DryRun": True,
}

FORGIVING = {"DescribeImages.Owners": "an owner without images is no error"}

SAMPLES = {}

# Members that mean the same everywhere.
EVERYWHERE = {"DryRun", "Filters", "NextToken"}


def recipe(begin, read=None, names="", **more):
    return Recipe(begin, read, names=frozenset({*EVERYWHERE, *names.split()}), **more)


def listing(names, begin=lambda _: {}, never=(), **more):
    return recipe(begin, names=names, never={"MaxResults": "a page's size", **dict(never)}, **more)


def tagged(kind, **more):
    """The members of a recipe that tags what it creates."""
    tags = [{"ResourceType": kind, "Tags": [{"Key": "abcdef", "Value": "walked"}]}]
    never = {"TagSpecifications.ResourceType": "what is tagged; another kind is refused", **more.pop("never", {})}
    return {"values": {"TagSpecifications": tags, **more.pop("values", {})}, "never": never, **more}


def identified(member, answer, sent):
    """The id under this member: in what the answer is about, or else in what was sent."""
    for row in (answer, *(row for row in answer.values() if isinstance(row, dict))):
        if member in row:
            return row[member]
    return sent[member]


def reads(operation, member):
    """Reads back with the operation that describes what has an id under this member."""
    return lambda ec2, sent, answer: [answer, getattr(ec2, operation)(**{f"{member}s": [identified(member, answer, sent)]})]


read_vpc = reads("describe_vpcs", "VpcId")
read_subnet = reads("describe_subnets", "SubnetId")
read_gateway = reads("describe_internet_gateways", "InternetGatewayId")
read_table = reads("describe_route_tables", "RouteTableId")
read_group = reads("describe_security_groups", "GroupId")


def read_rules(ec2, sent, answer):
    filters = [{"Name": "group-id", "Values": [sent["GroupId"]]}]
    return [*read_group(ec2, sent, answer), ec2.describe_security_group_rules(Filters=filters)]


def wrapped(*members):
    """What is sent, and comes back, as a structure with one value."""
    return {f"{member}.Value": lambda value, _, member=member: (member, {"Value": value}) for member in members}


def under(member):
    return lambda value, _: (member, value)


# Networks


def vpc(ec2):
    return {"VpcId": ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]}


VPC_ATTRIBUTES = ("EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics")


def read_vpc_attributes(ec2, sent, _):
    names = [member[0].lower() + member[1:] for member in VPC_ATTRIBUTES]
    return [ec2.describe_vpc_attribute(VpcId=sent["VpcId"], Attribute=attribute) for attribute in names]


def to_create_subnet(ec2):
    return {**vpc(ec2), "CidrBlock": "10.0.0.0/24"}


def subnet(ec2):
    return {"SubnetId": ec2.create_subnet(**to_create_subnet(ec2))["Subnet"]["SubnetId"]}


def zone_ids(ec2):
    return [zone["ZoneId"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]


def gateway(ec2):
    return {"InternetGatewayId": ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]}


def to_attach(ec2):
    return {**gateway(ec2), **vpc(ec2)}


def attached(ec2):
    pair = to_attach(ec2)
    ec2.attach_internet_gateway(**pair)
    return pair


def table(ec2, of=None):
    return {"RouteTableId": ec2.create_route_table(**(of or vpc(ec2)))["RouteTable"]["RouteTableId"]}


def to_associate(ec2):
    placed = ec2.describe_subnets(SubnetIds=[subnet(ec2)["SubnetId"]])["Subnets"][0]
    return {**table(ec2, {"VpcId": placed["VpcId"]}), "SubnetId": placed["SubnetId"]}


def associated(ec2):
    return {"AssociationId": ec2.associate_route_table(**to_associate(ec2))["AssociationId"]}


def to_reassociate(ec2):
    pair = to_associate(ec2)
    association = ec2.associate_route_table(**pair)["AssociationId"]
    of = ec2.describe_route_tables(RouteTableIds=[pair["RouteTableId"]])["RouteTables"][0]["VpcId"]
    return {"AssociationId": association, **table(ec2, {"VpcId": of})}


def default_gateway(ec2):
    attached = [{"Name": "attachment.vpc-id", "Values": [Ground(ec2).vpc]}]
    return ec2.describe_internet_gateways(Filters=attached)["InternetGateways"][0]["InternetGatewayId"]


def to_route(ec2):
    made = table(ec2, {"VpcId": Ground(ec2).vpc})
    return {**made, "DestinationCidrBlock": "10.77.0.0/16", "GatewayId": default_gateway(ec2)}


IPV6 = "2001:db8::/32"


def routed(ec2):
    """A table with a route of either kind."""
    route = to_route(ec2)
    ec2.create_route(**route)
    ec2.create_route(RouteTableId=route["RouteTableId"], DestinationIpv6CidrBlock=IPV6, GatewayId=route["GatewayId"])
    return route


def to_delete_route(ec2):
    route = routed(ec2)
    return {name: route[name] for name in ("RouteTableId", "DestinationCidrBlock")}


def to_interface(ec2, _):
    launched = ec2.describe_instances(InstanceIds=[instance(ec2)["InstanceId"]])["Reservations"][0]["Instances"][0]
    return {"GatewayId": None, "NetworkInterfaceId": launched["NetworkInterfaces"][0]["NetworkInterfaceId"]}


def ipv6(*_):
    return {"DestinationCidrBlock": None, "DestinationIpv6CidrBlock": IPV6}


# Security groups


def to_create_group(ec2):
    return {"GroupName": name(), "Description": "of a walk", "VpcId": Ground(ec2).vpc}


def group(ec2):
    return {"GroupId": ec2.create_security_group(**to_create_group(ec2))["GroupId"]}


def permission(description="walked", **sources):
    sources = sources or {"IpRanges": [{"CidrIp": "10.7.0.0/16"}]}
    described = {kind: [{**source, "Description": description} for source in rows] for kind, rows in sources.items()}
    return {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8081, **described}


def permitting(authorize=None, before="walked"):
    """The inputs for each member of a permission. With `authorize` the group has its rule already, described as before."""

    def whole(sources):
        def make(ec2, base):
            rows = sources(base["GroupId"])
            if authorize:
                getattr(ec2, authorize)(GroupId=base["GroupId"], IpPermissions=[permission(before, **rows)])
            return {"IpPermissions": [permission(**rows)]}

        return make

    v4 = whole(lambda _: {"IpRanges": [{"CidrIp": "10.9.0.0/16"}]})
    v6 = whole(lambda _: {"Ipv6Ranges": [{"CidrIpv6": IPV6}]})
    pair = whole(lambda group: {"UserIdGroupPairs": [{"GroupId": group, "UserId": ACCOUNT}]})
    return {
        **{f"IpPermissions.{path}": v4 for path in ("IpProtocol", "FromPort", "ToPort", "IpRanges.CidrIp", "IpRanges.Description")},
        **{f"IpPermissions.Ipv6Ranges.{member}": v6 for member in ("CidrIpv6", "Description")},
        **{f"IpPermissions.UserIdGroupPairs.{member}": pair for member in ("GroupId", "UserId", "Description")},
    }


def to_authorize(ec2):
    return {**group(ec2), "IpPermissions": [permission()]}


def authorized(operation, before="walked"):
    def begin(ec2):
        made = to_authorize(ec2)
        getattr(ec2, operation)(GroupId=made["GroupId"], IpPermissions=[permission(before)])
        return made

    return begin


def rule_of(ec2, group, egress=False):
    filters = [{"Name": "group-id", "Values": [group]}]
    rules = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return next(rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"] == egress and rule["IpProtocol"] == "tcp")


BARE = {"IpProtocol": "udp", "FromPort": 9090, "ToPort": 9091, "CidrIp": "10.8.0.0/16"}


def bare(authorize=None):
    """A permission in the members of the call itself."""

    def make(ec2, base):
        if authorize:
            getattr(ec2, authorize)(GroupId=base["GroupId"], **BARE)
        return {"IpPermissions": None, **BARE}

    return {member: make for member in BARE}


def by_rule(make, egress):
    return lambda ec2, base: {"IpPermissions": None, **make(rule_of(ec2, base["GroupId"], egress))}


def to_modify_rules(ec2):
    made = authorized("authorize_security_group_ingress")(ec2)
    return {"GroupId": made["GroupId"], "SecurityGroupRules": [changed_rule(ec2, made["GroupId"], CidrIpv4="10.7.0.0/16")]}


def changed_rule(ec2, group, **source):
    rule = {"IpProtocol": "udp", "FromPort": 5000, "ToPort": 5001, "Description": "changed", **source}
    return {"SecurityGroupRuleId": rule_of(ec2, group), "SecurityGroupRule": rule}


def changing(source):
    return lambda ec2, base: {"SecurityGroupRules": [changed_rule(ec2, base["GroupId"], **source(base["GroupId"]))]}


def by_cidr(_):
    return {"CidrIpv4": "10.6.0.0/16"}


def authorizing(**more):
    return recipe(
        to_authorize,
        read_rules,
        "GroupId GroupName",
        whole={**permitting(), **more},
        becomes={"CidrIp": under("CidrIpv4")},
        **tagged("security-group-rule"),
    )


def revoking(authorize, egress, **more):
    return recipe(
        authorized(authorize),
        names="GroupId GroupName",
        whole={
            **permitting(authorize),
            "SecurityGroupRuleIds": by_rule(lambda rule: {"SecurityGroupRuleIds": [rule]}, egress),
            **more,
        },
        becomes={
            "CidrIp": under("CidrIpv4"),
            "IpPermissions.IpRanges.CidrIp": under("CidrIpv4"),
            "IpPermissions.UserIdGroupPairs.GroupId": under("ReferencedGroupId"),
            "SecurityGroupRuleIds": lambda value, _: ("SecurityGroupRuleId", value[0]),
        },
        never={"IpPermissions.UserIdGroupPairs.UserId": "revoked rules are answered without accounts"},
    )


def redescribing(authorize, egress):
    by_id = by_rule(
        lambda rule: {"SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": rule, "Description": "by id"}]}, egress
    )
    return recipe(
        authorized(authorize, "before"),
        read_rules,
        "GroupId GroupName",
        whole={
            **permitting(authorize, "before"),
            "SecurityGroupRuleDescriptions.SecurityGroupRuleId": by_id,
            "SecurityGroupRuleDescriptions.Description": by_id,
        },
    )


# Instances

SWITCHES = "disableApiStop disableApiTermination ebsOptimized instanceInitiatedShutdownBehavior instanceType sourceDestCheck".split()
ATTRIBUTES = (*SWITCHES, "groupSet", "userData")
TYPED = tuple(attribute[0].upper() + attribute[1:] for attribute in SWITCHES)


def to_launch(ec2):
    images = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["arm64"]}])["Images"]
    launch = {"ImageId": images[0]["ImageId"], "InstanceType": "t4g.nano", "SubnetId": Ground(ec2).subnets[0]}
    return {**launch, "MinCount": 1, "MaxCount": 1}


def instance(ec2):
    return {"InstanceId": ec2.run_instances(**to_launch(ec2))["Instances"][0]["InstanceId"]}


def instances(ec2):
    return {"InstanceIds": [instance(ec2)["InstanceId"]]}


def stopped(ec2):
    made = instance(ec2)
    ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    return made


def all_stopped(ec2):
    return {"InstanceIds": [stopped(ec2)["InstanceId"]]}


def read_instance(ec2, sent, answer):
    made = answer["Instances"][0]["InstanceId"] if "Instances" in answer else sent["InstanceId"]
    attributes = [ec2.describe_instance_attribute(InstanceId=made, Attribute=attribute) for attribute in ATTRIBUTES]
    return [answer, ec2.describe_instances(InstanceIds=[made]), *attributes]


def launching(**members):
    return lambda ec2, base: {name: value(ec2) if callable(value) else value for name, value in members.items()}


def with_interface(ec2, base):
    """The members that say it of one interface, in another subnet than the call's."""
    ground = Ground(ec2)
    interface = {
        "DeviceIndex": 0,
        "SubnetId": ground.subnets[1],
        "Groups": [ground.group()],
        "Description": "walked",
        "PrivateIpAddress": within(ground.cidrs[1], 88),
        "AssociatePublicIpAddress": True,
    }
    return {"SubnetId": None, "NetworkInterfaces": [interface]}


def in_base64(value):
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


def user_data(value, _):
    return "UserData", {"Value": in_base64(value)}


def first_group(value, _):
    return "GroupId", value[0]


METADATA = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 7,
    "HttpEndpoint": "disabled",
    "HttpProtocolIpv6": "enabled",
    "InstanceMetadataTags": "enabled",
}

NO_SYSTEM = {path: "how it ends; nothing runs on it that would take note" for path in ("Force", "SkipOsShutdown")}

RECIPES = {
    "CreateVpc": recipe(
        lambda _: {"CidrBlock": "10.0.0.0/16"},
        read_vpc,
        **tagged("vpc", values={"CidrBlock": "10.66.0.0/16", "InstanceTenancy": "dedicated"}),
    ),
    "DescribeVpcs": listing("VpcIds"),
    "DeleteVpc": recipe(vpc, names="VpcId"),
    "ModifyVpcAttribute": recipe(
        vpc, read_vpc_attributes, "VpcId", values={"EnableDnsSupport.Value": False}, becomes=wrapped(*VPC_ATTRIBUTES)
    ),
    "DescribeVpcAttribute": recipe(lambda ec2: {**vpc(ec2), "Attribute": "enableDnsSupport"}, names="VpcId Attribute"),
    "CreateSubnet": recipe(
        to_create_subnet,
        read_subnet,
        "VpcId",
        whole={
            "AvailabilityZone": lambda ec2, _: {"AvailabilityZone": Ground(ec2).zones[1]},
            "AvailabilityZoneId": lambda ec2, _: {"AvailabilityZoneId": zone_ids(ec2)[1]},
        },
        **tagged("subnet", values={"CidrBlock": "10.0.66.0/24"}),
    ),
    "DescribeSubnets": listing("SubnetIds"),
    "DeleteSubnet": recipe(subnet, names="SubnetId"),
    "ModifySubnetAttribute": recipe(
        subnet,
        read_subnet,
        "SubnetId",
        values={"PrivateDnsHostnameTypeOnLaunch": "resource-name"},
        becomes={
            "MapPublicIpOnLaunch.Value": under("MapPublicIpOnLaunch"),
            "EnableResourceNameDnsARecordOnLaunch.Value": under("EnableResourceNameDnsARecord"),
            "PrivateDnsHostnameTypeOnLaunch": under("HostnameType"),
        },
    ),
    "DescribeAvailabilityZones": recipe(
        lambda _: {}, names="ZoneNames ZoneIds", never={"AllAvailabilityZones": "every zone here is open to the account"}
    ),
    "DescribeRegions": recipe(
        lambda _: {}, names="RegionNames", becomes={"AllRegions": lambda *_: ("OptInStatus", "not-opted-in")}
    ),
    "CreateInternetGateway": recipe(lambda _: {}, read_gateway, **tagged("internet-gateway")),
    "DescribeInternetGateways": listing("InternetGatewayIds"),
    "AttachInternetGateway": recipe(to_attach, names="InternetGatewayId VpcId"),
    "DetachInternetGateway": recipe(attached, names="InternetGatewayId VpcId"),
    "DeleteInternetGateway": recipe(gateway, names="InternetGatewayId"),
    "CreateRouteTable": recipe(vpc, read_table, "VpcId", **tagged("route-table")),
    "DescribeRouteTables": listing("RouteTableIds"),
    "DeleteRouteTable": recipe(table, names="RouteTableId"),
    "AssociateRouteTable": recipe(to_associate, names="RouteTableId SubnetId"),
    "DisassociateRouteTable": recipe(associated, names="AssociationId"),
    "ReplaceRouteTableAssociation": recipe(to_reassociate, names="AssociationId RouteTableId"),
    "CreateRoute": recipe(
        to_route,
        read_table,
        "RouteTableId",
        values={"DestinationCidrBlock": "10.78.0.0/16"},
        whole={
            "GatewayId": lambda ec2, _: {"GatewayId": default_gateway(ec2)},
            "DestinationIpv6CidrBlock": ipv6,
            "NetworkInterfaceId": to_interface,
        },
    ),
    "ReplaceRoute": recipe(
        routed,
        read_table,
        "RouteTableId DestinationCidrBlock",
        whole={
            "GatewayId": lambda ec2, _: {"GatewayId": default_gateway(ec2)},
            "DestinationIpv6CidrBlock": lambda ec2, base: {**ipv6(), **to_interface(ec2, base)},
            "NetworkInterfaceId": to_interface,
        },
        becomes={"DestinationIpv6CidrBlock": lambda _, sent: ("NetworkInterfaceId", sent["NetworkInterfaceId"])},
    ),
    "DeleteRoute": recipe(
        to_delete_route,
        names="RouteTableId DestinationCidrBlock",
        whole={"DestinationIpv6CidrBlock": ipv6},
        never={"DestinationIpv6CidrBlock": "what is removed; test_ec2_networks.py tests it"},
    ),
    "DescribeNetworkAcls": listing("NetworkAclIds"),
    "DescribeNetworkInterfaces": listing("NetworkInterfaceIds"),
    "CreateSecurityGroup": recipe(to_create_group, read_group, "VpcId", **tagged("security-group")),
    "DescribeSecurityGroups": listing("GroupIds GroupNames"),
    "DeleteSecurityGroup": recipe(group, names="GroupId GroupName"),
    "AuthorizeSecurityGroupIngress": authorizing(**bare()),
    "AuthorizeSecurityGroupEgress": authorizing(),
    "RevokeSecurityGroupIngress": revoking("authorize_security_group_ingress", False, **bare("authorize_security_group_ingress")),
    "RevokeSecurityGroupEgress": revoking("authorize_security_group_egress", True),
    "UpdateSecurityGroupRuleDescriptionsIngress": redescribing("authorize_security_group_ingress", False),
    "UpdateSecurityGroupRuleDescriptionsEgress": redescribing("authorize_security_group_egress", True),
    "ModifySecurityGroupRules": recipe(
        to_modify_rules,
        read_rules,
        "GroupId",
        whole={
            f"SecurityGroupRules.{path}": changing(source)
            for path, source in {
                "SecurityGroupRuleId": by_cidr,
                "SecurityGroupRule.IpProtocol": by_cidr,
                "SecurityGroupRule.FromPort": by_cidr,
                "SecurityGroupRule.ToPort": by_cidr,
                "SecurityGroupRule.Description": by_cidr,
                "SecurityGroupRule.CidrIpv4": by_cidr,
                "SecurityGroupRule.CidrIpv6": lambda _: {"CidrIpv6": IPV6},
                "SecurityGroupRule.ReferencedGroupId": lambda group: {"ReferencedGroupId": group},
            }.items()
        },
        becomes={
            "SecurityGroupRules.SecurityGroupRule.ReferencedGroupId": lambda value, _: ("ReferencedGroupInfo", {"GroupId": value})
        },
    ),
    "DescribeSecurityGroupRules": listing("SecurityGroupRuleIds"),
    "DescribeImages": listing(
        "ImageIds Owners",
        never={path: "there are no such images" for path in ("IncludeDeprecated", "IncludeDisabled")},
    ),
    "RunInstances": recipe(
        to_launch,
        read_instance,
        "ImageId KeyName SubnetId",
        whole={
            "MinCount": {"MinCount": 2, "MaxCount": 2},
            "SecurityGroupIds": launching(SecurityGroupIds=lambda ec2: [group(ec2)["GroupId"]]),
            "SecurityGroups": launching(
                SubnetId=None,
                SecurityGroups=lambda ec2: [
                    ec2.describe_security_groups(GroupIds=[group(ec2)["GroupId"]])["SecurityGroups"][0]["GroupName"]
                ],
            ),
            "Placement.AvailabilityZone": launching(
                SubnetId=None, Placement=lambda ec2: {"AvailabilityZone": Ground(ec2).zones[1]}
            ),
            "PrivateIpAddress": launching(PrivateIpAddress=lambda ec2: within(Ground(ec2).cidrs[0], 77)),
            **{
                f"NetworkInterfaces.{member}": with_interface
                for member in ("AssociatePublicIpAddress", "Description", "DeviceIndex", "Groups", "PrivateIpAddress", "SubnetId")
            },
            "NetworkInterfaces.DeleteOnTermination": {
                "SubnetId": None,
                "NetworkInterfaces": [{"DeviceIndex": 0, "DeleteOnTermination": False}],
            },
        },
        becomes={
            "MinCount": lambda value, _: ("AmiLaunchIndex", value - 1),
            "MaxCount": lambda value, _: ("AmiLaunchIndex", value - 1),
            "Monitoring.Enabled": lambda *_: ("Monitoring", {"State": "enabled"}),
            "SecurityGroupIds": first_group,
            "SecurityGroups": lambda value, _: ("GroupName", value[0]),
            "UserData": user_data,
            "NetworkInterfaces.AssociatePublicIpAddress": lambda *_: ("IpOwnerId", "amazon"),
            "NetworkInterfaces.Groups": first_group,
            "IamInstanceProfile.Name": lambda value, _: ("Arn", f"arn:aws:iam::{ACCOUNT}:instance-profile/{value}"),
            **{
                member: lambda value, _, member=member: (member, {"Value": value})
                for member in ("DisableApiStop", "DisableApiTermination", "InstanceInitiatedShutdownBehavior")
            },
        },
        **tagged(
            "instance",
            values={
                "InstanceType": "t4g.micro",
                "Placement.Tenancy": "dedicated",
                "InstanceInitiatedShutdownBehavior": "terminate",
                "InstanceMarketOptions.SpotOptions.ValidUntil": "2030-01-01T00:00:00Z",
                "IamInstanceProfile.Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/walked",
                **{f"MetadataOptions.{member}": value for member, value in METADATA.items()},
            },
            never={"NetworkInterfaces.DeviceIndex": "the first interface's is 0, and there is no second one here"},
        ),
    ),
    "DescribeInstances": listing("InstanceIds"),
    "DescribeInstanceStatus": listing(
        "InstanceIds",
        all_stopped,
        whole={"MaxResults": {"InstanceIds": None, "MaxResults": 5}},
        becomes={"IncludeAllInstances": lambda _, sent: ("InstanceId", sent["InstanceIds"][0])},
    ),
    "StartInstances": recipe(all_stopped, names="InstanceIds"),
    "StopInstances": recipe(instances, names="InstanceIds", never=NO_SYSTEM),
    "RebootInstances": recipe(instances, names="InstanceIds"),
    "TerminateInstances": recipe(instances, names="InstanceIds", never=NO_SYSTEM),
    "ModifyInstanceAttribute": recipe(
        stopped,
        read_instance,
        "InstanceId",
        values={
            "InstanceType.Value": "t4g.micro",
            "InstanceInitiatedShutdownBehavior.Value": "terminate",
            "SourceDestCheck.Value": False,
        },
        whole={
            "Attribute": {"Attribute": "instanceType", "Value": "t4g.micro"},
            "Value": {"Attribute": "instanceType", "Value": "t4g.micro"},
            "Groups": launching(Groups=lambda ec2: [group(ec2)["GroupId"]]),
        },
        becomes={
            **wrapped(*TYPED),
            "Attribute": lambda _, sent: ("InstanceType", {"Value": sent["Value"]}),
            "Value": lambda value, _: ("InstanceType", {"Value": value}),
            "UserData.Value": user_data,
            "Groups": first_group,
        },
    ),
    "DescribeInstanceAttribute": recipe(lambda ec2: {**instance(ec2), "Attribute": "userData"}, names="InstanceId Attribute"),
    "ModifyInstanceMetadataOptions": recipe(instance, read_instance, "InstanceId", values=METADATA),
    "CreateTags": recipe(
        lambda ec2: {"Resources": [vpc(ec2)["VpcId"]], "Tags": [{"Key": "a", "Value": "b"}]},
        lambda ec2, sent, _: ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": sent["Resources"]}]),
        "Resources",
        values={"Tags": [{"Key": "abcdef", "Value": "walked"}]},
    ),
    "DeleteTags": recipe(
        lambda ec2: {"Resources": [vpc(ec2)["VpcId"]]},
        names="Resources",
        never={path: "what is removed; test_ec2_networks.py tests it" for path in ("Tags.Key", "Tags.Value")},
    ),
    "DescribeTags": listing(""),
}
