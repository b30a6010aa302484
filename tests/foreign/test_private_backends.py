"""A private backend as users of AWS build it: instances in private subnets, a load balancer in front of them, a VPC link to it.

Once with the aws command line and its waiters, once with boto3 in the wrong order, once in AWS's own times.
"""

import os
import re
import shlex
import subprocess
import time

import boto3
import pytest
from botocore.exceptions import WaiterError
from conftest import CREDENTIALS, REGION, refused
from elbv2_things import forward
from gateway import Api

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def wait(client, what, attempts=300, **named):
    client.get_waiter(what).wait(**named, WaiterConfig={"Delay": 0.1, "MaxAttempts": attempts})


def test_the_road_by_the_command_line(aws, unique):
    """Every command as a shell script would have it."""

    def run(command):
        return aws(*shlex.split(command))

    tags = f"ResourceType=vpc,Tags=[{{Key=Name,Value={unique}}}]"
    vpc = run(f"ec2 create-vpc --cidr-block 10.20.0.0/16 --tag-specifications {tags} --query Vpc.VpcId")
    assert run(f"ec2 wait vpc-available --vpc-ids {vpc}") == {}
    subnets = [
        run(f"ec2 create-subnet --vpc-id {vpc} --cidr-block 10.20.{at}.0/24 --availability-zone {REGION}{zone} --query Subnet.SubnetId")
        for at, zone in enumerate("ab")
    ]
    front, back = [
        run(f"ec2 create-security-group --vpc-id {vpc} --group-name {unique}-{side} --description {side} --query GroupId")
        for side in ("front", "back")
    ]
    run(f"ec2 authorize-security-group-ingress --group-id {front} --protocol tcp --port 80 --cidr 10.20.0.0/16")
    run(f"ec2 authorize-security-group-ingress --group-id {back} --protocol tcp --port 8080 --source-group {front}")
    instance = run(
        f"ec2 run-instances --image-id resolve:ssm:{IMAGE} --instance-type t4g.nano --count 1 --subnet-id {subnets[0]} "
        f"--security-group-ids {back} --no-associate-public-ip-address --metadata-options HttpTokens=required "
        "--query Instances[0].InstanceId"
    )
    run(f"ec2 wait instance-running --instance-ids {instance}")
    run(f"ec2 wait instance-status-ok --instance-ids {instance}")
    balancer = run(
        f"elbv2 create-load-balancer --name {unique} --type network --scheme internal --subnets {' '.join(subnets)} "
        f"--security-groups {front} --query LoadBalancers[0].LoadBalancerArn"
    )
    run(f"elbv2 wait load-balancer-available --load-balancer-arns {balancer}")
    group = run(
        f"elbv2 create-target-group --name {unique} --protocol TCP --port 8080 --vpc-id {vpc} --target-type instance "
        "--query TargetGroups[0].TargetGroupArn"
    )
    run(f"elbv2 register-targets --target-group-arn {group} --targets Id={instance}")
    health = f"elbv2 describe-target-health --target-group-arn {group} --query TargetHealthDescriptions[].TargetHealth.State"
    assert run(health) == ["unused"]
    listener = run(
        f"elbv2 create-listener --load-balancer-arn {balancer} --protocol TCP --port 80 "
        f"--default-actions Type=forward,TargetGroupArn={group} --query Listeners[0].ListenerArn"
    )
    run(f"elbv2 wait target-in-service --target-group-arn {group}")
    assert run(health) == ["healthy"]
    link = run(f"apigateway create-vpc-link --name {unique} --target-arns {balancer} --query id")
    assert run(f"apigateway get-vpc-link --vpc-link-id {link} --query status") == "AVAILABLE"
    # Deleted again, from the front to the back.
    for command in [
        f"apigateway delete-vpc-link --vpc-link-id {link}",
        f"elbv2 delete-listener --listener-arn {listener}",
        f"elbv2 delete-load-balancer --load-balancer-arn {balancer}",
        f"elbv2 wait load-balancers-deleted --load-balancer-arns {balancer}",
        f"elbv2 delete-target-group --target-group-arn {group}",
        f"ec2 terminate-instances --instance-ids {instance}",
        f"ec2 wait instance-terminated --instance-ids {instance}",
        f"ec2 delete-security-group --group-id {back}",
        f"ec2 delete-security-group --group-id {front}",
        *(f"ec2 delete-subnet --subnet-id {subnet}" for subnet in subnets),
        f"ec2 delete-vpc --vpc-id {vpc}",
    ]:
        run(command)
    with pytest.raises(AssertionError, match="InvalidVpcID.NotFound"):
        run(f"ec2 describe-vpcs --vpc-ids {vpc}")


