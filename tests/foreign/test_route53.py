"""Route 53: hosted zones and their records, what AWS takes, answers and refuses."""

import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError
from certificates import change
from conftest import refused


@pytest.fixture
def route53(client):
    return client("route53")


@pytest.fixture
def zone(route53, unique):
    """A zone's id and its name."""
    name = f"{unique}.example.com."
    made = route53.create_hosted_zone(Name=name, CallerReference=unique)
    return made["HostedZone"]["Id"].removeprefix("/hostedzone/"), name


def alias(route53, zone, name, target_zone, target, kind="A", health=False, action="CREATE"):
    record = {
        "Name": name,
        "Type": kind,
        "AliasTarget": {"HostedZoneId": target_zone, "DNSName": target, "EvaluateTargetHealth": health},
    }
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    return route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def records(route53, zone, **more):
    return route53.list_resource_record_sets(HostedZoneId=zone, **more)["ResourceRecordSets"]


def test_a_zone_begins_with_two_record_sets(route53, unique):
    config = {"Comment": "ours & <theirs>", "PrivateZone": False}
    made = route53.create_hosted_zone(Name=f"{unique}.Example.com", CallerReference=unique, HostedZoneConfig=config)
    zone = made["HostedZone"]
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["Location"].endswith(zone["Id"]) and zone["Id"].startswith("/hostedzone/Z")
    assert zone["Name"] == f"{unique}.example.com." and zone["Config"] == config and zone["CallerReference"] == unique
    assert zone["ResourceRecordSetCount"] == 2 and made["ChangeInfo"]["Status"] == "PENDING"
    servers = made["DelegationSet"]["NameServers"]
    assert len(servers) == 4 and all(".awsdns-" in server for server in servers)
    got = route53.get_hosted_zone(Id=zone["Id"])
    assert got["HostedZone"] == zone and got["DelegationSet"]["NameServers"] == servers
    servers_record, authority = records(route53, zone["Id"])
    assert servers_record["Type"] == "NS" and servers_record["TTL"] == 172800
    assert [record["Value"] for record in servers_record["ResourceRecords"]] == [f"{server}." for server in servers]
    assert authority["Type"] == "SOA" and authority["ResourceRecords"][0]["Value"].endswith("1 7200 900 1209600 86400")
    change_id = made["ChangeInfo"]["Id"]
    assert route53.get_change(Id=change_id)["ChangeInfo"] == {**made["ChangeInfo"], "Status": "INSYNC"}
    told = route53.update_hosted_zone_comment(Id=zone["Id"], Comment="other")["HostedZone"]
    assert told["Config"]["Comment"] == "other"
    assert "Comment" not in route53.update_hosted_zone_comment(Id=zone["Id"])["HostedZone"]["Config"]


def test_zones_that_aws_refuses(route53, zone, unique):
    with refused("HostedZoneAlreadyExists", "specified caller reference", 409):
        route53.create_hosted_zone(Name="other.example.com", CallerReference=unique)
    with refused("InvalidDomainName", "DomainLabelEmpty"):
        route53.create_hosted_zone(Name="a..example.com", CallerReference=uuid.uuid4().hex)
    with refused("InvalidInput", "VPCId"):
        config = {"PrivateZone": True}
        route53.create_hosted_zone(Name="a.example.com", CallerReference=uuid.uuid4().hex, HostedZoneConfig=config)
    with refused("NotImplemented", "VPC of route53:CreateHostedZone", 501):
        vpc = {"VPCRegion": "eu-west-1", "VPCId": "vpc-1"}
        route53.create_hosted_zone(Name="a.example.com", CallerReference=uuid.uuid4().hex, VPC=vpc)
    with refused("NotImplemented", "route53:CreateHealthCheck", 501):
        settings = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1}
        route53.create_health_check(CallerReference=unique, HealthCheckConfig=settings)
    for call in (route53.get_hosted_zone, route53.delete_hosted_zone):
        with refused("NoSuchHostedZone", "No hosted zone found with ID: ZNONE", 404):
            call(Id="ZNONE")
    with refused("NoSuchChange", "CNONE", 404):
        route53.get_change(Id="CNONE")


