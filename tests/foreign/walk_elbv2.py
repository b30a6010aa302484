"""How the model walk calls Elastic Load Balancing's operations."""

from certificates import beside, imported
from elbv2_things import Balancers, forward, name, within
from walk import Recipe

SERVICE, MODULE = "elbv2", "elbv2"

NOWHERE = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:{}/0123456789abcdef"

# Names of nothing, by member.
ABSENT = {
    "LoadBalancerArn": NOWHERE.format("loadbalancer/net/nothing"),
    "LoadBalancerArns": [NOWHERE.format("loadbalancer/net/nothing")],
    "TargetGroupArn": NOWHERE.format("targetgroup/nothing"),
    "TargetGroupArns": [NOWHERE.format("targetgroup/nothing")],
    "ListenerArn": NOWHERE.format("listener/net/nothing/0123456789abcdef"),
    "ListenerArns": [NOWHERE.format("listener/net/nothing/0123456789abcdef")],
    "ResourceArns": [NOWHERE.format("targetgroup/nothing")],
    "Names": ["nothing"],
}

# Where a name of nothing is no error, as AWS has it.
FORGIVING = {
    "DeleteLoadBalancer.LoadBalancerArn": "a load balancer that is not there is as good as deleted",
    "DeleteTargetGroup.TargetGroupArn": "a target group that is not there is as good as deleted",
    "RemoveTags.TagKeys": "a tag that is not there is as good as removed",
}

SAMPLES = {"RedirectActionProtocol": "HTTPS", "FixedResponseActionStatusCode": "404"}

PAGE = ("Marker", "PageSize")


def balancers(elb):
    return Balancers(lambda service, region: beside(elb, service))


def to_create_load_balancer(elb):
    return {"Name": name(), "Type": "network", "Scheme": "internal", "Subnets": balancers(elb).ground.subnets[:1]}


def load_balancer(elb, **members):
    return {"LoadBalancerArn": balancers(elb).load_balancer(**members)["LoadBalancerArn"]}


def mapped(elb, _):
    ground = balancers(elb).ground
    mapping = {"SubnetId": ground.subnets[1], "PrivateIPv4Address": within(ground.cidrs[1], 99)}
    return {"Subnets": None, "SubnetMappings": [mapping]}


def with_subnets(elb, _):
    return {"Subnets": balancers(elb).ground.subnets}


def with_groups(elb, _):
    return {"SecurityGroups": [balancers(elb).ground.group()]}


def grouped(elb):
    group = balancers(elb).ground.group()
    return {**load_balancer(elb, SecurityGroups=[group]), "SecurityGroups": [group]}


def placed(elb):
    ground = balancers(elb).ground
    return {**load_balancer(elb, Subnets=ground.subnets[:1]), "Subnets": ground.subnets[:1]}


def one_zone(_, sent):
    return "SubnetId", sent["Subnets"][-1]


def to_create_target_group(elb):
    ground = balancers(elb).ground
    return {"Name": name(), "Protocol": "TCP", "Port": 8080, "VpcId": ground.vpc, "TargetType": "ip"}


def target_group(elb, **members):
    return {"TargetGroupArn": balancers(elb).target_group(**members)["TargetGroupArn"]}


def http_group(elb):
    return target_group(elb, HealthCheckProtocol="HTTP")


def to_register(elb):
    ground = balancers(elb).ground
    return {**target_group(elb), "Targets": [{"Id": within(ground.cidrs[0], 60), "Port": 9000}]}


def registered(elb):
    named = to_register(elb)
    elb.register_targets(**named)
    return named


def outside(**more):
    """An address outside all subnets, which needs an Availability Zone."""

    def whole(_, __):
        return {"Targets": [{"Id": "192.168.7.7", "AvailabilityZone": "all", **more}]}

    return whole


def to_create_listener(elb):
    made = balancers(elb)
    group = made.target_group()["TargetGroupArn"]
    return {**load_balancer(elb), "Protocol": "TCP", "Port": 80, "DefaultActions": [forward(group)]}


