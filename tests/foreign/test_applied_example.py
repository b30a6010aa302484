"""The example as boto3 sees it after `gatestack apply`: the real program, the real SDK, over HTTP."""

import base64
import os
import re
import subprocess
import tomllib
from pathlib import Path

import boto3
import pytest
from certificates import CREDENTIALS, imported

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "partner-api" / "stack.toml"
PRODUCTION = EXAMPLE.with_name("stack.prod.toml")


def gatestack(endpoint, *arguments):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [os.environ["GATESTACK"], "--endpoint-url", endpoint, *arguments, "-f", str(EXAMPLE)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def applied(endpoint):
    done = gatestack(endpoint, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    done = gatestack(endpoint, "destroy", "--confirm", "partner-api")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def region():
    return tomllib.loads(EXAMPLE.read_text())["stack"]["region"]


@pytest.fixture(scope="module")
def stack():
    return tomllib.loads(EXAMPLE.read_text())


@pytest.fixture(scope="module")
def cognito(applied, client, region):
    return client("cognito-idp", region=region)


@pytest.fixture(scope="module")
def apigateway(applied, client, region):
    return client("apigateway", region=region)


@pytest.fixture(scope="module")
def ec2(applied, client, region):
    return client("ec2", region=region)


@pytest.fixture(scope="module")
def elbv2(applied, client, region):
    return client("elbv2", region=region)


@pytest.fixture(scope="module")
def pool(cognito):
    pools = [pool for pool in cognito.list_user_pools(MaxResults=60)["UserPools"] if pool["Name"] == "XXX Users"]
    assert len(pools) == 1
    return cognito.describe_user_pool(UserPoolId=pools[0]["Id"])["UserPool"]


@pytest.fixture(scope="module")
def api(apigateway):
    apis = [api for api in apigateway.get_rest_apis()["items"] if api["name"] == "xxx-api"]
    assert len(apis) == 1
    return apis[0]


@pytest.fixture(scope="module")
def methods(apigateway, api):
    found = {}
    for resource in apigateway.get_resources(restApiId=api["id"], embed=["methods"], limit=500)["items"]:
        for verb, method in resource.get("resourceMethods", {}).items():
            found[f"{verb} {resource['path']}"] = method
    return found


@pytest.fixture(scope="module")
def subnets(ec2):
    """The default VPC's subnets that the file finds by a tag, by their ids."""
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    filters = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}, {"Name": "tag:tier", "Values": ["private"]}]
    return {subnet["SubnetId"]: subnet for subnet in ec2.describe_subnets(Filters=filters)["Subnets"]}


@pytest.fixture(scope="module")
def balancer(elbv2):
    (balancer,) = elbv2.describe_load_balancers(Names=["partner-api"])["LoadBalancers"]
    return balancer


@pytest.fixture(scope="module")
def group(elbv2, balancer):
    (group,) = elbv2.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
    return group


@pytest.fixture(scope="module")
def instances(ec2):
    """The stack's instances, in the order of the file."""
    return instances_of(ec2, "partner-api")


@pytest.fixture(scope="module")
def link(apigateway):
    (link,) = [link for link in apigateway.get_vpc_links()["items"] if link["name"] == "partner-api"]
    return link


