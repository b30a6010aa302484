"""Target groups, listeners, certificates, and the health of targets."""

import pytest
from certificates import imported
from conftest import refused
from elbv2_things import Balancers, forward, name, within


@pytest.fixture(scope="module")
def balancers(client):
    return Balancers(client)


@pytest.fixture(scope="module")
def elb(balancers):
    return balancers.elb


@pytest.fixture(scope="module")
def ground(balancers):
    return balancers.ground


def read_group(elb, arn):
    return elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]


def test_a_target_group_has_the_defaults_of_its_protocol(elb, balancers, ground):
    made = balancers.target_group(TargetType="instance")
    assert made == read_group(elb, made["TargetGroupArn"])
    for member, value in {
        "Protocol": "TCP",
        "Port": 8080,
        "VpcId": ground.vpc,
        "TargetType": "instance",
        "IpAddressType": "ipv4",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "TCP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "LoadBalancerArns": [],
    }.items():
        assert made[member] == value, member
    assert "HealthCheckPath" not in made and "Matcher" not in made
    http = balancers.target_group(HealthCheckProtocol="HTTP")
    assert (http["HealthCheckPath"], http["Matcher"], http["HealthCheckTimeoutSeconds"]) == ("/", {"HttpCode": "200-399"}, 6)
    https = balancers.target_group(HealthCheckProtocol="HTTPS", HealthCheckPath="/health", Matcher={"HttpCode": "200,204"})
    assert (https["HealthCheckPath"], https["Matcher"]) == ("/health", {"HttpCode": "200,204"})
    assert https["HealthCheckTimeoutSeconds"] == 10


def test_a_health_check_is_changed_alone(elb, balancers):
    arn = balancers.target_group()["TargetGroupArn"]
    changed = {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "8081",
        "HealthCheckPath": "/up",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200-299"},
    }
    answer = elb.modify_target_group(TargetGroupArn=arn, **changed)["TargetGroups"][0]
    assert changed.items() <= answer.items() and answer == read_group(elb, arn)
    elb.modify_target_group(TargetGroupArn=arn, UnhealthyThresholdCount=2)
    assert read_group(elb, arn)["HealthCheckPath"] == "/up"


