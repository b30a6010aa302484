"""gatestack against moto, an outside opinion on Cognito, keys, plans, EC2 and ELBv2. moto runs as a process of its own.

Where moto differs from AWS's documentation it is listed here by name, and the documentation is right:

- TagResource and UntagResource of Cognito and of API Gateway's keys are missing (500 with a page), so an app client can't be
  marked and a domain's mark can't be taken off: the stack below has neither.
- UpdateUserPoolClient keeps what is not sent (AWS resets it); deletes that AWS refuses (a pool with a domain, a plan with
  stages) succeed, so neither resets nor the order of deletes are judged here.
- GetGatewayResponses lists one response, and routes with more than a mock meet what moto loses (`connectionId`,
  UpdateMethod, UpdateIntegration): the API below is one mock, and the one behind the private road is never changed.
- A load balancer's answer never says whether its security groups judge what comes through PrivateLink (off here, on by
  AWS's default), and its ARN says `app`; a TCP listener is given a TLS policy.
- `Instance.SecurityGroups` is empty where groups came with the network interface, as a launch without a public
  address needs; the interface has them, and so has the instance after ModifyInstanceAttribute.
- Everything is at work at once: load balancer, VPC link, instances. Targets are `healthy` before a listener leads to
  them and never `draining`; a ClientToken is kept and not obeyed; a protected load balancer can be deleted. So neither
  waiting nor launching once is judged here.
- The default VPC's subnets are public by their attribute and private by their route table, which leads nowhere; the
  route table is what gatestack looks at.
- A VPC link's integration is read back without `connectionId`, so a route through it always differs.
"""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest

REGION = "eu-west-1"
STACK = """
[stack]
name = "outside"
region = "eu-west-1"

[user_pool]
name = "Outside"
deletion_protection = false

[resource_servers.xxx-api]
scopes = { read = "read", write = "write" }

[api]
name = "outside"
stage = "prod"
requires = { api_key = true }

[api.routes]
"GET /health" = { mock = { status = 200, body = "ok" } }

[plans.Gold]
throttle = { rate = 50, burst = 100 }
quota = { requests = 1000, per = "week" }

[api_keys.batch]
plan = "Gold"
description = "the nightly run"

[api_keys.shut]
plan = "Gold"
enabled = false
"""

# The example's load balancer and instances, without the API in front of them.
ROAD = """
[stack]
name = "road"
region = "eu-west-1"

[load_balancer]
subnets = { vpc = "default", tags = { tier = "private" } }
listeners = { 80 = { to = 8080, drain = "30s", health = { protocol = "http", path = "/health" } } }

[load_balancer.targets.instances]
count = 2
type = "t3.micro"
image = "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
user_data = "backend.sh"
"""
USER_DATA = "#!/bin/bash\necho up\n"

# The other half: the link and a route through it, to addresses.
LINKED = """
[stack]
name = "linked"
region = "eu-west-1"

[load_balancer]
subnets = { vpc = "default", tags = { tier = "private" } }
listeners = { 80 = { to = 8080 } }
targets = { ips = ["172.31.0.50", "172.31.16.50"] }

[api]
name = "linked"
stage = "prod"
requires = "nothing"

[api.routes]
"GET /policies/{id}" = { http = "http://api.aws.com/policies/{id}", via = "load_balancer" }
"""

# Address and field of what differs although nothing does, see above.
LOST_BY_MOTO = {
    ("load_balancer", "judges_private_link"),
    ("load_balancer.listeners.80", "tls_policy"),
}