def instances_of(ec2, stack):
    filters = [
        {"Name": "tag:gatestack:stack", "Values": [stack]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    reservations = ec2.describe_instances(Filters=filters)["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    return sorted(instances, key=lambda instance: plain(instance["Tags"])["gatestack:key"])


def plain(pairs):
    """A list of keys and values, such as tags, as a dictionary."""
    return {pair["Key"]: pair["Value"] for pair in pairs}


def marks(address, stack="partner-api"):
    """The tags of a resource of the stack."""
    return {"gatestack:stack": stack, "gatestack:key": address, "system": "partner-api"}


def test_the_pool(pool):
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 8,
        "RequireUppercase": True,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "TemporaryPasswordValidityDays": 7,
    }
    assert pool["UserPoolTags"]["gatestack:stack"] == "partner-api"
    assert pool["UserPoolTags"]["gatestack:key"] == "user_pool"


def test_the_domain(cognito, pool):
    domain = cognito.describe_user_pool_domain(Domain="xxx-123456789012")["DomainDescription"]
    assert domain["UserPoolId"] == pool["Id"]
    assert domain["Status"] == "ACTIVE"


def test_the_resource_server(cognito, pool):
    servers = cognito.list_resource_servers(UserPoolId=pool["Id"], MaxResults=50)["ResourceServers"]
    assert [(server["Identifier"], server["Scopes"]) for server in servers] == [
        ("xxx-api", [{"ScopeName": "read", "ScopeDescription": "read"}])
    ]


def test_every_partner_has_a_client_with_a_secret_and_nothing_more(cognito, pool, stack):
    listed = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)["UserPoolClients"]
    assert {client["ClientName"] for client in listed} == set(stack["partners"])
    for entry in listed:
        client = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=entry["ClientId"])["UserPoolClient"]
        assert len(client["ClientSecret"]) >= 24
        assert client["AllowedOAuthFlows"] == ["client_credentials"]
        assert client["AllowedOAuthFlowsUserPoolClient"] is True
        assert client["AllowedOAuthScopes"] == ["xxx-api/read"]
        assert client["ExplicitAuthFlows"] == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        assert "CallbackURLs" not in client or client["CallbackURLs"] == []


def test_the_api(api):
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert api["disableExecuteApiEndpoint"] is False
    assert api["tags"] == {"gatestack:stack": "partner-api", "gatestack:key": "api", **api["tags"]}


def test_the_authorizer_is_the_references(apigateway, api, pool):
    authorizers = apigateway.get_authorizers(restApiId=api["id"])["items"]
    assert len(authorizers) == 1
    authorizer = authorizers[0]
    assert authorizer["name"] == "XXXAuthorizer"
    assert authorizer["type"] == "COGNITO_USER_POOLS"
    assert authorizer["providerARNs"] == [pool["Arn"]]
    assert authorizer["identitySource"] == "method.request.header.Authorization"


def test_every_route_needs_the_token_the_scope_and_the_key(apigateway, api, methods, stack):
    authorizer = apigateway.get_authorizers(restApiId=api["id"])["items"][0]["id"]
    for name, route in stack["api"]["routes"].items():
        method = methods[name]
        if route.get("requires") == "nothing":
            assert method["authorizationType"] == "NONE"
            assert method["apiKeyRequired"] is False
            continue
        assert method["authorizationType"] == "COGNITO_USER_POOLS"
        assert method["authorizerId"] == authorizer
        assert method["authorizationScopes"] == ["xxx-api/read"]
        assert method["apiKeyRequired"] is True


def test_every_route_goes_through_the_link_and_carries_its_path_parameters(methods, link, stack):
    routed = {name: route for name, route in stack["api"]["routes"].items() if "http" in route}
    assert len(routed) == 4
    for name, route in routed.items():
        method = methods[name]
        integration = method["methodIntegration"]
        assert integration["type"] == "HTTP_PROXY"
        assert integration["uri"] == route["http"]
        assert integration["httpMethod"] == "GET"
        assert integration["timeoutInMillis"] == 29000
        assert (integration["connectionType"], integration["connectionId"]) == ("VPC_LINK", link["id"])
        carried = {"id"} if "{id}" in name else set()
        assert method["requestParameters"] == {f"method.request.path.{part}": True for part in carried}
        assert integration["requestParameters"] == {
            f"integration.request.path.{part}": f"method.request.path.{part}" for part in carried
        }
    assert "connectionId" not in methods["GET /health"]["methodIntegration"]


def test_the_link_leads_to_the_load_balancer(link, balancer):
    assert link["status"] == "AVAILABLE"
    assert link["targetArns"] == [balancer["LoadBalancerArn"]]
    assert link["tags"] == marks("api/vpc_link")