def test_a_zone_with_records_stays(route53, zone):
    id, name = zone
    change(route53, id, "CREATE", name, "TXT", '"a"')
    with refused("HostedZoneNotEmpty", "non-required resource record sets"):
        route53.delete_hosted_zone(Id=id)
    change(route53, id, "DELETE", name, "TXT", '"a"')
    assert route53.delete_hosted_zone(Id=id)["ChangeInfo"]["Status"] == "PENDING"
    with refused("NoSuchHostedZone", id, 404):
        route53.get_hosted_zone(Id=id)


def test_zones_are_listed_page_by_page(route53, unique):
    names = [f"{letter}.{unique}.com." for letter in "cab"]
    for name in names:
        route53.create_hosted_zone(Name=name, CallerReference=name)
    pages = route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 2})
    zones = {zone["Id"]: zone["Name"] for page in pages for zone in page["HostedZones"]}
    assert set(names) <= set(zones.values())
    assert route53.get_hosted_zone_count()["HostedZoneCount"] == len(zones)
    first = route53.list_hosted_zones_by_name(DNSName=f"{unique}.com", MaxItems="2")
    assert [zone["Name"] for zone in first["HostedZones"]] == sorted(names)[:2]
    assert first["IsTruncated"] and first["MaxItems"] == "2" and first["NextDNSName"] == sorted(names)[2]
    rest = route53.list_hosted_zones_by_name(DNSName=first["NextDNSName"], HostedZoneId=first["NextHostedZoneId"])
    assert rest["HostedZones"][0]["Name"] == sorted(names)[2]
    assert route53.list_hosted_zones(HostedZoneType="PrivateHostedZone")["HostedZones"] == []
    with refused("InvalidInput", "marker"):
        route53.list_hosted_zones(Marker="ZNONE")
    with refused("InvalidInput", "MaxItems"):
        route53.list_hosted_zones(MaxItems="many")
    with refused("InvalidInput", "together with DNSName"):
        route53.list_hosted_zones_by_name(HostedZoneId="Z1")


def test_records_come_sorted_and_page_by_page(route53, zone):
    id, name = zone
    for record, kind, value in [
        (f"www.{name}", "A", "192.0.2.1"),
        (f"*.{name}", "CNAME", "www.example.com"),
        (f"a.www.{name}", "TXT", '"x"'),
        (f"WWW.{name}", "AAAA", "2001:db8::1"),
        (name, "MX", "10 mail.example.com"),
    ]:
        change(route53, id, "CREATE", record, kind, value)
    wanted = [
        (name, "MX"), (name, "NS"), (name, "SOA"), (f"\\052.{name}", "CNAME"),
        (f"www.{name}", "A"), (f"www.{name}", "AAAA"), (f"a.www.{name}", "TXT"),
    ]  # fmt: skip
    assert [(row["Name"], row["Type"]) for row in records(route53, id)] == wanted
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id, PaginationConfig={"PageSize": 2})
    assert [(row["Name"], row["Type"]) for page in pages for row in page["ResourceRecordSets"]] == wanted
    found = records(route53, id, StartRecordName=f"www.{name}", StartRecordType="AAAA")
    assert [(row["Name"], row["Type"]) for row in found] == wanted[5:]
    assert found[0] == {"Name": f"www.{name}", "Type": "AAAA", "TTL": 60, "ResourceRecords": [{"Value": "2001:db8::1"}]}
    with refused("InvalidInput", "without the name"):
        records(route53, id, StartRecordType="A")


def test_records_are_put_and_taken(route53, zone):
    id, name = zone
    www = f"www.{name}"
    info = change(route53, id, "UPSERT", www, "A", "192.0.2.1", "192.0.2.2")
    assert info["Id"].startswith("/change/C") and info["Status"] == "PENDING" and info["SubmittedAt"]
    change(route53, id, "UPSERT", www, "A", "192.0.2.3", ttl=5)
    assert records(route53, id, StartRecordName=www)[0]["ResourceRecords"] == [{"Value": "192.0.2.3"}]
    with refused("InvalidChangeBatch", f"[Tried to create resource record set [name='{www}', type='A'] but it already exists]"):
        change(route53, id, "CREATE", www, "A", "192.0.2.1")
    with refused("InvalidChangeBatch", "but the values provided do not match the current values"):
        change(route53, id, "DELETE", www, "A", "192.0.2.3")
    with refused("InvalidChangeBatch", f"Tried to delete resource record set [name='{www}', type='TXT'] but it was not found"):
        change(route53, id, "DELETE", www, "TXT", '"x"')
    change(route53, id, "DELETE", www, "A", "192.0.2.3", ttl=5)
    assert len(records(route53, id)) == 2