class Road:
    """The same, built with boto3 as a script would."""

    def __init__(self, client, unique):
        self.ec2, self.elb, self.gateway = client("ec2"), client("elbv2"), client("apigateway")
        self.image = client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
        self.name = unique
        self.vpc = self.ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
        blocks = {"a": "10.30.0.0/24", "b": "10.30.1.0/24"}
        self.subnets = [self.subnet(zone, block) for zone, block in blocks.items()]
        self.front, self.back = self.group("front"), self.group("back")
        self.let(self.front, 80, IpRanges=[{"CidrIp": "10.30.0.0/16"}])
        self.let(self.back, 8080, UserIdGroupPairs=[{"GroupId": self.front}])

    def subnet(self, zone, block):
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=REGION + zone)
        return made["Subnet"]["SubnetId"]

    def group(self, side):
        made = self.ec2.create_security_group(GroupName=f"{self.name}-{side}", Description=side, VpcId=self.vpc)
        return made["GroupId"]

    def let(self, group, port, **sources):
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **sources}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def launch(self, subnet=0):
        wanted = {"ImageId": self.image, "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1}
        made = self.ec2.run_instances(**wanted, SubnetId=self.subnets[subnet], SecurityGroupIds=[self.back])
        return made["Instances"][0]["InstanceId"]

    def balancer(self):
        wanted = {"Name": self.name, "Type": "network", "Scheme": "internal", "Subnets": self.subnets}
        return self.elb.create_load_balancer(**wanted, SecurityGroups=[self.front])["LoadBalancers"][0]["LoadBalancerArn"]

    def targets(self):
        wanted = {"Name": self.name, "Protocol": "TCP", "Port": 8080, "VpcId": self.vpc, "TargetType": "instance"}
        return self.elb.create_target_group(**wanted)["TargetGroups"][0]["TargetGroupArn"]

    def listen(self, balancer, group, port=80):
        wanted = {"LoadBalancerArn": balancer, "Protocol": "TCP", "Port": port, "DefaultActions": [forward(group)]}
        return self.elb.create_listener(**wanted)["Listeners"][0]["ListenerArn"]

    def link(self, balancer):
        return self.gateway.create_vpc_link(name=self.name, targetArns=[balancer])["id"]

    def serve(self, link, listener_port=80):
        """An API whose root goes through the link, on a stage."""
        api = Api(self.gateway)
        method = api.put_method()
        uri = f"http://inside.example.com:{listener_port}/"
        self.gateway.put_integration(
            **method, type="HTTP_PROXY", integrationHttpMethod="GET", uri=uri, connectionType="VPC_LINK", connectionId=link
        )
        return api, api.stage()


def test_the_road_taken_down_in_the_wrong_order(client, unique):
    road = Road(client, unique)
    ec2, elb, gateway = road.ec2, road.elb, road.gateway
    instance, balancer, group = road.launch(), road.balancer(), road.targets()
    wait(ec2, "instance_running", InstanceIds=[instance])
    wait(elb, "load_balancer_available", LoadBalancerArns=[balancer])
    with refused("InvalidTarget", "i-00000000000000000"):
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "i-00000000000000000"}])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}])
    listener = road.listen(balancer, group)
    with refused("DuplicateListener"):
        other = elb.create_target_group(Name=f"{unique}-other", Protocol="TCP", Port=81, VpcId=road.vpc)
        road.listen(balancer, other["TargetGroups"][0]["TargetGroupArn"])
    wait(elb, "target_in_service", TargetGroupArn=group)
    link = road.link(balancer)
    api, stage = road.serve(link)

    def held():
        """What is refused while something still needs it."""
        return [
            (ec2.delete_vpc, {"VpcId": road.vpc}, "DependencyViolation"),
            *((ec2.delete_subnet, {"SubnetId": subnet}, "DependencyViolation") for subnet in road.subnets),
            (ec2.delete_security_group, {"GroupId": road.front}, "DependencyViolation"),
            (ec2.delete_security_group, {"GroupId": road.back}, "DependencyViolation"),
            (elb.delete_target_group, {"TargetGroupArn": group}, "ResourceInUse"),
            (elb.delete_load_balancer, {"LoadBalancerArn": balancer}, "ResourceInUse"),
            (gateway.delete_vpc_link, {"vpcLinkId": link}, "BadRequestException"),
        ]

    def all_held(from_the_end):
        for delete, named, code in held()[: len(held()) - from_the_end]:
            with refused(code):
                delete(**named)

    all_held(0)
    gateway.delete_stage(**stage)
    gateway.delete_vpc_link(vpcLinkId=link)
    all_held(2)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    with refused("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[listener])
    elb.delete_target_group(TargetGroupArn=group)
    # The instance is still in the first subnet and in the group; the front group is named by a rule of the back one.
    for delete, named in [
        (ec2.delete_subnet, {"SubnetId": road.subnets[0]}),
        (ec2.delete_security_group, {"GroupId": road.back}),
        (ec2.delete_security_group, {"GroupId": road.front}),
        (ec2.delete_vpc, {"VpcId": road.vpc}),
    ]:
        with refused("DependencyViolation"):
            delete(**named)
    ec2.terminate_instances(InstanceIds=[instance])
    wait(ec2, "instance_terminated", InstanceIds=[instance])
    for group in (road.back, road.front):
        ec2.delete_security_group(GroupId=group)
    for subnet in road.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=road.vpc)