def test_the_load_balancer_is_internal_and_lets_the_link_through(ec2, elbv2, balancer, subnets):
    assert (balancer["Type"], balancer["Scheme"], balancer["IpAddressType"]) == ("network", "internal", "ipv4")
    assert balancer["State"] == {"Code": "active"}
    zones = {zone["SubnetId"]: zone["ZoneName"] for zone in balancer["AvailabilityZones"]}
    assert zones == {one: subnet["AvailabilityZone"] for one, subnet in subnets.items()}
    assert len(set(zones.values())) == 2
    assert {balancer["VpcId"]} == {subnet["VpcId"] for subnet in subnets.values()}
    assert balancer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    (door,) = ec2.describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]
    assert (door["GroupName"], door["IpPermissions"]) == ("partner-api-load-balancer", [])
    assert plain(door["Tags"]) == marks("load_balancer/security_group")

    arn = balancer["LoadBalancerArn"]
    attributes = plain(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])
    assert attributes["load_balancing.cross_zone.enabled"] == "true"
    assert attributes["deletion_protection.enabled"] == "true"
    (told,) = elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert plain(told["Tags"]) == marks("load_balancer")


def test_the_one_listener_leads_to_the_group(elbv2, balancer, group):
    (listener,) = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 80)
    assert "SslPolicy" not in listener and "Certificates" not in listener
    (action,) = listener["DefaultActions"]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", group["TargetGroupArn"])
    (told,) = elbv2.describe_tags(ResourceArns=[listener["ListenerArn"]])["TagDescriptions"]
    assert plain(told["Tags"]) == marks("load_balancer.listeners.80")


