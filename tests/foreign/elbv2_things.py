"""What the tests of load balancers share: their network, and short ways to create resources in it."""

import uuid


def name():
    return f"t{uuid.uuid4().hex[:12]}"


class Ground:
    """The default VPC of a Region, with its private subnets in two zones."""

    def __init__(self, ec2):
        self.ec2 = ec2
        self.vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        private = ec2.describe_subnets(Filters=[{"Name": "tag:tier", "Values": ["private"]}])["Subnets"]
        subnets = sorted(private, key=lambda subnet: subnet["AvailabilityZone"])
        self.subnets = [subnet["SubnetId"] for subnet in subnets]
        self.zones = [subnet["AvailabilityZone"] for subnet in subnets]
        self.cidrs = [subnet["CidrBlock"] for subnet in subnets]

    def group(self, **rule):
        """A security group; `rule` is one that allows inbound traffic."""
        made = self.ec2.create_security_group(GroupName=name(), Description="of a test", VpcId=self.vpc)["GroupId"]
        if rule:
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[{"IpProtocol": "tcp", **rule}])
        return made

    def instance(self, group=None, subnet=0):
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]
        kind = "t4g.nano" if image["Architecture"] == "arm64" else "t3.nano"
        wanted = {"ImageId": image["ImageId"], "InstanceType": kind, "MinCount": 1, "MaxCount": 1}
        groups = {"SecurityGroupIds": [group]} if group else {}
        made = self.ec2.run_instances(**wanted, SubnetId=self.subnets[subnet], **groups)
        return made["Instances"][0]["InstanceId"]


class Balancers:
    """Elastic Load Balancing in one Region."""

    def __init__(self, client, region="eu-west-1"):
        self.elb = client("elbv2", region=region)
        self.ground = Ground(client("ec2", region=region))

    def load_balancer(self, **members):
        wanted = {"Name": name(), "Type": "network", "Scheme": "internal", "Subnets": self.ground.subnets}
        if "SubnetMappings" in members:
            del wanted["Subnets"]
        return self.elb.create_load_balancer(**{**wanted, **members})["LoadBalancers"][0]

    def target_group(self, **members):
        wanted = {"Name": name(), "Protocol": "TCP", "Port": 8080, "VpcId": self.ground.vpc, "TargetType": "ip"}
        return self.elb.create_target_group(**{**wanted, **members})["TargetGroups"][0]

    def listener(self, load_balancer=None, group=None, **members):
        wanted = {
            "LoadBalancerArn": load_balancer or self.load_balancer()["LoadBalancerArn"],
            "Protocol": "TCP",
            "Port": 80,
            "DefaultActions": [forward(group or self.target_group()["TargetGroupArn"])],
        }
        return self.elb.create_listener(**{**wanted, **members})["Listeners"][0]

    def health(self, group, *targets):
        asked = {"Targets": list(targets)} if targets else {}
        rows = self.elb.describe_target_health(TargetGroupArn=group, **asked)["TargetHealthDescriptions"]
        return [(row["TargetHealth"]["State"], row["TargetHealth"].get("Reason")) for row in rows]


def forward(group):
    return {"Type": "forward", "TargetGroupArn": group}


def within(cidr, host):
    """An address in a /20 or smaller block, so many above its first."""
    first, second, third, _ = cidr.split("/")[0].split(".")
    return f"{first}.{second}.{third}.{host}"