def listener(elb):
    return {"ListenerArn": elb.create_listener(**to_create_listener(elb))["Listeners"][0]["ListenerArn"]}


def certificates(elb, _=None):
    return {"Certificates": [{"CertificateArn": imported(elb, f"{name()}.example.com")}]}


def secured(**members):
    """The members of a listener that speaks TLS, over those of one that does not."""
    return lambda elb, _: {"Protocol": "TLS", **certificates(elb), **members}


def tls_listener(elb):
    made = elb.create_listener(**{**to_create_listener(elb), **secured()(elb, None)})
    return {"ListenerArn": made["Listeners"][0]["ListenerArn"]}


def listener_alone(elb, _):
    """A listener by its ARN, without its load balancer's."""
    return {"LoadBalancerArn": None, "ListenerArns": [listener(elb)["ListenerArn"]]}


def action(make):
    """A default action on a target group of the same VPC."""
    return lambda elb, _: {"DefaultActions": [make(balancers(elb).target_group()["TargetGroupArn"])]}


def weighted(group, **more):
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 7}], **more}}


def sticky(group):
    return weighted(group, TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 60})


ACTIONS = {
    "DefaultActions.Type": action(forward),
    "DefaultActions.TargetGroupArn": action(forward),
    "DefaultActions.Order": action(lambda group: {**forward(group), "Order": 9}),
    "DefaultActions.ForwardConfig.TargetGroups.TargetGroupArn": action(weighted),
    "DefaultActions.ForwardConfig.TargetGroups.Weight": action(weighted),
    "DefaultActions.ForwardConfig.TargetGroupStickinessConfig.Enabled": action(sticky),
    "DefaultActions.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds": action(sticky),
    "Certificates.CertificateArn": secured(),
    "SslPolicy": secured(SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"),
    "AlpnPolicy": secured(AlpnPolicy=["HTTP2Only"]),
}


def arn(member, sent, answer):
    """The ARN under this member in what was answered, or else sent."""
    rows = next((rows for rows in answer.values() if isinstance(rows, list)), [])
    return rows[0][member] if rows and member in rows[0] else sent[member]


def reads(operation, member):
    """Reads back with the operation that describes what this member names: one ARN, or a list of them."""
    one = member.removesuffix("s")
    return lambda elb, sent, answer: getattr(elb, operation)(
        **{member: [arn(one, sent, answer)] if member.endswith("s") else arn(one, sent, answer)}
    )


read_load_balancer = reads("describe_load_balancers", "LoadBalancerArns")
read_target_group = reads("describe_target_groups", "TargetGroupArns")
read_listener = reads("describe_listeners", "ListenerArns")
read_health = reads("describe_target_health", "TargetGroupArn")


def tags_of(member):
    return lambda elb, sent, answer: elb.describe_tags(ResourceArns=[arn(member, sent, answer)])


def both(*readers):
    return lambda elb, sent, answer: [read(elb, sent, answer) for read in readers]


def attribute(begin, key, value):
    return {
        "begin": lambda elb: {**begin(elb), "Attributes": [{"Key": key, "Value": value}]},
        "values": {"Attributes": [{"Key": key, "Value": value}]},
    }


def named(begin, *names, **recipe):
    return Recipe(begin, names=frozenset(names), **recipe)


HEALTH = {
    "HealthCheckProtocol": "HTTPS",
    "HealthCheckPort": "8081",
    "HealthCheckPath": "/up",
    "HealthCheckEnabled": True,
    "HealthCheckIntervalSeconds": 60,
    "HealthCheckTimeoutSeconds": 7,
    "HealthyThresholdCount": 7,
    "UnhealthyThresholdCount": 7,
    "Matcher.HttpCode": "204",
}
HTTP = {"HealthCheckPath": {"HealthCheckProtocol": "HTTP"}, "Matcher": {"HealthCheckProtocol": "HTTP"}}
ALWAYS = "health checks of instances and addresses can't be off"

LISTENER = {
    "values": {"Protocol": "TLS", "Port": 8443},
    "never": {"DefaultActions.Type": "there is only one type of it"},
}

RECIPES = {
    "CreateLoadBalancer": Recipe(
        to_create_load_balancer,
        both(read_load_balancer, tags_of("LoadBalancerArn")),
        values={
            "Name": "walk",
            "Type": "network",
            "Scheme": "internal",
            "CustomerOwnedIpv4Pool": "ipv4pool-coip-1",
            "IpamPools.Ipv4IpamPoolId": "ipam-pool-1",
        },
        whole={
            "Subnets": with_subnets,
            "SubnetMappings.SubnetId": mapped,
            "SubnetMappings.PrivateIPv4Address": mapped,
            "SecurityGroups": with_groups,
            "IpAddressType": {"IpAddressType": "dualstack"},
            "EnablePrefixForIpv6SourceNat": {"EnablePrefixForIpv6SourceNat": "on"},
        },
        becomes={
            "Name": lambda value, _: ("LoadBalancerName", value),
            "Subnets": one_zone,
        },
    ),
    "DescribeLoadBalancers": named(lambda elb: {}, "LoadBalancerArns", "Names", *PAGE),
    "DeleteLoadBalancer": named(load_balancer, "LoadBalancerArn"),
    "DescribeLoadBalancerAttributes": named(load_balancer, "LoadBalancerArn"),
    "DescribeCapacityReservation": named(load_balancer, "LoadBalancerArn"),
    "ModifyLoadBalancerAttributes": Recipe(
        **attribute(load_balancer, "deletion_protection.enabled", "true"),
        read=reads("describe_load_balancer_attributes", "LoadBalancerArn"),
        names=frozenset({"LoadBalancerArn"}),
    ),
    "SetSecurityGroups": Recipe(
        grouped,
        read_load_balancer,
        names=frozenset({"LoadBalancerArn"}),
        values={"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off"},
        whole={"SecurityGroups": with_groups},
    ),
    "SetSubnets": Recipe(
        placed,
        read_load_balancer,
        names=frozenset({"LoadBalancerArn"}),
        whole={
            "Subnets": with_subnets,
            "SubnetMappings.SubnetId": mapped,
            "SubnetMappings.PrivateIPv4Address": mapped,
            "IpAddressType": {"IpAddressType": "dualstack"},
            "EnablePrefixForIpv6SourceNat": {"EnablePrefixForIpv6SourceNat": "on"},
        },
        becomes={"Subnets": one_zone},
    ),
    "SetIpAddressType": Recipe(
        lambda elb: {**load_balancer(elb), "IpAddressType": "ipv4"},
        names=frozenset({"LoadBalancerArn"}),
        values={"IpAddressType": "dualstack"},
    ),
    "CreateTargetGroup": Recipe(
        to_create_target_group,
        both(read_target_group, tags_of("TargetGroupArn")),
        values={"Name": "walk", "Protocol": "TCP_UDP", "TargetType": "ip", "IpAddressType": "ipv6", **HEALTH},
        beside=HTTP,
        whole={"VpcId": lambda elb, _: {"VpcId": balancers(elb).ground.vpc}, "HealthCheckEnabled": {"HealthCheckEnabled": True}},
        becomes={"Name": lambda value, _: ("TargetGroupName", value)},
        never={"HealthCheckEnabled": ALWAYS},
    ),
    "DescribeTargetGroups": named(lambda elb: {}, "TargetGroupArns", "Names", "LoadBalancerArn", *PAGE),
    "ModifyTargetGroup": Recipe(
        http_group,
        read_target_group,
        names=frozenset({"TargetGroupArn"}),
        values=HEALTH,
        never={"HealthCheckEnabled": ALWAYS},
    ),
    "DeleteTargetGroup": named(target_group, "TargetGroupArn"),
    "DescribeTargetGroupAttributes": named(target_group, "TargetGroupArn"),
    "ModifyTargetGroupAttributes": Recipe(
        **attribute(target_group, "deregistration_delay.timeout_seconds", "17"),
        read=reads("describe_target_group_attributes", "TargetGroupArn"),
        names=frozenset({"TargetGroupArn"}),
    ),
    "RegisterTargets": Recipe(
        to_register,
        read_health,
        names=frozenset({"TargetGroupArn"}),
        whole={
            "Targets.Id": outside(),
            "Targets.Port": outside(Port=9090),
            "Targets.AvailabilityZone": outside(),
            "Targets.QuicServerId": outside(QuicServerId="0x0123456789abcdef"),
        },
    ),
    "DeregisterTargets": Recipe(
        registered,
        names=frozenset({"TargetGroupArn"}),
        whole={
            "Targets.Id": outside(),
            "Targets.Port": outside(Port=9090),
            "Targets.AvailabilityZone": outside(),
            "Targets.QuicServerId": outside(QuicServerId="0x0123456789abcdef"),
        },
        never={path: "it says which target" for path in ("Targets.Id", "Targets.Port", "Targets.AvailabilityZone")},
    ),
    "DescribeTargetHealth": Recipe(
        registered,
        names=frozenset({"TargetGroupArn"}),
        whole={
            "Targets.Id": outside(),
            "Targets.Port": outside(Port=9090),
            "Targets.AvailabilityZone": outside(),
            "Targets.QuicServerId": outside(QuicServerId="0x0123456789abcdef"),
        },
        values={"Include": ["All"]},
    ),
    "CreateListener": Recipe(
        to_create_listener,
        both(read_listener, tags_of("ListenerArn")),
        names=frozenset({"LoadBalancerArn"}),
        whole={**ACTIONS, "Protocol": secured()},
        **LISTENER,
    ),
    "DescribeListeners": named(
        load_balancer,
        "LoadBalancerArn",
        *PAGE,
        whole={"ListenerArns": listener_alone},
        becomes={"ListenerArns": lambda value, _: ("ListenerArn", value[0])},
    ),
    "ModifyListener": Recipe(
        listener,
        read_listener,
        names=frozenset({"ListenerArn"}),
        whole={**ACTIONS, "Protocol": secured()},
        **LISTENER,
    ),
    "DeleteListener": named(listener, "ListenerArn"),
    "DescribeListenerAttributes": named(listener, "ListenerArn"),
    "ModifyListenerAttributes": Recipe(
        **attribute(listener, "tcp.idle_timeout.seconds", "601"),
        read=reads("describe_listener_attributes", "ListenerArn"),
        names=frozenset({"ListenerArn"}),
    ),
    "AddListenerCertificates": Recipe(
        lambda elb: {**tls_listener(elb), **certificates(elb)},
        reads("describe_listener_certificates", "ListenerArn"),
        names=frozenset({"ListenerArn"}),
        whole={"Certificates.CertificateArn": certificates},
    ),
    "DescribeListenerCertificates": named(tls_listener, "ListenerArn", *PAGE),
    "RemoveListenerCertificates": Recipe(
        lambda elb: {**tls_listener(elb), **certificates(elb)},
        names=frozenset({"ListenerArn"}),
        never={"Certificates.CertificateArn": "it says which certificate"},
    ),
    "AddTags": Recipe(
        lambda elb: {"ResourceArns": [target_group(elb)["TargetGroupArn"]], "Tags": [{"Key": "a", "Value": "b"}]},
        lambda elb, sent, answer: elb.describe_tags(ResourceArns=sent["ResourceArns"]),
        names=frozenset({"ResourceArns"}),
    ),
    "RemoveTags": named(
        lambda elb: {"ResourceArns": [target_group(elb)["TargetGroupArn"]], "TagKeys": ["a"]}, "ResourceArns", "TagKeys"
    ),
    "DescribeTags": named(lambda elb: {"ResourceArns": [target_group(elb)["TargetGroupArn"]]}, "ResourceArns"),
    "DescribeAccountLimits": named(lambda elb: {}, *PAGE),
}