@pytest.mark.parametrize(
    "wrong, code, words",
    [
        ({"HealthCheckProtocol": "UDP"}, "ValidationError", "must be one of 'HTTP, HTTPS, TCP'"),
        ({"HealthCheckPort": "0"}, "ValidationError", "Health check port"),
        ({"HealthCheckPath": "/"}, "InvalidConfigurationRequest", "'TCP'"),
        ({"Matcher": {"HttpCode": "200"}}, "InvalidConfigurationRequest", "'TCP'"),
        ({"HealthCheckEnabled": False}, "InvalidConfigurationRequest", "must be true"),
        ({"HealthCheckIntervalSeconds": 5}, "ValidationError", "timeout '10'"),
        ({"HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "200-700"}}, "ValidationError", "200-599"),
        ({"HealthCheckProtocol": "HTTP", "HealthCheckPath": "up"}, "ValidationError", "must begin with"),
        ({"VpcId": "vpc-00000000000000000"}, "ValidationError", "is not found"),
        ({"Name": "a_b"}, "ValidationError", "alphanumeric"),
    ],
)
def test_target_groups_that_can_not_be(balancers, wrong, code, words):
    with refused(code, words):
        balancers.target_group(**wrong)


def test_required_members(elb, ground):
    with refused("ValidationError", "protocol"):
        elb.create_target_group(Name=name())
    with refused("ValidationError", "port"):
        elb.create_target_group(Name=name(), Protocol="TCP")
    with refused("ValidationError", "VPC"):
        elb.create_target_group(Name=name(), Protocol="TCP", Port=80)
    with refused("NotImplemented", "Protocol HTTP", status=501):
        elb.create_target_group(Name=name(), Protocol="HTTP", Port=80, VpcId=ground.vpc)


def test_the_same_target_group_again(balancers):
    wanted = {"Name": name()}
    first = balancers.target_group(**wanted)
    assert balancers.target_group(**wanted)["TargetGroupArn"] == first["TargetGroupArn"]
    with refused("DuplicateTargetGroupName", "exists, but with different settings"):
        balancers.target_group(**wanted, Port=81)


def attributes(elb, arn):
    answer = elb.describe_target_group_attributes(TargetGroupArn=arn)
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def test_attributes(elb, balancers):
    by_address, by_instance, udp = (
        balancers.target_group(**members)["TargetGroupArn"]
        for members in ({}, {"TargetType": "instance"}, {"Protocol": "UDP"})
    )
    before = attributes(elb, by_address)
    assert before["deregistration_delay.timeout_seconds"] == "300"
    assert before["stickiness.enabled"] == "false" and before["stickiness.type"] == "source_ip"
    assert before["preserve_client_ip.enabled"] == "false"
    assert attributes(elb, by_instance)["preserve_client_ip.enabled"] == "true"
    assert attributes(elb, udp)["deregistration_delay.connection_termination.enabled"] == "true"

    def modify(arn, key, value):
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}])

    modify(by_address, "deregistration_delay.timeout_seconds", "20")
    assert attributes(elb, by_address) == {**before, "deregistration_delay.timeout_seconds": "20"}
    with refused("ValidationError", "between '0' and '3600'"):
        modify(by_address, "deregistration_delay.timeout_seconds", "3601")
    with refused("ValidationError", "is not recognized"):
        modify(by_address, "nonsense", "1")
    with refused("InvalidConfigurationRequest", "lb_cookie"):
        modify(by_address, "stickiness.type", "lb_cookie")
    with refused("InvalidConfigurationRequest", "not supported"):
        modify(by_address, "slow_start.duration_seconds", "30")
    with refused("InvalidConfigurationRequest", "UDP"):
        modify(udp, "preserve_client_ip.enabled", "false")


def test_addresses_as_targets(elb, balancers, ground):
    arn = balancers.target_group()["TargetGroupArn"]
    address = within(ground.cidrs[0], 50)
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": address}, {"Id": address, "Port": 9000}])
    assert balancers.health(arn) == [("unused", "Target.NotInUse")] * 2
    listener = balancers.listener(group=arn)
    rows = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert [row["Target"] for row in rows] == [
        {"Id": address, "Port": port, "AvailabilityZone": ground.zones[0]} for port in (8080, 9000)
    ]
    assert [row["HealthCheckPort"] for row in rows] == ["8080", "9000"]
    assert [row["TargetHealth"] for row in rows] == [{"State": "healthy"}] * 2
    assert read_group(elb, arn)["LoadBalancerArns"] == [listener["LoadBalancerArn"]]
    elb.get_waiter("target_in_service").wait(TargetGroupArn=arn)
    other = {"Id": within(ground.cidrs[0], 51)}
    assert balancers.health(arn, other) == [("unused", "Target.NotRegistered")]
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": address, "Port": 9000}, other])
    assert balancers.health(arn) == [("healthy", None)]
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": address}])
    assert balancers.health(arn) == []


def test_addresses_that_can_not_be(elb, balancers, ground):
    arn = balancers.target_group()["TargetGroupArn"]

    def register(**target):
        elb.register_targets(TargetGroupArn=arn, Targets=[target])

    with refused("ValidationError", "not a valid IPv4 address"):
        register(Id="i-0123456789abcdef0")
    with refused("ValidationError", "publicly routable"):
        register(Id="8.8.8.8")
    with refused("ValidationError", "must specify an Availability Zone"):
        register(Id="192.168.9.9")
    register(Id="192.168.9.9", AvailabilityZone="all")
    with refused("TargetGroupNotFound"):
        elb.register_targets(TargetGroupArn=arn[:-4] + "0000", Targets=[{"Id": "10.0.0.1"}])