@pytest.fixture(scope="module")
def moto():
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                    break
            url = f"http://127.0.0.1:{found.group(1)}"
            for _ in range(50):
                try:
                    urllib.request.urlopen(url + "/moto-api/", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield url
        finally:
            server.kill()


@pytest.fixture(scope="module")
def gatestack(moto, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outside")
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def run(stack, *arguments):
        (folder / "stack.toml").write_text(stack)
        (folder / "backend.sh").write_text(USER_DATA)
        command = [os.environ["GATESTACK"], "--endpoint-url", moto, *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)

    return run


def client(moto, service):
    credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client(service, region_name=REGION, endpoint_url=moto, **credentials)


def test_a_life_on_moto(moto, gatestack):
    done = gatestack(STACK, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    cognito, apigateway = client(moto, "cognito-idp"), client(moto, "apigateway")
    (pool,) = cognito.list_user_pools(MaxResults=60)["UserPools"]
    servers = cognito.list_resource_servers(UserPoolId=pool["Id"], MaxResults=50)["ResourceServers"]
    assert [(server["Identifier"], sorted(scope["ScopeName"] for scope in server["Scopes"])) for server in servers] == [
        ("xxx-api", ["read", "write"])
    ]
    (plan,) = apigateway.get_usage_plans()["items"]
    assert plan["throttle"] == {"rateLimit": 50.0, "burstLimit": 100}
    assert {key["name"]: key["enabled"] for key in apigateway.get_api_keys()["items"]} == {"batch": True, "shut": False}
    members = apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert {member["name"] for member in members} == {"batch", "shut"}

    again = gatestack(STACK, "plan", "--json", "--detailed-exitcode")
    assert again.returncode == 0, json.dumps(json.loads(again.stdout)["changes"], indent=1)

    changed = STACK.replace("rate = 50", "rate = 60").replace('"the nightly run"', '"every night"')
    done = gatestack(changed, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    (plan,) = apigateway.get_usage_plans()["items"]
    assert plan["throttle"]["rateLimit"] == 60.0

    done = gatestack(changed, "destroy", "--confirm", "outside")
    assert done.returncode == 0, done.stdout + done.stderr
    assert cognito.list_user_pools(MaxResults=60)["UserPools"] == []
    assert apigateway.get_usage_plans()["items"] == []
    assert apigateway.get_api_keys()["items"] == []


@pytest.fixture
def subnets(moto):
    """Two of a fresh default VPC's subnets, which the stack finds by a tag."""
    urllib.request.urlopen(urllib.request.Request(moto + "/moto-api/reset", method="POST"), timeout=10).close()
    ec2 = client(moto, "ec2")
    two = sorted(ec2.describe_subnets()["Subnets"], key=lambda subnet: subnet["AvailabilityZone"])[:2]
    ids = [subnet["SubnetId"] for subnet in two]
    ec2.create_tags(Resources=ids, Tags=[{"Key": "tier", "Value": "private"}])
    return ids


def differing(done):
    assert done.stdout, done.stderr
    changes = json.loads(done.stdout)["changes"]
    assert {change["action"] for change in changes} <= {"update"}, changes
    return {(change["address"], field["name"]) for change in changes for field in change["fields"]}


def standing(ec2):
    """The instances that are there, in the order of the file."""
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    reservations = ec2.describe_instances(Filters=states)["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return sorted(instances, key=lambda instance: tags(instance)["gatestack:key"])


def tags(thing):
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


def registered(elbv2):
    (group,) = elbv2.describe_target_groups()["TargetGroups"]
    rows = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return {(row["Target"]["Id"], row["Target"]["Port"]) for row in rows}


def nothing_stands(ec2, elbv2):
    balancers, groups = elbv2.describe_load_balancers()["LoadBalancers"], elbv2.describe_target_groups()["TargetGroups"]
    names = {group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    return (standing(ec2), balancers, groups, names) == ([], [], [], {"default"})


def test_the_life_of_a_road_on_moto(moto, gatestack, subnets):
    ec2, elbv2, ssm = (client(moto, service) for service in ("ec2", "elbv2", "ssm"))
    done = gatestack(ROAD, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    assert (balancer["LoadBalancerName"], balancer["Type"], balancer["Scheme"]) == ("road", "network", "internal")
    assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == set(subnets)
    (door,) = balancer["SecurityGroups"]
    listed = elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    attributes = {attribute["Key"]: attribute["Value"] for attribute in listed}
    assert attributes["load_balancing.cross_zone.enabled"] == "true"
    assert attributes["deletion_protection.enabled"] == "true"

    (group,) = elbv2.describe_target_groups()["TargetGroups"]
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("TCP", 8080, "instance")
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/health")
    (listener,) = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 80)
    assert [action["TargetGroupArn"] for action in listener["DefaultActions"]] == [group["TargetGroupArn"]]

    instances = standing(ec2)
    assert {instance["SubnetId"] for instance in instances} == set(subnets)
    assert registered(elbv2) == {(instance["InstanceId"], 8080) for instance in instances}
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    for number, instance in enumerate(instances, 1):
        assert tags(instance)["Name"] == f"road-{number}"
        assert (instance["ImageId"], instance["InstanceType"]) == (image, "t3.micro")
        assert instance["MetadataOptions"]["HttpTokens"] == "required"
        assert "PublicIpAddress" not in instance
        answer = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
        assert base64.b64decode(answer["UserData"]["Value"]).decode() == USER_DATA
        (interface,) = instance["NetworkInterfaces"]
        (behind,) = interface["Groups"]
    (rules,) = ec2.describe_security_groups(GroupIds=[behind["GroupId"]])["SecurityGroups"]
    (rule,) = rules["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == ("tcp", 8080, 8080, [])
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [door]

    once = {(f"load_balancer.targets.instances/{number}", "security_groups") for number in (1, 2)}
    assert differing(gatestack(ROAD, "plan", "--json")) == LOST_BY_MOTO | once
    done = gatestack(ROAD, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(gatestack(ROAD, "plan", "--json")) == LOST_BY_MOTO

    # Another instance and another drain; then another type, for which new instances take the place of the old.
    changed = ROAD.replace("count = 2", "count = 3").replace('"30s"', '"90s"')
    done = gatestack(changed, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    grown = standing(ec2)
    assert [one["InstanceId"] for one in grown[:2]] == [one["InstanceId"] for one in instances]
    assert registered(elbv2) == {(instance["InstanceId"], 8080) for instance in grown}
    listed = elbv2.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "90"} in listed

    rolled = changed.replace('"t3.micro"', '"t3.small"')
    done = gatestack(rolled, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    fresh = standing(ec2)
    assert [instance["InstanceType"] for instance in fresh] == ["t3.small"] * 3
    assert not {instance["InstanceId"] for instance in fresh} & {instance["InstanceId"] for instance in grown}
    assert registered(elbv2) == {(instance["InstanceId"], 8080) for instance in fresh}

    done = gatestack(rolled, "destroy", "--confirm", "road")
    assert done.returncode == 0, done.stdout + done.stderr
    assert nothing_stands(ec2, elbv2)


def test_a_link_and_addresses_on_moto(moto, gatestack, subnets):
    ec2, elbv2, apigateway = (client(moto, service) for service in ("ec2", "elbv2", "apigateway"))
    done = gatestack(LINKED, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    (balancer,) = elbv2.describe_load_balancers()["LoadBalancers"]
    (link,) = apigateway.get_vpc_links()["items"]
    assert (link["name"], link["status"]) == ("linked", "AVAILABLE")
    assert link["targetArns"] == [balancer["LoadBalancerArn"]]
    assert link["tags"]["gatestack:stack"] == "linked"
    assert registered(elbv2) == {("172.31.0.50", 8080), ("172.31.16.50", 8080)}

    (api,) = apigateway.get_rest_apis()["items"]
    resources = apigateway.get_resources(restApiId=api["id"], embed=["methods"])["items"]
    (method,) = [one for resource in resources for one in resource.get("resourceMethods", {}).values()]
    integration = method["methodIntegration"]
    assert integration["connectionType"] == "VPC_LINK"
    assert integration["uri"] == "http://api.aws.com/policies/{id}"
    assert integration["requestParameters"] == {"integration.request.path.id": "method.request.path.id"}
    (stage,) = apigateway.get_stages(restApiId=api["id"])["item"]
    (deployment,) = apigateway.get_deployments(restApiId=api["id"])["items"]
    assert stage["deploymentId"] == deployment["id"]

    assert "connectionId" not in integration
    assert differing(gatestack(LINKED, "plan", "--json")) == LOST_BY_MOTO | {
        ('api.routes."GET /policies/{id}"', "via"),
        ("api/deployment", "configuration"),
    }

    done = gatestack(LINKED, "destroy", "--confirm", "linked")
    assert done.returncode == 0, done.stdout + done.stderr
    assert nothing_stands(ec2, elbv2)
    assert apigateway.get_vpc_links()["items"] == []
    assert apigateway.get_rest_apis()["items"] == []