def test_a_batch_is_all_or_nothing(route53, zone):
    id, name = zone

    def batch(*changes):
        rows = [
            {"Action": action, "ResourceRecordSet": {"Name": at, "Type": kind, "TTL": 1, "ResourceRecords": [{"Value": value}]}}
            for action, at, kind, value in changes
        ]
        return route53.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Comment": "c", "Changes": rows})

    with pytest.raises(ClientError) as refusal:
        batch(("CREATE", f"a.{name}", "A", "192.0.2.1"), ("CREATE", "else.where.", "A", "192.0.2.1"), ("DELETE", f"b.{name}", "A", "1.1.1.1"))
    message = refusal.value.response["Error"]["Message"]
    assert f"RRSet with DNS name else.where. is not permitted in zone {name}" in message and "was not found" in message
    assert len(records(route53, id)) == 2
    made = batch(("CREATE", f"a.{name}", "A", "192.0.2.1"))
    assert made["ChangeInfo"]["Comment"] == "c"
    assert route53.get_change(Id=made["ChangeInfo"]["Id"])["ChangeInfo"]["Comment"] == "c"
    # A deletion before it allows another type.
    batch(("DELETE", f"a.{name}", "A", "192.0.2.1"), ("CREATE", f"a.{name}", "CNAME", "b.example.com"))
    with refused("InvalidChangeBatch", "invalid set of changes for a resource record set 'A b."):
        batch(("UPSERT", f"b.{name}", "A", "192.0.2.1"), ("UPSERT", f"b.{name}", "A", "192.0.2.2"))


@pytest.mark.parametrize(
    "prefix, kind, values, words",
    [
        ("", "CNAME", ["a.example.com"], "is not permitted at apex in zone"),
        ("taken.", "CNAME", ["a.example.com"], "is not permitted as it conflicts with other records"),
        ("alias.", "A", ["192.0.2.1"], "because a conflicting RRSet of type CNAME with the same DNS name already exists"),
        ("a.", "A", ["nonsense"], "Value is not a valid IPv4 address) encountered with 'nonsense'"),
        ("a.", "AAAA", ["192.0.2.1"], "Value is not a valid IPv6 address"),
        ("a.", "TXT", ["bare"], "Value should be enclosed in quotation marks"),
        ("a.", "A", ["192.0.2.1", "192.0.2.1"], "Duplicate Resource Record: '192.0.2.1'"),
        ("a.", "CNAME", ["a.example.com", "b.example.com"], "exactly one value"),
        ("a..", "A", ["192.0.2.1"], "DomainLabelEmpty (Domain label is empty) encountered with"),
        ("a.", "SOA", ["a b 1 2 3 4 5"], "below the apex"),
    ],
)
def test_records_that_aws_refuses(route53, zone, prefix, kind, values, words):
    id, name = zone
    change(route53, id, "CREATE", f"taken.{name}", "A", "192.0.2.1")
    change(route53, id, "CREATE", f"alias.{name}", "CNAME", "a.example.com")
    with refused("InvalidChangeBatch", words):
        change(route53, id, "CREATE", f"{prefix}{name}", kind, *values)


def test_what_a_zone_needs_stays(route53, zone):
    id, name = zone
    servers, authority = records(route53, id)
    for record, words in [(servers, "at least one NS record"), (authority, "exactly one SOA record")]:
        with refused("InvalidChangeBatch", words):
            route53.change_resource_record_sets(
                HostedZoneId=id, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
            )


@pytest.mark.parametrize(
    "members, words",
    [
        ({}, "but found none in Change with [Action=CREATE"),
        ({"ResourceRecords": [{"Value": "192.0.2.1"}]}, "Missing field 'TTL' in Change with"),
        ({"TTL": 1}, "Missing field 'ResourceRecords' in Change with"),
        (
            {"TTL": 1, "AliasTarget": {"HostedZoneId": "Z1", "DNSName": "a.", "EvaluateTargetHealth": False}},
            "but found more than one in Change with",
        ),
    ],
)
def test_a_record_set_is_values_or_an_alias(route53, zone, members, words):
    id, name = zone
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Name": name, "Type": "A", **members}}]}
    with refused("InvalidInput", words):
        route53.change_resource_record_sets(HostedZoneId=id, ChangeBatch=batch)


