"""Images, their parameters and instances of the local AWS, as boto3 and the aws command line see them."""

import base64
import re

import pytest
from conftest import refused

NEWEST = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"


@pytest.fixture
def ec2(client):
    return client("ec2")


@pytest.fixture
def image(client):
    return client("ssm").get_parameter(Name=NEWEST.format("arm64"))["Parameter"]["Value"]


@pytest.fixture
def subnet(ec2):
    return ec2.describe_subnets(Filters=[{"Name": "tag:tier", "Values": ["private"]}])["Subnets"][0]


def launch(ec2, image, subnet, **more):
    wanted = {"ImageId": image, "InstanceType": "t4g.nano", "SubnetId": subnet["SubnetId"], "MinCount": 1, "MaxCount": 1, **more}
    return ec2.run_instances(**{name: value for name, value in wanted.items() if value is not None})


def only(ec2, instance):
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def test_images_and_their_parameters(ec2, client, aws):
    names = [NEWEST.format("arm64"), NEWEST.format("x86_64"), "/aws/nothing"]
    answer = client("ssm").get_parameters(Names=names)
    assert answer["InvalidParameters"] == ["/aws/nothing"]
    arm = answer["Parameters"][0]
    assert (arm["Type"], arm["ARN"]) == ("String", f"arn:aws:ssm:eu-west-1::parameter{names[0]}")
    (image,) = ec2.describe_images(ImageIds=[arm["Value"]], Owners=["amazon"])["Images"]
    assert (image["Architecture"], image["ImageOwnerAlias"], image["State"]) == ("arm64", "amazon", "available")
    filters = [{"Name": "name", "Values": ["al2023-ami-2023.*-kernel-6.1-arm64"]}]
    found = ec2.describe_images(Filters=filters)["Images"]
    assert max(found, key=lambda image: image["CreationDate"])["ImageId"] == image["ImageId"] and len(found) == 2
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    assert aws("ssm", "get-parameter", "--name", names[0])["Parameter"]["Value"] == image["ImageId"]
    with refused("InvalidAMIID.NotFound", "The image id '[ami-00000000000000000]' does not exist"):
        ec2.describe_images(ImageIds=["ami-00000000000000000"])


def test_own_parameters(client, unique):
    ssm = client("ssm")
    assert ssm.put_parameter(Name=f"/{unique}/ami", Value="ami-1", Type="String")["Version"] == 1
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name=f"/{unique}/ami", Value="ami-2", Type="String")
    assert ssm.put_parameter(Name=f"/{unique}/ami", Value="ami-2", Type="String", Overwrite=True)["Version"] == 2
    parameter = ssm.get_parameter(Name=f"/{unique}/ami")["Parameter"]
    assert (parameter["Value"], parameter["Version"], parameter["DataType"]) == ("ami-2", 2, "text")
    with refused("AccessDeniedException"):
        ssm.put_parameter(Name="/aws/mine", Value="x", Type="String")
    ssm.delete_parameter(Name=f"/{unique}/ami")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"/{unique}/ami")


