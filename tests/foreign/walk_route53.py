"""How the model walk calls Route 53's operations."""

import uuid

from walk import Recipe

SERVICE, MODULE = "route53", "route53"

# Route 53 keeps what it is given in one form; samples are in that form already.
SAMPLES = {"DNSName": "w.example.com.", "TagKey": "abcdef"}
ABSENT = {"ResourceType": "healthcheck", "ResourceIds": ["nothing"]}
FORGIVING = {
    "ListHostedZonesByName.DNSName": "a name to start from",
    "ListResourceRecordSets.StartRecordName": "a name to start from",
}


def to_create(_):
    return {"Name": "w.example.com.", "CallerReference": uuid.uuid4().hex}


def created(route53):
    return route53.create_hosted_zone(**to_create(route53))["HostedZone"]["Id"].removeprefix("/hostedzone/")


def zone(route53):
    return {"Id": created(route53)}


def get_zone(route53, sent, answer):
    return route53.get_hosted_zone(Id=sent.get("Id") or answer["HostedZone"]["Id"])


def record(**more):
    return {"Name": "a.w.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], **more}


def batch(resource_record_set, action="CREATE"):
    return {"ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": resource_record_set}]}}


def to_change(route53):
    return {"HostedZoneId": created(route53), **batch(record())}


def get_records(route53, sent, answer):
    records = route53.list_resource_record_sets(HostedZoneId=sent["HostedZoneId"])
    return {"records": records["ResourceRecordSets"], "change": route53.get_change(Id=answer["ChangeInfo"]["Id"])}


def sets(resource_record_set, action="CREATE"):
    return lambda *_: batch(resource_record_set, action)


def alias(**more):
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False, **more}
    return lambda *_: batch({"Name": "a.w.example.com.", "Type": "A", "AliasTarget": target})


def refused(**more):
    return lambda *_: batch(record(**more))


SET = "ChangeBatch.Changes.ResourceRecordSet"
EUROPE = {"ContinentCode": "EU", "CountryCode": "DE", "SubdivisionCode": "BE"}
BLOCKS = {"CollectionId": "00000000-0000-0000-0000-000000000000", "LocationName": "x"}
PLACE = {"Latitude": "1", "Longitude": "1"}
REFUSED = {
    "SetIdentifier": "x",
    "Weight": 1,
    "Region": "eu-west-1",
    "Failover": "PRIMARY",
    "MultiValueAnswer": True,
    "HealthCheckId": "x",
    "TrafficPolicyInstanceId": "x",
    **{f"GeoLocation.{member}": EUROPE for member in EUROPE},
    **{f"CidrRoutingConfig.{member}": BLOCKS for member in BLOCKS},
    **{f"GeoProximityLocation.Coordinates.{member}": {"Coordinates": PLACE} for member in PLACE},
}


def resource(route53):
    return {"ResourceType": "hostedzone", "ResourceId": created(route53)}


def get_tags(route53, sent, answer):
    return route53.list_tags_for_resource(ResourceType=sent["ResourceType"], ResourceId=sent["ResourceId"])


RESOURCE = frozenset({"ResourceType", "ResourceId"})

RECIPES = {
    "CreateHostedZone": Recipe(
        to_create,
        get_zone,
        whole={
            "Name": {"Name": "x.example.com."},
            "CallerReference": lambda *_: {"CallerReference": uuid.uuid4().hex},
            "HostedZoneConfig.PrivateZone": {"HostedZoneConfig": {"PrivateZone": False, "Comment": "c"}},
        },
        never={"HostedZoneConfig.PrivateZone": "always false: AWS takes true only together with a VPC, which is refused by name"},
    ),
    "GetHostedZone": Recipe(zone, names=frozenset({"Id"})),
    "ListHostedZones": Recipe(
        lambda _: {}, names=frozenset({"Marker"}), whole={"MaxItems": {"MaxItems": "7"}}, never={"HostedZoneType": "a filter"}
    ),
    "ListHostedZonesByName": Recipe(
        lambda _: {},
        names=frozenset({"DNSName", "HostedZoneId"}),
        whole={"MaxItems": {"MaxItems": "7"}},
    ),
    "GetHostedZoneCount": Recipe(lambda _: {}),
    "UpdateHostedZoneComment": Recipe(zone, get_zone, names=frozenset({"Id"})),
    "DeleteHostedZone": Recipe(zone, names=frozenset({"Id"})),
    "ChangeResourceRecordSets": Recipe(
        to_change,
        get_records,
        names=frozenset({"HostedZoneId"}),
        whole={
            "ChangeBatch.Comment": lambda *_: {"ChangeBatch": {**batch(record())["ChangeBatch"], "Comment": "walked"}},
            "ChangeBatch.Changes.Action": sets(record()),
            f"{SET}.Name": sets(record(Name="b.w.example.com.")),
            f"{SET}.Type": sets(record(Type="TXT", ResourceRecords=[{"Value": '"x"'}])),
            f"{SET}.TTL": sets(record(TTL=61)),
            f"{SET}.ResourceRecords.Value": sets(record(ResourceRecords=[{"Value": "192.0.2.9"}])),
            f"{SET}.AliasTarget.HostedZoneId": alias(),
            f"{SET}.AliasTarget.DNSName": alias(),
            f"{SET}.AliasTarget.EvaluateTargetHealth": alias(HostedZoneId="Z1", DNSName="x.example.", EvaluateTargetHealth=True),
            **{f"{SET}.{path}": refused(**{path.split(".")[0]: value}) for path, value in REFUSED.items()},
        },
        never={"ChangeBatch.Changes.Action": "what is done; test_route53.py tests each"},
    ),
    "ListResourceRecordSets": Recipe(
        lambda route53: {"HostedZoneId": created(route53)},
        names=frozenset({"HostedZoneId", "StartRecordName"}),
        whole={
            "MaxItems": {"MaxItems": "7"},
            "StartRecordType": {"StartRecordName": "w.example.com.", "StartRecordType": "SOA"},
            "StartRecordIdentifier": {"StartRecordName": "w.example.com.", "StartRecordType": "SOA", "StartRecordIdentifier": "x"},
        },
        never={
            "StartRecordIdentifier": "no record sets share a name and type here, so it says nothing more",
            "StartRecordType": "where to start; test_route53.py tests it",
        },
    ),
    "GetChange": Recipe(
        lambda route53: {"Id": route53.create_hosted_zone(**to_create(route53))["ChangeInfo"]["Id"]}, names=frozenset({"Id"})
    ),
    "ChangeTagsForResource": Recipe(
        resource,
        get_tags,
        names=RESOURCE,
        whole={"AddTags.Key": {"AddTags": [{"Key": "k", "Value": "v"}]}, "AddTags.Value": {"AddTags": [{"Key": "k", "Value": "v"}]}},
        never={"RemoveTagKeys": "what is removed; test_route53.py tests it"},
    ),
    "ListTagsForResource": Recipe(resource, names=RESOURCE),
    "ListTagsForResources": Recipe(
        lambda route53: {"ResourceType": "hostedzone", "ResourceIds": [created(route53)]},
        names=frozenset({"ResourceType", "ResourceIds"}),
    ),
}