def test_targets_come_and_go_with_their_instances(client, unique):
    road = Road(client, unique)
    ec2, elb = road.ec2, road.elb
    road.let(road.back, 9090, UserIdGroupPairs=[{"GroupId": road.front}])
    first, second = road.launch(0), road.launch(1)
    balancer, group = road.balancer(), road.targets()
    wait(ec2, "instance_running", InstanceIds=[first, second])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": first}, {"Id": second, "Port": 9090}])
    road.listen(balancer, group)

    def health():
        rows = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {(row["Target"]["Id"], row["Target"]["Port"]): row["TargetHealth"]["State"] for row in rows}

    wait(elb, "load_balancer_available", LoadBalancerArns=[balancer])
    wait(elb, "target_in_service", TargetGroupArn=group)
    assert health() == {(first, 8080): "healthy", (second, 9090): "healthy"}
    ec2.stop_instances(InstanceIds=[first])
    wait(ec2, "instance_stopped", InstanceIds=[first])
    assert health()[first, 8080] == "unused"
    ec2.start_instances(InstanceIds=[first])
    wait(ec2, "instance_running", InstanceIds=[first])
    assert health()[first, 8080] == "healthy"
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": second, "Port": 9090}])
    wait(elb, "target_deregistered", TargetGroupArn=group, Targets=[{"Id": second, "Port": 9090}])
    ec2.terminate_instances(InstanceIds=[second])
    assert {target for target, _ in health()} == {first}
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    ec2.terminate_instances(InstanceIds=[first])


@pytest.fixture
def faithful():
    """Clients of a local AWS of its own that takes AWS's times, a hundred times as fast."""
    scale = 100
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--realistic", "--time-scale", str(scale)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
            yield lambda service: boto3.client(service, region_name=REGION, endpoint_url=url, **CREDENTIALS)
        finally:
            server.terminate()


def test_the_road_in_awss_times(faithful, unique):
    road = Road(faithful, unique)
    ec2, elb, gateway = road.ec2, road.elb, road.gateway
    instance, balancer, group = road.launch(), road.balancer(), road.targets()
    states = [elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]["State"]["Code"]]
    with pytest.raises(WaiterError):
        wait(elb, "load_balancer_available", 2, LoadBalancerArns=[balancer])
    wait(ec2, "instance_running", InstanceIds=[instance])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}])
    road.listen(balancer, group)
    wait(elb, "load_balancer_available", LoadBalancerArns=[balancer])
    states.append(elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]["State"]["Code"])
    assert states == ["provisioning", "active"]
    wait(elb, "target_in_service", TargetGroupArn=group)
    link = road.link(balancer)
    assert gateway.get_vpc_link(vpcLinkId=link)["status"] == "PENDING"
    until = time.monotonic() + 30
    while (status := gateway.get_vpc_link(vpcLinkId=link)["status"]) == "PENDING" and time.monotonic() < until:
        time.sleep(0.2)
    assert status == "AVAILABLE"
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": instance}])
    rows = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [row["TargetHealth"]["State"] for row in rows] == ["draining"]
    gateway.delete_vpc_link(vpcLinkId=link)
    # While the link is being deleted, it still uses the load balancer.
    with refused("ResourceInUse"):
        elb.delete_load_balancer(LoadBalancerArn=balancer)
    while link in {row["id"] for row in gateway.get_vpc_links()["items"]} and time.monotonic() < until:
        time.sleep(0.2)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    # A deleted load balancer's interfaces remain for a while.
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=road.subnets[1])
    ec2.terminate_instances(InstanceIds=[instance])
    wait(ec2, "instance_terminated", InstanceIds=[instance])
    elb.delete_target_group(TargetGroupArn=group)
    ec2.delete_security_group(GroupId=road.back)
    while time.monotonic() < until:
        rows = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [road.vpc]}])["NetworkInterfaces"]
        if not rows:
            break
        assert {row["RequesterId"] for row in rows} == {"amazon-elb"}
        time.sleep(0.1)
    ec2.delete_security_group(GroupId=road.front)
    for subnet in road.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=road.vpc)