def test_an_instance_from_launch_to_end(ec2, image, subnet, unique):
    group = ec2.create_security_group(GroupName=unique, Description="d", VpcId=subnet["VpcId"])["GroupId"]
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": False, "SubnetId": subnet["SubnetId"], "Groups": [group]}
    launched = launch(
        ec2,
        image,
        subnet,
        SubnetId=None,
        NetworkInterfaces=[interface],
        UserData="#!/bin/sh\necho hello\n",
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        IamInstanceProfile={"Name": "web"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": unique}]}],
    )["Instances"][0]
    assert launched["State"] == {"Code": 0, "Name": "pending"}
    instance = launched["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
    shown = only(ec2, instance)
    assert shown["State"]["Name"] == "running" and "PublicIpAddress" not in shown
    assert shown["PrivateIpAddress"].startswith("172.31.1") and shown["SubnetId"] == subnet["SubnetId"]
    assert shown["SecurityGroups"] == [{"GroupId": group, "GroupName": unique}]
    assert (shown["MetadataOptions"]["HttpTokens"], shown["MetadataOptions"]["HttpPutResponseHopLimit"]) == ("required", 1)
    assert shown["IamInstanceProfile"]["Arn"].endswith(":instance-profile/web")
    assert shown["Architecture"] == "arm64" and shown["Tags"] == [{"Key": "Name", "Value": unique}]
    status = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
    assert (status["InstanceStatus"]["Status"], status["SystemStatus"]["Status"]) == ("ok", "ok")
    filters = [{"Name": "tag:Name", "Values": [unique]}, {"Name": "instance-state-name", "Values": ["running", "pending"]}]
    assert len(ec2.describe_instances(Filters=filters)["Reservations"]) == 1
    (eni,) = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]
    assert eni["Attachment"]["InstanceId"] == instance and not eni["RequesterManaged"]
    data = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(data) == b"#!/bin/sh\necho hello\n"
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with refused("IncorrectInstanceState"):
        ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t4g.micro"})
    with refused("IncorrectInstanceState"):
        ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"new"})
    (stopping,) = ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"]
    assert (stopping["PreviousState"]["Name"], stopping["CurrentState"]["Name"]) == ("running", "stopping")
    stopped = only(ec2, instance)
    assert re.fullmatch(r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)", stopped["StateTransitionReason"])
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t4g.micro"})
    ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": b"new"})
    ec2.start_instances(InstanceIds=[instance])
    started = only(ec2, instance)
    assert (started["InstanceType"], started["StateTransitionReason"]) == ("t4g.micro", "") and "StateReason" not in started
    data = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(data) == b"new"
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=3)
    assert only(ec2, instance)["MetadataOptions"]["HttpPutResponseHopLimit"] == 3
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})
    with refused("OperationNotPermitted", "disableApiTermination"):
        ec2.terminate_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, Attribute="disableApiTermination", Value="false")
    (ending,) = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert ending["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    ended = only(ec2, instance)
    assert ended["State"]["Name"] == "terminated" and ended["NetworkInterfaces"] == [] and "SubnetId" not in ended
    with refused("IncorrectInstanceState"):
        ec2.start_instances(InstanceIds=[instance])
    ec2.delete_security_group(GroupId=group)


def test_a_token_launches_once(ec2, image, subnet, unique):
    first = launch(ec2, image, subnet, ClientToken=unique, MinCount=2, MaxCount=2)
    again = launch(ec2, image, subnet, ClientToken=unique, MinCount=2, MaxCount=2)
    ids = [instance["InstanceId"] for instance in first["Instances"]]
    assert (again["ReservationId"], [instance["InstanceId"] for instance in again["Instances"]]) == (first["ReservationId"], ids)
    assert len({instance["PrivateIpAddress"] for instance in first["Instances"]}) == 2
    with refused("IdempotentParameterMismatch"):
        launch(ec2, image, subnet, ClientToken=unique, MinCount=1, MaxCount=2)
    ec2.terminate_instances(InstanceIds=ids)


def test_a_public_subnet_gives_public_addresses(ec2, image):
    launched = ec2.run_instances(ImageId=image, InstanceType="t4g.nano", MinCount=1, MaxCount=1)["Instances"][0]
    shown = only(ec2, launched["InstanceId"])
    assert shown["PublicIpAddress"] and shown["PublicDnsName"].startswith("ec2-")
    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])


def test_what_aws_refuses(ec2, image, subnet, client):
    with refused("InvalidAMIID.NotFound"):
        launch(ec2, "ami-00000000000000000", subnet)
    with refused("InvalidAMIID.Malformed"):
        launch(ec2, "nonsense", subnet)
    with refused("InvalidParameterValue", "architecture 'x86_64' of the specified instance type"):
        launch(ec2, image, subnet, InstanceType="t3.nano")
    with refused("InvalidParameterValue", "InstanceType"):
        launch(ec2, image, subnet, InstanceType="t4g.nonsense")
    with refused("InvalidSubnetID.NotFound"):
        launch(ec2, image, {"SubnetId": "subnet-00000000000000000"})
    with refused("InvalidGroup.NotFound"):
        launch(ec2, image, subnet, SecurityGroupIds=["sg-00000000000000000"])
    with refused("InvalidKeyPair.NotFound"):
        launch(ec2, image, subnet, KeyName="mine")
    with refused("InvalidParameterValue", "16384 bytes"):
        launch(ec2, image, subnet, UserData="x" * 16385)
    with refused("InvalidParameterValue", "minCount"):
        launch(ec2, image, subnet, MinCount=2)
    with refused("InvalidParameterCombination"):
        launch(ec2, image, subnet, NetworkInterfaces=[{"DeviceIndex": 0}])
    with refused("MissingParameter", "ImageId"):
        launch(ec2, None, subnet)
    with refused("InvalidInstanceID.NotFound"):
        ec2.describe_instances(InstanceIds=["i-00000000000000000"])
    with refused("InvalidParameterValue", "Value ( 4 ) for parameter maxResults is invalid"):
        ec2.describe_instances(MaxResults=4)
    nobody = ["i-00000000000000000", "i-00000000000000001"]
    for call in (ec2.describe_instances, ec2.terminate_instances, ec2.stop_instances):
        with refused("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(nobody)}' do not exist"):
            call(InstanceIds=nobody)
    with refused("InvalidInstanceID.Malformed"):
        ec2.terminate_instances(InstanceIds=["nonsense"])
    with refused("NotImplemented", "LaunchTemplate of ec2:RunInstances", status=501):
        launch(ec2, image, subnet, LaunchTemplate={"LaunchTemplateId": "lt-1"})