def test_instances_as_targets(elb, balancers, ground):
    arn = balancers.target_group(TargetType="instance")["TargetGroupArn"]
    outside = balancers.ground.group()
    inside = ground.group(FromPort=8080, ToPort=8080, UserIdGroupPairs=[{"GroupId": outside}])
    instance = ground.instance(inside)
    ground.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance}])
    load_balancer = balancers.load_balancer(SecurityGroups=[outside])["LoadBalancerArn"]
    balancers.listener(load_balancer, arn)
    rows = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert [(row["Target"], row["TargetHealth"]["State"]) for row in rows] == [({"Id": instance, "Port": 8080}, "healthy")]
    # The group allows no health check on this port.
    elb.modify_target_group(TargetGroupArn=arn, HealthCheckPort="9999")
    assert balancers.health(arn) == [("unhealthy", "Target.FailedHealthChecks")]
    elb.modify_target_group(TargetGroupArn=arn, HealthCheckPort="traffic-port")
    ground.ec2.stop_instances(InstanceIds=[instance])
    assert balancers.health(arn) == [("unused", "Target.InvalidState")]
    with refused("InvalidTarget", "not in a running state"):
        elb.register_targets(TargetGroupArn=balancers.target_group(TargetType="instance")["TargetGroupArn"], Targets=[{"Id": instance}])
    with refused("InvalidTarget", "not valid instances"):
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "i-00000000000000000"}])
    with refused("ValidationError", "not a valid instance ID"):
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.1"}])


def test_a_listener_comes_back_as_aws_gives_it(elb, balancers):
    group = balancers.target_group()["TargetGroupArn"]
    made = balancers.listener(group=group, Port=443)
    assert made["ListenerArn"].startswith(made["LoadBalancerArn"].replace(":loadbalancer/", ":listener/") + "/")
    assert (made["Port"], made["Protocol"]) == (443, "TCP")
    action = made["DefaultActions"][0]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", group)
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": group, "Weight": 1}]
    assert "SslPolicy" not in made and "Certificates" not in made
    assert elb.describe_listeners(LoadBalancerArn=made["LoadBalancerArn"])["Listeners"] == [made]
    assert elb.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"] == [made]
    with refused("ValidationError", "either listener ARNs or a load balancer ARN"):
        elb.describe_listeners()
    # Repeating the same call succeeds; another listener on its port does not.
    assert balancers.listener(made["LoadBalancerArn"], group, Port=443) == made
    with refused("DuplicateListener", "already exists on this port"):
        balancers.listener(made["LoadBalancerArn"], Port=443)


def test_listeners_that_can_not_be(elb, balancers):
    load_balancer = balancers.load_balancer()["LoadBalancerArn"]
    group = balancers.target_group()["TargetGroupArn"]
    with refused("ValidationError", "must be one of"):
        balancers.listener(load_balancer, group, Protocol="HTTP")
    with refused("IncompatibleProtocols"):
        balancers.listener(load_balancer, group, Protocol="UDP")
    with refused("TargetGroupNotFound"):
        balancers.listener(load_balancer, group[:-4] + "0000")
    with refused("LoadBalancerNotFound"):
        balancers.listener(load_balancer[:-4] + "0000", group)
    with refused("InvalidLoadBalancerAction"):
        balancers.listener(load_balancer, DefaultActions=[{"Type": "redirect"}])
    with refused("ValidationError", "listener protocol"):
        elb.create_listener(LoadBalancerArn=load_balancer, Port=80, DefaultActions=[forward(group)])
    balancers.listener(load_balancer, group)
    with refused("TargetGroupAssociationLimit", "more than one load balancer"):
        balancers.listener(balancers.load_balancer()["LoadBalancerArn"], group)
    with refused("ResourceInUse", "currently in use by a listener or a rule"):
        elb.delete_target_group(TargetGroupArn=group)


