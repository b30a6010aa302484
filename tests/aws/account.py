"""What an account has to have before a run, and what is left in it after one. Read with boto3, independently of gatestack."""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stacks import NAME, TAG

STACK_TAG = "gatestack:stack"
# What can still be there for an hour after it is gone.
GONE = {"terminated", "shutting-down"}


class Account:
    """The account of a profile, in one Region."""

    def __init__(self, profile, region):
        self.session = boto3.Session(profile_name=profile, region_name=region)
        self.region = self.session.region_name
        self.profile = profile

    def client(self, service):
        return self.session.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 8}))

    def endpoint(self):
        """Another AWS that the profile names for every service."""
        profile = self.session._session.get_scoped_config()
        return os.environ.get("AWS_ENDPOINT_URL") or profile.get("endpoint_url")

    def identity(self):
        answer = self.client("sts").get_caller_identity()
        return answer["Account"], answer["Arn"]

    def missing(self, stacks, subnets):
        """What would stop the stacks half way, a sentence each."""
        found = []
        ec2 = self.client("ec2")
        if subnets:
            try:
                ec2.describe_subnets(SubnetIds=subnets)
            except ClientError as error:
                found.append(f"--subnets: {error.response['Error']['Message']}")
        else:
            for stack in stacks:
                tags = stack.finds_subnets()
                if tags is not None and not self.subnets(tags):
                    named = ", ".join(f"{key}={value}" for key, value in tags.items())
                    found.append(
                        f"{stack.example}: the default VPC of {self.region} has no subnet tagged {named}; name private subnets in two"
                        " zones with --subnets SUBNET,SUBNET"
                    )
        balanced = [stack for stack in stacks if stack.text.get("load_balancer", {}).get("listeners")]
        if balanced:
            elbv2 = self.client("elbv2")
            limits = {limit["Name"]: int(limit["Max"]) for limit in elbv2.describe_account_limits()["Limits"]}
            pages = elbv2.get_paginator("describe_load_balancers").paginate()
            there = sum(one["Type"] == "network" for page in pages for one in page["LoadBalancers"])
            if there >= limits.get("network-load-balancers", 50):
                found.append(f"{self.region} has {there} network load balancers, as many as its quota allows")
        return found

    def subnets(self, tags):
        """The subnets of the default VPC with these tags."""
        filters = [{"Name": "default-for-az", "Values": ["false"]}]
        filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        ec2 = self.client("ec2")
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        filters.append({"Name": "vpc-id", "Values": [vpc["VpcId"] for vpc in vpcs]})
        return ec2.describe_subnets(Filters=filters)["Subnets"] if vpcs else []

    def ground(self, subnets):
        """The given subnets and their VPCs, as a file for `local serve --existing`."""
        if not subnets:
            return None
        ec2 = self.client("ec2")
        found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
        vpcs = ec2.describe_vpcs(VpcIds=sorted({one["VpcId"] for one in found}))["Vpcs"]
        lines = [f'region = "{self.region}"']
        for vpc in vpcs:
            lines += ["[[vpcs]]", f'id = "{vpc["VpcId"]}"', f'cidr = "{vpc["CidrBlock"]}"']
        for one in found:
            lines += ["[[subnets]]", f'id = "{one["SubnetId"]}"', f'vpc = "{one["VpcId"]}"']
            lines += [f'zone = "{one["AvailabilityZone"]}"', f'cidr = "{one["CidrBlock"]}"']
        return "\n".join(lines) + "\n"

    def stacks(self):
        """Stacks of earlier runs, by what is tagged as such."""
        names = set()
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(TagFilters=[{"Key": TAG, "Values": ["yes"]}]):
            for one in page["ResourceTagMappingList"]:
                names.add(plain(one["Tags"]).get(STACK_TAG, ""))
        # The index of tags lags; the services' own lists don't. What a run makes first is in one of these.
        for api in self.items("get_rest_apis"):
            if api.get("tags", {}).get(TAG) == "yes":
                names.add(api["tags"].get(STACK_TAG, ""))
        for group in self.client("ec2").describe_security_groups(Filters=[{"Name": f"tag:{TAG}", "Values": ["yes"]}])["SecurityGroups"]:
            names.add(plain(group["Tags"]).get(STACK_TAG, ""))
        cognito = self.client("cognito-idp")
        for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60):
            for pool in page["UserPools"]:
                if NAME.fullmatch(pool["Name"]):
                    tags = cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"].get("UserPoolTags", {})
                    names.update([tags.get(STACK_TAG, "")] if tags.get(TAG) == "yes" else [])
        return sorted(name for name in names if NAME.fullmatch(name))

    def left(self, name):
        """What is there of a stack, by each service's own list."""
        left = []
        for what, find in {
            "API": self.apis,
            "API key": self.keys,
            "usage plan": self.plans,
            "VPC link": self.links,
            "user pool": self.pools,
            "load balancer": self.balancers,
            "target group": self.groups,
            "security group": self.security_groups,
            "instance": self.instances,
            "function": self.functions,
            "role": self.roles,
            "log group": self.log_groups,
            "lock": self.locks,
        }.items():
            try:
                left += [f"{what} {one}" for one in find(name)]
            except (ClientError, BotoCoreError) as error:
                left.append(f"{what}: could not be listed: {type(error).__name__}")
        return left

    def items(self, operation):
        for page in self.client("apigateway").get_paginator(operation).paginate():
            yield from page.get("items", [])

    def apis(self, name):
        return [one["id"] for one in self.items("get_rest_apis") if one.get("tags", {}).get(STACK_TAG) == name]

    def keys(self, name):
        return [one["id"] for one in self.items("get_api_keys") if belongs(one, name)]

    def plans(self, name):
        return [one["id"] for one in self.items("get_usage_plans") if belongs(one, name)]

    def links(self, name):
        return [one["id"] for one in self.items("get_vpc_links") if belongs(one, name)]

    def pools(self, name):
        pages = self.client("cognito-idp").get_paginator("list_user_pools").paginate(MaxResults=60)
        return [pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == name]

    def balancers(self, name):
        # Their names begin with the stack's, which may be longer than a name.
        pages = self.client("elbv2").get_paginator("describe_load_balancers").paginate()
        return [one["LoadBalancerArn"] for page in pages for one in page["LoadBalancers"] if begins(one["LoadBalancerName"], name)]

    def groups(self, name):
        pages = self.client("elbv2").get_paginator("describe_target_groups").paginate()
        return [one["TargetGroupArn"] for page in pages for one in page["TargetGroups"] if begins(one["TargetGroupName"], name)]

    def security_groups(self, name):
        found = self.client("ec2").describe_security_groups(Filters=[{"Name": f"tag:{STACK_TAG}", "Values": [name]}])
        return [one["GroupId"] for one in found["SecurityGroups"]]

    def instances(self, name):
        pages = self.client("ec2").get_paginator("describe_instances")
        found = pages.paginate(Filters=[{"Name": f"tag:{STACK_TAG}", "Values": [name]}])
        reservations = (one for page in found for one in page["Reservations"])
        return [one["InstanceId"] for all in reservations for one in all["Instances"] if one["State"]["Name"] not in GONE]

    def log_groups(self, name):
        logs = self.client("logs")
        prefixes = [f"/aws/apigateway/{name}", f"/aws/lambda/{name}-"]
        found = (logs.describe_log_groups(logGroupNamePrefix=prefix) for prefix in prefixes)
        return [one["logGroupName"] for page in found for one in page["logGroups"]]

    def functions(self, name):
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        return [one["FunctionName"] for page in pages for one in page["Functions"] if one["FunctionName"].startswith(f"{name}-")]

    def roles(self, name):
        pages = self.client("iam").get_paginator("list_roles").paginate(PathPrefix=f"/gatestack/{name}/")
        return [one["RoleName"] for page in pages for one in page["Roles"]]

    def locks(self, name):
        ssm = self.client("ssm")
        try:
            ssm.get_parameter(Name=f"/gatestack/lock/{name}")
        except ssm.exceptions.ParameterNotFound:
            return []
        return [f"/gatestack/lock/{name}"]


def belongs(one, name):
    """Whether something in a list of API Gateway is a stack's. AWS is known to fill in the tags in its list of APIs only; the overlay
    begins the names of keys and plans with the stack's, and a VPC link has the stack's name."""
    named = one.get("name", "")
    return named == name or named.startswith(f"{name}-") or one.get("tags", {}).get(STACK_TAG) == name


def begins(text, name):
    # The end may be cut off for a digest.
    return text.startswith(name[:22])


def plain(tags):
    return {tag["Key"]: tag["Value"] for tag in tags}