def test_where_an_instance_goes(ec2, image, subnet, unique):
    with refused("InvalidParameterValue", f"Subnet '{subnet['SubnetId']}' is in the availability zone"):
        launch(ec2, image, subnet, Placement={"AvailabilityZone": "eu-west-1c"})
    with refused("InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet"):
        launch(ec2, image, subnet, SecurityGroups=["default"])
    with refused("NotImplemented", "Placement.Tenancy host of ec2:RunInstances", status=501):
        launch(ec2, image, subnet, Placement={"Tenancy": "host"})
    dedicated = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    within = ec2.create_subnet(VpcId=dedicated, CidrBlock="10.0.0.0/24")["Subnet"]
    tenancies = []
    for of, placement in [(subnet, None), (subnet, {"Tenancy": "dedicated"}), (within, None), (within, {"Tenancy": "default"})]:
        made = launch(ec2, image, of, Placement=placement)["Instances"][0]
        tenancies.append(only(ec2, made["InstanceId"])["Placement"]["Tenancy"])
        ec2.terminate_instances(InstanceIds=[made["InstanceId"]], Force=True, SkipOsShutdown=True)
    assert tenancies == ["default", "dedicated", "dedicated", "dedicated"]


def test_an_image_by_its_parameter(ec2, client, image, subnet, unique):
    made = launch(ec2, f"resolve:ssm:{NEWEST.format('arm64')}", subnet)["Instances"][0]
    assert made["ImageId"] == image
    client("ssm").put_parameter(Name=f"/{unique}", Value=image, Type="String", DataType="aws:ec2:image")
    again = launch(ec2, f"resolve:ssm:/{unique}:1", subnet)["Instances"][0]
    assert again["ImageId"] == image
    ec2.terminate_instances(InstanceIds=[made["InstanceId"], again["InstanceId"]])
    with refused("InvalidParameterValue", "/nothing"):
        launch(ec2, "resolve:ssm:/nothing", subnet)


def test_one_attribute_at_a_time(ec2, image, subnet):
    made = launch(ec2, image, subnet)["Instances"][0]["InstanceId"]
    change = ec2.modify_instance_attribute
    change(InstanceId=made, Attribute="disableApiTermination", DisableApiTermination={"Value": True})
    change(InstanceId=made, Attribute="disableApiTermination", DisableApiTermination={"Value": False})
    for several in [
        {"Attribute": "disableApiTermination", "DisableApiStop": {"Value": True}},
        {"Attribute": "disableApiStop", "Value": "true", "DisableApiStop": {"Value": True}},
        {"DisableApiTermination": {"Value": True}, "DisableApiStop": {"Value": True}},
    ]:
        with refused("InvalidParameterCombination", "Fields for multiple attribute types specified"):
            change(InstanceId=made, **several)
    with refused("InvalidParameterCombination", "No attributes specified"):
        change(InstanceId=made, Attribute="disableApiStop")
    with refused("MissingParameter", "attribute"):
        change(InstanceId=made, Value="true")
    ec2.stop_instances(InstanceIds=[made], Hibernate=False, Force=True)
    ec2.terminate_instances(InstanceIds=[made])


def test_a_volume_has_tags_of_its_own(ec2, image, subnet, unique):
    tags = [{"Key": "stack", "Value": unique}]
    kinds = ("instance", "volume", "network-interface")
    made = launch(ec2, image, subnet, TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in kinds])["Instances"][0]
    filters = [{"Name": "tag:stack", "Values": [unique]}]
    tagged = {row["ResourceType"]: row["ResourceId"] for row in ec2.describe_tags(Filters=filters)["Tags"]}
    volume = only(ec2, made["InstanceId"])["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert set(tagged) == set(kinds) and tagged["volume"] == volume
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert [row["ResourceType"] for row in ec2.describe_tags(Filters=filters)["Tags"]] == ["instance"]
    with refused("InvalidVolume.NotFound"):
        ec2.create_tags(Resources=[volume], Tags=tags)


def test_the_command_line(aws, ec2, image, subnet):
    made = aws(
        "ec2", "run-instances", "--image-id", image, "--instance-type", "t4g.nano", "--subnet-id", subnet["SubnetId"], "--count", "1"
    )
    instance = made["Instances"][0]["InstanceId"]
    query = "Reservations[].Instances[].State.Name"
    assert aws("ec2", "describe-instances", "--instance-ids", instance, "--query", query) == ["running"]
    aws("ec2", "terminate-instances", "--instance-ids", instance)