def test_a_listener_is_changed_and_deleted(elb, balancers):
    made = balancers.listener()
    arn, first = made["ListenerArn"], made["DefaultActions"][0]["TargetGroupArn"]
    second = balancers.target_group()["TargetGroupArn"]
    other = balancers.listener(made["LoadBalancerArn"], Port=81)
    answer = elb.modify_listener(ListenerArn=arn, DefaultActions=[forward(second)])["Listeners"][0]
    assert answer["DefaultActions"][0]["TargetGroupArn"] == second and answer["Port"] == 80
    elb.delete_target_group(TargetGroupArn=first)
    elb.delete_target_group(TargetGroupArn=first)
    with refused("ValidationError", "Listener port '81' is already in use"):
        elb.modify_listener(ListenerArn=arn, Port=81)
    elb.modify_listener(ListenerArn=arn, Port=82)
    assert elb.describe_listeners(ListenerArns=[arn])["Listeners"][0]["Port"] == 82
    elb.delete_listener(ListenerArn=other["ListenerArn"])
    elb.delete_listener(ListenerArn=arn)
    with refused("ListenerNotFound"):
        elb.delete_listener(ListenerArn=arn)
    elb.delete_target_group(TargetGroupArn=second)
    with refused("TargetGroupNotFound", "One or more target groups not found"):
        elb.describe_target_groups(Names=["nothing"])


def test_listener_attributes(elb, balancers):
    arn = balancers.listener()["ListenerArn"]
    read = elb.describe_listener_attributes(ListenerArn=arn)["Attributes"]
    assert read == [{"Key": "tcp.idle_timeout.seconds", "Value": "350"}]
    set_to = [{"Key": "tcp.idle_timeout.seconds", "Value": "600"}]
    assert elb.modify_listener_attributes(ListenerArn=arn, Attributes=set_to)["Attributes"] == set_to
    assert elb.describe_listener_attributes(ListenerArn=arn)["Attributes"] == set_to
    with refused("ValidationError", "between '60' and '6000'"):
        elb.modify_listener_attributes(ListenerArn=arn, Attributes=[{"Key": "tcp.idle_timeout.seconds", "Value": "59"}])


def test_tls_needs_a_certificate(elb, balancers, client):
    first, second, third = (imported(elb, f"{name()}.example.com") for _ in range(3))
    with refused("ValidationError", "certificate"):
        balancers.listener(Protocol="TLS", Port=443)
    with refused("CertificateNotFound"):
        absent = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"
        balancers.listener(Protocol="TLS", Port=443, Certificates=[{"CertificateArn": absent}])
    with refused("SSLPolicyNotFound"):
        balancers.listener(Protocol="TLS", Port=443, Certificates=[{"CertificateArn": first}], SslPolicy="nonsense")
    with refused("InvalidConfigurationRequest", "Certificates"):
        balancers.listener(Certificates=[{"CertificateArn": first}])
    made = balancers.listener(Protocol="TLS", Port=443, Certificates=[{"CertificateArn": first}], AlpnPolicy=["None"])
    arn = made["ListenerArn"]
    assert made["Certificates"] == [{"CertificateArn": first}]
    assert (made["SslPolicy"], made["AlpnPolicy"]) == ("ELBSecurityPolicy-2016-08", ["None"])
    elb.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": second}])

    def read():
        rows = elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
        return {row["CertificateArn"]: row["IsDefault"] for row in rows}

    assert read() == {first: True, second: False}
    acm = client("acm")
    users = acm.describe_certificate(CertificateArn=second)["Certificate"]["InUseBy"]
    assert users == [made["LoadBalancerArn"]]
    pending = acm.request_certificate(DomainName=f"{name()}.example.com", ValidationMethod="DNS")["CertificateArn"]
    with refused("UnsupportedCertificate"):
        elb.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": pending}])
    elb.modify_listener(ListenerArn=arn, Certificates=[{"CertificateArn": third}])
    assert read() == {third: True, second: False}
    with refused("OperationNotPermitted", "Default certificate"):
        elb.remove_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": third}])
    elb.remove_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": second}])
    assert read() == {third: True}
    plain = elb.modify_listener(ListenerArn=arn, Protocol="TCP")["Listeners"][0]
    assert "Certificates" not in plain and "SslPolicy" not in plain