def test_the_group_checks_health_and_drains(elbv2, group, balancer):
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("TCP", 8080, "instance")
    assert group["VpcId"] == balancer["VpcId"]
    assert group["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert {name.removeprefix("HealthCheck"): told for name, told in group.items() if name.startswith("Health")} == {
        "Enabled": True,
        "Protocol": "HTTP",
        "Path": "/health",
        "Port": "traffic-port",
        "IntervalSeconds": 10,
        "TimeoutSeconds": 6,
        "HealthyThresholdCount": 3,
    }
    assert group["UnhealthyThresholdCount"] == 3
    assert group["Matcher"] == {"HttpCode": "200-399"}
    arn = group["TargetGroupArn"]
    attributes = plain(elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
    assert attributes["deregistration_delay.timeout_seconds"] == "300"
    (told,) = elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert plain(told["Tags"]) == marks("load_balancer.listeners.80/target_group")


def test_every_instance_is_registered_and_healthy(elbv2, group, instances):
    rows = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    seen = {(row["Target"]["Id"], row["Target"]["Port"], row["TargetHealth"]["State"]) for row in rows}
    assert seen == {(instance["InstanceId"], 8080, "healthy") for instance in instances}
    assert len(rows) == 2


def test_the_instances_are_private_spread_and_of_the_image_the_parameter_names(
    client, region, ec2, instances, subnets, stack
):
    asked = stack["load_balancer"]["targets"]["instances"]
    parameter = asked["image"].removeprefix("ssm:")
    image = client("ssm", region=region).get_parameter(Name=parameter)["Parameter"]["Value"]
    assert {instance["SubnetId"] for instance in instances} == set(subnets)
    for number, instance in enumerate(instances, 1):
        assert instance["State"]["Name"] == "running"
        assert (instance["ImageId"], instance["InstanceType"]) == (image, "t3.micro")
        assert "PublicIpAddress" not in instance and not instance.get("PublicDnsName")
        (interface,) = instance["NetworkInterfaces"]
        assert "Association" not in interface
        assert interface["Attachment"]["DeleteOnTermination"] is True
        assert interface["Groups"] == instance["SecurityGroups"]
        metadata = instance["MetadataOptions"]
        assert (metadata["HttpTokens"], metadata["HttpEndpoint"]) == ("required", "enabled")
        assert "IamInstanceProfile" not in instance and "KeyName" not in instance
        assert re.fullmatch("[0-9a-f]{64}", instance["ClientToken"])
        tags = plain(instance["Tags"])
        wanted = {**marks(f"load_balancer.targets.instances/{number}"), "Name": f"partner-api-{number}"}
        assert {name: tags.get(name) for name in wanted} == wanted
        assert tags["gatestack:image"] == asked["image"]
        named = {"InstanceId": instance["InstanceId"], "Attribute": "userData"}
        told = ec2.describe_instance_attribute(**named)["UserData"]["Value"]
        assert base64.b64decode(told) == EXAMPLE.with_name(asked["user_data"]).read_bytes()


def test_nobody_but_the_load_balancer_reaches_the_instances(ec2, instances, balancer):
    (group,) = {group["GroupId"] for instance in instances for group in instance["SecurityGroups"]}
    (told,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert (told["GroupName"], told["VpcId"]) == ("partner-api-instances", balancer["VpcId"])
    (rule,) = told["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 8080, 8080)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == balancer["SecurityGroups"]
    assert (rule["IpRanges"], rule["Ipv6Ranges"], rule["PrefixListIds"]) == ([], [], [])
    assert plain(told["Tags"]) == marks("load_balancer.targets.instances/security_group")


def test_every_path_has_a_preflight_that_needs_nothing(methods, stack):
    paths = {name.split(" ", 1)[1] for name in stack["api"]["routes"]}
    for path in paths:
        method = methods[f"OPTIONS {path}"]
        assert method["authorizationType"] == "NONE"
        assert method["apiKeyRequired"] is False
        assert method["methodIntegration"]["type"] == "MOCK"
        (response,) = method["methodIntegration"]["integrationResponses"].values()
        headers = response["responseParameters"]
        assert headers["method.response.header.Access-Control-Allow-Origin"] == "'*'"
        assert "GET" in headers["method.response.header.Access-Control-Allow-Methods"]
        assert "Authorization" in headers["method.response.header.Access-Control-Allow-Headers"]


def test_refusals_carry_cors_headers_too(apigateway, api):
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        response = apigateway.get_gateway_response(restApiId=api["id"], responseType=kind)
        assert response["defaultResponse"] is False
        assert response["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_the_stage_serves_the_one_deployment(apigateway, api):
    (stage,) = apigateway.get_stages(restApiId=api["id"])["item"]
    (deployment,) = apigateway.get_deployments(restApiId=api["id"])["items"]
    assert stage["stageName"] == "prod"
    assert stage["deploymentId"] == deployment["id"]
    assert "sha256:" in deployment["description"]
    assert stage["tags"]["gatestack:stack"] == "partner-api"


def test_the_deployment_holds_every_method_as_it_stands(apigateway, api, methods):
    (deployment,) = apigateway.get_deployments(restApiId=api["id"])["items"]
    named = {"restApiId": api["id"], "deploymentId": deployment["id"]}
    summary = apigateway.get_deployment(**named, embed=["apisummary"])["apiSummary"]
    held = {f"{verb} {path}": method for path, verbs in summary.items() for verb, method in verbs.items()}
    assert held == {
        name: {key: method[key] for key in ("authorizationType", "apiKeyRequired")} for name, method in methods.items()
    }


def test_the_plan_has_the_stage_and_every_key(apigateway, api, stack):
    (plan,) = [plan for plan in apigateway.get_usage_plans()["items"] if plan["name"] == "XXXPlan"]
    assert [(one["apiId"], one["stage"]) for one in plan["apiStages"]] == [(api["id"], "prod")]
    assert plan["throttle"] == {"rateLimit": 50.0, "burstLimit": 100}
    assert plan["quota"] == {"limit": 100000, "offset": 0, "period": "MONTH"}
    members = apigateway.get_usage_plan_keys(usagePlanId=plan["id"], limit=500)["items"]
    assert {member["name"] for member in members} == set(stack["partners"])
    keys = {key["name"]: key for key in apigateway.get_api_keys(includeValues=True, limit=500)["items"]}
    for partner in stack["partners"]:
        assert keys[partner]["enabled"] is True
        assert len(keys[partner]["value"]) >= 20
        assert keys[partner]["tags"]["gatestack:key"] == f"partners.{partner}/key"


def test_nothing_differs_over_http_either(endpoint, applied):
    done = gatestack(endpoint, "plan", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes." in done.stdout


@pytest.fixture
def account():
    """A server of its own: other tests leave hosted zones of the overlay's name behind, and the name must be unique."""
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
        finally:
            server.terminate()


def everything(client):
    """What exists in an account, service by service. EC2 lists a terminated instance for an hour."""
    ec2, elbv2, apigateway, route53 = (client(name) for name in ("ec2", "elbv2", "apigateway", "route53"))
    cognito, tagging = client("cognito-idp"), client("resourcegroupstaggingapi")
    reservations = ec2.describe_instances()["Reservations"]
    states = {one["InstanceId"]: one["State"]["Name"] for made in reservations for one in made["Instances"]}
    gone = {one for one, state in states.items() if state == "terminated"}
    tagged = [mapping["ResourceARN"] for mapping in tagging.get_resources()["ResourceTagMappingList"]]
    zones = route53.list_hosted_zones()["HostedZones"]
    records = [route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"] for zone in zones]
    return {
        "instances": set(states) - gone,
        "interfaces": {one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]},
        "security groups": {one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]},
        "subnets": {one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]},
        "load balancers": {one["LoadBalancerArn"] for one in elbv2.describe_load_balancers()["LoadBalancers"]},
        "target groups": {one["TargetGroupArn"] for one in elbv2.describe_target_groups()["TargetGroups"]},
        "links": {one["id"] for one in apigateway.get_vpc_links()["items"]},
        "APIs": {one["id"] for one in apigateway.get_rest_apis()["items"]},
        "plans": {one["id"] for one in apigateway.get_usage_plans()["items"]},
        "keys": {one["id"] for one in apigateway.get_api_keys()["items"]},
        "domain names": {one["domainName"] for one in apigateway.get_domain_names()["items"]},
        "pools": {one["Id"] for one in cognito.list_user_pools(MaxResults=60)["UserPools"]},
        "records": {(one["Name"], one["Type"]) for zone in records for one in zone},
        "tagged": {arn for arn in tagged if arn.rsplit("/", 1)[-1] not in gone},
    }


def test_production_has_its_own_domain_and_leaves_nothing(account):
    overlay = tomllib.loads(PRODUCTION.read_text())
    domain, zone_name = overlay["api"]["domain"]["name"], overlay["api"]["domain"]["zone"]

    def client(service):
        return boto3.client(service, region_name=overlay["stack"]["region"], endpoint_url=account, **CREDENTIALS)

    apigateway, route53 = client("apigateway"), client("route53")
    zone = route53.create_hosted_zone(Name=zone_name, CallerReference="production")["HostedZone"]["Id"]
    certificate = imported(apigateway, domain)
    before = everything(client)
    production = ["--env", "prod", "--var", f"certificate={certificate}"]
    done = gatestack(account, *production, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    made = apigateway.get_domain_name(domainName=domain)
    assert made["domainNameStatus"] == "AVAILABLE"
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert made["regionalCertificateArn"] == certificate
    assert made["securityPolicy"] == "TLS_1_2"
    assert "mutualTlsAuthentication" not in made
    marked = marks("api.domain", "partner-api-prod")
    assert {name: made["tags"].get(name) for name in marked} == marked
    (api,) = apigateway.get_rest_apis()["items"]
    (mapping,) = apigateway.get_base_path_mappings(domainName=domain)["items"]
    assert mapping == {"basePath": "(none)", "restApiId": api["id"], "stage": "prod"}
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (record,) = [record for record in records if record["Type"] not in ("NS", "SOA")]
    assert record == {
        "Name": f"{domain}.",
        "Type": "A",
        "AliasTarget": {
            "DNSName": f"{made['regionalDomainName']}.",
            "HostedZoneId": made["regionalHostedZoneId"],
            "EvaluateTargetHealth": False,
        },
    }
    # The rest is the example's, under the other name.
    (link,) = apigateway.get_vpc_links()["items"]
    assert (link["name"], link["status"]) == ("partner-api-prod", "AVAILABLE")
    assert len(instances_of(client("ec2"), "partner-api-prod")) == 2

    done = gatestack(account, *production, "plan", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {what for what, ids in everything(client).items() if ids == before[what]} == {"subnets"}

    done = gatestack(account, *production, "destroy", "--confirm", "partner-api-prod")
    assert done.returncode == 0, done.stdout + done.stderr
    assert everything(client) == before