def test_aliases(route53, zone):
    id, name = zone
    gateway = "d-abcdefghij.execute-api.eu-west-1.amazonaws.com"
    alias(route53, id, f"api.{name}", "ZLY8HYME6SFDD", gateway)
    wanted = {"HostedZoneId": "ZLY8HYME6SFDD", "DNSName": f"{gateway}.", "EvaluateTargetHealth": False}
    assert records(route53, id, StartRecordName=f"api.{name}")[0] == {"Name": f"api.{name}", "Type": "A", "AliasTarget": wanted}
    alias(route53, id, f"again.{name}", id, f"api.{name}", health=True)
    alias(route53, id, name, "Z2FDTNDATAQYW2", "d1.cloudfront.net")
    with refused("InvalidChangeBatch", "but that target was not found"):
        alias(route53, id, f"x.{name}", id, f"none.{name}")
    with refused("InvalidChangeBatch", "the alias target name does not lie within the target zone"):
        alias(route53, id, f"x.{name}", "ZLY8HYME6SFDD", "d-a.execute-api.eu-west-2.amazonaws.com")
    with refused("InvalidChangeBatch", "does not lie within the target zone"):
        alias(route53, id, f"x.{name}", "Z2FDTNDATAQYW2", "www.example.com")
    # A deletion may write the target as it was sent, without the dot at its end.
    alias(route53, id, f"api.{name}", "ZLY8HYME6SFDD", gateway, action="DELETE")


def test_routing_is_refused_by_name(route53, zone):
    id, name = zone
    record = {"Name": name, "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}], "SetIdentifier": "x", "Weight": 1}
    with refused("NotImplemented", "ResourceRecordSet.SetIdentifier of route53:ChangeResourceRecordSets", 501):
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=id, ChangeBatch=batch)


def test_tags(client, route53, zone, unique):
    id, _ = zone
    at = {"ResourceType": "hostedzone", "ResourceId": id}
    assert route53.list_tags_for_resource(**at)["ResourceTagSet"] == {**at, "Tags": []}
    route53.change_tags_for_resource(**at, AddTags=[{"Key": "a", "Value": unique}, {"Key": "b", "Value": ""}])
    route53.change_tags_for_resource(**at, RemoveTagKeys=["b"])
    wanted = {**at, "Tags": [{"Key": "a", "Value": unique}]}
    assert route53.list_tags_for_resource(**at)["ResourceTagSet"] == wanted
    assert route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[id])["ResourceTagSets"] == [wanted]
    tagging = client("resourcegroupstaggingapi", region="us-east-1")
    arn = f"arn:aws:route53:::hostedzone/{id}"
    found = tagging.get_resources(TagFilters=[{"Key": "a", "Values": [unique]}], ResourceTypeFilters=["route53:hostedzone"])
    assert [row["ResourceARN"] for row in found["ResourceTagMappingList"]] == [arn]
    assert tagging.tag_resources(ResourceARNList=[arn], Tags={"c": "d"})["FailedResourcesMap"] == {}
    assert tagging.untag_resources(ResourceARNList=[arn], TagKeys=["a"])["FailedResourcesMap"] == {}
    assert route53.list_tags_for_resource(**at)["ResourceTagSet"]["Tags"] == [{"Key": "c", "Value": "d"}]
    with refused("InvalidInput", "At least one"):
        route53.change_tags_for_resource(**at)
    with refused("NoSuchHealthCheck", "x", 404):
        route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId="x")


def test_a_body_that_is_no_xml_is_refused(endpoint):
    scope = "any/20261121/us-east-1/route53/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}
    url = f"{endpoint}/2013-04-01/hostedzone"
    request = urllib.request.Request(url, data=b"<a><b></a>", headers=headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 400 and b"<Code>MalformedInput</Code>" in refusal.value.read()


def test_the_command_line_sees_the_same(aws, zone):
    id, name = zone
    assert aws("route53", "get-hosted-zone", "--id", id)["HostedZone"]["Name"] == name
    listed = aws("route53", "list-hosted-zones-by-name", "--dns-name", name, "--max-items", "1")
    assert listed["HostedZones"][0]["Id"] == f"/hostedzone/{id}"
    assert [row["Type"] for row in aws("route53", "list-resource-record-sets", "--hosted-zone-id", id)["ResourceRecordSets"]] == ["NS", "SOA"]
    told = aws("route53", "update-hosted-zone-comment", "--id", id, "--comment", "x")
    assert told["HostedZone"]["Config"]["Comment"] == "x"
