"""Custom domain names and base path mappings: what AWS takes, answers and refuses."""

import pytest
from certificates import imported, issued
from conftest import refused
from gateway import Api, op, replace

ABSENT = "arn:aws:acm:eu-west-1:123456789012:certificate/4e1a2d6a-1d4b-4b1e-9c3f-0123456789ab"
REGIONAL = {"endpointConfiguration": {"types": ["REGIONAL"]}}


@pytest.fixture
def gateway(client):
    return client("apigateway")


@pytest.fixture(scope="module")
def certificate(client):
    """A certificate in the Region of the names."""
    return issued(client("apigateway"), "*.example.com")


@pytest.fixture(scope="module")
def edge_certificate(client):
    return imported(client("apigateway"), "*.example.com", region="us-east-1")


@pytest.fixture
def regional(certificate):
    return {"regionalCertificateArn": certificate, **REGIONAL}


@pytest.fixture
def domain(gateway, unique, regional):
    name = f"{unique}.example.com"
    gateway.create_domain_name(domainName=name, **regional)
    return name


@pytest.fixture
def api(gateway):
    api = Api(gateway)
    api.stage()
    return api


def body(answer):
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_regional_name(gateway, unique, regional):
    name = f"{unique}.example.com"
    made = gateway.create_domain_name(domainName=name, tags={"a": "b"}, **regional)
    assert made["regionalDomainName"].endswith(".execute-api.eu-west-1.amazonaws.com")
    assert made["regionalDomainName"].startswith("d-") and made["regionalHostedZoneId"] == "ZLY8HYME6SFDD"
    assert made["securityPolicy"] == "TLS_1_2" and made["domainNameStatus"] == "AVAILABLE"
    assert made["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    assert "distributionDomainName" not in made and made["tags"] == {"a": "b"}
    assert body(gateway.get_domain_name(domainName=name)) == body(made)
    assert gateway.get_tags(resourceArn=f"arn:aws:apigateway:eu-west-1::/domainnames/{name}")["tags"] == {"a": "b"}
    with refused("ConflictException", "already exists", 409):
        gateway.create_domain_name(domainName=name, **regional)


def test_an_edge_name_takes_its_time(gateway, unique, edge_certificate):
    name = f"{unique}.example.com"
    made = gateway.create_domain_name(domainName=name, certificateArn=edge_certificate)
    assert made["domainNameStatus"] == "UPDATING" and made["distributionDomainName"].endswith(".cloudfront.net")
    assert made["distributionHostedZoneId"] == "Z2FDTNDATAQYW2" and made["endpointConfiguration"]["types"] == ["EDGE"]
    assert gateway.get_domain_name(domainName=name)["domainNameStatus"] == "AVAILABLE"


@pytest.mark.parametrize(
    "members, words",
    [
        ({"domainName": "nodots", **REGIONAL}, "Invalid domain name specified"),
        (REGIONAL, "A certificate must be provided: regionalCertificateArn"),
        ({}, "A certificate must be provided: certificateArn"),
        ({"certificateArn": ABSENT}, "Certificate must be in 'us-east-1'."),
        ({"certificateArn": "nonsense"}, "Invalid certificate ARN specified"),
        ({**REGIONAL, "regionalCertificateArn": ABSENT.replace("eu-west-1", "us-east-1")}, "Certificate must be in 'eu-west-1'."),
        ({**REGIONAL, "regionalCertificateArn": ABSENT}, "The provided certificate does not exist."),
        ({"certificateArn": ABSENT.replace("eu-west-1", "us-east-1")}, "The provided certificate does not exist."),
    ],
)
def test_a_name_that_aws_refuses(gateway, unique, members, words):
    with refused("BadRequestException", words):
        gateway.create_domain_name(**{"domainName": f"{unique}.example.com", **members})


def test_a_certificate_that_aws_refuses(client, gateway, unique, regional, edge_certificate):
    name = f"{unique}.example.com"
    pending = client("acm").request_certificate(DomainName=name)["CertificateArn"]
    with refused("BadRequestException", f"Certificate {pending} in account 123456789012 not yet issued"):
        gateway.create_domain_name(domainName=name, **{**regional, "regionalCertificateArn": pending})
    # A wildcard stands for one label.
    with refused("BadRequestException", "does not match the domain name"):
        gateway.create_domain_name(domainName=f"a.{name}", **regional)
    with refused("BadRequestException", "ensure the certificate domain name matches the requested domain name"):
        gateway.create_domain_name(domainName=f"a.{name}", certificateArn=edge_certificate)
    gateway.create_domain_name(domainName=name, **regional)
    with refused("BadRequestException", "not yet issued"):
        gateway.update_domain_name(domainName=name, patchOperations=replace("/regionalCertificateArn", pending))


def test_mutual_tls(client, gateway, unique, regional, certificate):
    name = f"{unique}.example.com"
    store = {"truststoreUri": "s3://bucket/key"}
    with refused("BadRequestException", "Invalid truststore URI"):
        gateway.create_domain_name(domainName=name, **regional, mutualTlsAuthentication={"truststoreUri": "https://x"})
    # An imported certificate does not prove ownership of the name.
    own = {**regional, "regionalCertificateArn": imported(gateway, name), "mutualTlsAuthentication": store}
    with refused("BadRequestException", "ownershipVerificationCertificateArn is required"):
        gateway.create_domain_name(domainName=name, **own)
    with refused("BadRequestException", "must be a public certificate issued by ACM"):
        gateway.create_domain_name(domainName=name, **own, ownershipVerificationCertificateArn=imported(gateway, name))
    made = gateway.create_domain_name(domainName=name, **own, ownershipVerificationCertificateArn=certificate)
    assert made["mutualTlsAuthentication"] == store and made["ownershipVerificationCertificateArn"] == certificate


@pytest.mark.parametrize(
    "members, words",
    [
        ({"securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09"}, "endpointAccessMode is required"),
        ({"securityPolicy": "SecurityPolicy_TLS13_2025_EDGE", "endpointAccessMode": "STRICT"}, "not supported for this endpoint type"),
        (
            {
                "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
                "endpointAccessMode": "BASIC",
                "mutualTlsAuthentication": {"truststoreUri": "s3://bucket/key"},
            },
            "Mutual TLS is not supported",
        ),
    ],
)
def test_security_policies(gateway, unique, regional, members, words):
    with refused("BadRequestException", words):
        gateway.create_domain_name(domainName=f"{unique}.example.com", **regional, **members)
    good = {"securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09", "endpointAccessMode": "STRICT"}
    made = gateway.create_domain_name(domainName=f"{unique}.example.com", **regional, **good)
    assert {name: made[name] for name in good} == good


def test_private_names_are_refused_by_name(gateway, unique):
    with refused("NotImplemented", "PRIVATE", 501):
        gateway.create_domain_name(
            domainName=f"{unique}.example.com", certificateArn=ABSENT, endpointConfiguration={"types": ["PRIVATE"]}
        )


def test_a_name_is_patched(gateway, domain, edge_certificate):
    def patch(*operations):
        return gateway.update_domain_name(domainName=domain, patchOperations=[one for many in operations for one in many])

    other = issued(gateway, domain)
    changed = patch(replace("/regionalCertificateArn", other))
    assert changed["regionalCertificateArn"] == other and changed["domainNameStatus"] == "UPDATING"
    made = patch(op("add", "/mutualTlsAuthentication/truststoreUri", "s3://bucket/key"))
    assert made["mutualTlsAuthentication"] == {"truststoreUri": "s3://bucket/key"}
    assert "mutualTlsAuthentication" not in patch(replace("/mutualTlsAuthentication/truststoreUri", ""))
    moved = patch(
        op("add", "/endpointConfiguration/types", "EDGE"), op("add", "/certificateArn", edge_certificate)
    )
    assert moved["endpointConfiguration"]["types"] == ["REGIONAL", "EDGE"] and moved["domainNameStatus"] == "UPDATING"
    assert gateway.get_domain_name(domainName=domain)["domainNameStatus"] == "AVAILABLE"
    edge = patch(op("remove", "/endpointConfiguration/types", "REGIONAL"), op("remove", "/regionalCertificateArn"))
    assert edge["endpointConfiguration"]["types"] == ["EDGE"] and "regionalDomainName" not in edge
    with refused("BadRequestException", "Invalid patch path /domainName"):
        patch(replace("/domainName", "x"))
    with refused("BadRequestException", "Valid options are REGIONAL,EDGE"):
        patch(op("add", "/endpointConfiguration/types", "wrong"))


def test_a_name_that_is_not_there(gateway):
    for call in (gateway.get_domain_name, gateway.delete_domain_name, gateway.get_base_path_mappings):
        with refused("NotFoundException", "Invalid domain name identifier specified", 404):
            call(domainName="nothing.example.com")


def test_base_path_mappings(gateway, domain, api):
    whole = gateway.create_base_path_mapping(domainName=domain, restApiId=api.id)
    assert body(whole) == {"basePath": "(none)", "restApiId": api.id}
    made = gateway.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=api.id, stage="live")
    assert body(made) == {"basePath": "v1", "restApiId": api.id, "stage": "live"}
    assert body(gateway.get_base_path_mapping(domainName=domain, basePath="(none)")) == body(whole)
    assert gateway.get_base_path_mappings(domainName=domain)["items"] == [body(whole), body(made)]
    moved = gateway.update_base_path_mapping(domainName=domain, basePath="v1", patchOperations=replace("/basePath", "v2"))
    assert moved["basePath"] == "v2"
    bare = gateway.update_base_path_mapping(domainName=domain, basePath="v2", patchOperations=replace("/stage", ""))
    assert "stage" not in bare
    gateway.delete_base_path_mapping(domainName=domain, basePath="v2")
    with refused("NotFoundException", "Invalid base path mapping identifier specified", 404):
        gateway.get_base_path_mapping(domainName=domain, basePath="v2")


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"basePath": "v1"}, "ConflictException", "Base path already exists for this domain name", 409),
        ({"basePath": "a/b"}, "BadRequestException", "doesn't support the slash character", 400),
        ({"basePath": "a b"}, "BadRequestException", "Invalid base path specified", 400),
        ({"restApiId": "nothing000"}, "BadRequestException", "Invalid REST API identifier specified", 400),
        ({"stage": "absent"}, "BadRequestException", "Invalid stage identifier specified", 400),
        ({"domainName": "nothing.example.com"}, "NotFoundException", "Invalid domain name identifier specified", 404),
    ],
)
def test_a_mapping_that_aws_refuses(gateway, domain, api, members, code, words, status):
    gateway.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=api.id)
    with refused(code, words, status):
        gateway.create_base_path_mapping(**{"domainName": domain, "basePath": "v2", "restApiId": api.id, **members})


@pytest.mark.parametrize(
    "patch, code, words, status",
    [
        (replace("/basePath", "v1"), "ConflictException", "Base path already exists for this domain name", 409),
        (replace("/stage", "absent"), "BadRequestException", "Invalid stage identifier specified", 400),
        (replace("/restapiId", "nothing000"), "BadRequestException", "Invalid REST API identifier specified", 400),
        (op("remove", "/stage"), "BadRequestException", "Must be one of: [replace]", 400),
        (replace("/nonsense", "x"), "BadRequestException", "Invalid patch path /nonsense", 400),
    ],
)
def test_a_patch_of_a_mapping_that_aws_refuses(gateway, domain, api, patch, code, words, status):
    for base in ("v1", "v2"):
        gateway.create_base_path_mapping(domainName=domain, basePath=base, restApiId=api.id, stage="live")
    with refused(code, words, status):
        gateway.update_base_path_mapping(domainName=domain, basePath="v2", patchOperations=patch)


@pytest.fixture
def v2(client):
    return client("apigatewayv2")


def test_api_mappings(gateway, v2, domain, api):
    target = {"DomainName": domain, "ApiId": api.id, "Stage": "live"}
    made = body(v2.create_api_mapping(**target, ApiMappingKey="v1/orders"))
    assert made == {"ApiId": api.id, "ApiMappingId": made["ApiMappingId"], "ApiMappingKey": "v1/orders", "Stage": "live"}
    one = {"DomainName": domain, "ApiMappingId": made["ApiMappingId"]}
    assert body(v2.get_api_mapping(**one)) == made
    # Both APIs list the mappings of both.
    gateway.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=api.id, stage="live")
    whole = body(v2.create_api_mapping(**target))
    assert whole["ApiMappingKey"] == ""
    items = v2.get_api_mappings(DomainName=domain)["Items"]
    assert [item["ApiMappingKey"] for item in items] == ["", "v1", "v1/orders"] and len({item["ApiMappingId"] for item in items}) == 3
    old = [{"basePath": base, "restApiId": api.id, "stage": "live"} for base in ("(none)", "v1", "v1/orders")]
    assert gateway.get_base_path_mappings(domainName=domain)["items"] == old
    assert body(gateway.get_base_path_mapping(domainName=domain, basePath="v1/orders")) == old[2]
    pages = [v2.get_api_mappings(DomainName=domain, MaxResults="2")]
    pages.append(v2.get_api_mappings(DomainName=domain, NextToken=pages[0]["NextToken"]))
    assert [len(page["Items"]) for page in pages] == [2, 1] and "NextToken" not in pages[1]

    other = api.stage("other")["stageName"]
    moved = v2.update_api_mapping(**one, ApiId=api.id, ApiMappingKey="v2/a/b", Stage=other)
    assert body(moved) == {**made, "ApiMappingKey": "v2/a/b", "Stage": other} == body(v2.get_api_mapping(**one))
    assert v2.update_api_mapping(**one, ApiId=api.id)["ApiMappingKey"] == "v2/a/b"
    with refused("BadRequestException", "base path mappings related to the Stage"):
        gateway.delete_stage(restApiId=api.id, stageName=other)
    v2.delete_api_mapping(**one)
    for call in (v2.get_api_mapping, v2.delete_api_mapping):
        with refused("NotFoundException", "Invalid API mapping identifier specified", 404):
            call(**one)
    with refused("NotImplemented", "apigatewayv2:GetDomainNames", 501):
        v2.get_domain_names()


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"ApiMappingKey": "v1/a"}, "ConflictException", "ApiMapping key already exists for this domain name", 409),
        ({"ApiMappingKey": "a b"}, "BadRequestException", "An ApiMapping key may contain only letters, numbers and one of", 400),
        ({"ApiMappingKey": "/a"}, "BadRequestException", "An ApiMapping key may contain only letters, numbers and one of", 400),
        ({"ApiMappingKey": "a//b"}, "BadRequestException", "An ApiMapping key may contain only letters, numbers and one of", 400),
        ({"ApiMappingKey": "a" * 301}, "BadRequestException", "at most 300 characters", 400),
        ({"ApiId": "nothing000"}, "NotFoundException", "Invalid API identifier specified 123456789012:nothing000", 404),
        ({"Stage": "absent"}, "BadRequestException", "Invalid stage identifier specified", 400),
        ({"DomainName": "nothing.example.com"}, "NotFoundException", "Invalid domain name identifier specified", 404),
    ],
)
def test_an_api_mapping_that_aws_refuses(v2, domain, api, members, code, words, status):
    v2.create_api_mapping(DomainName=domain, ApiMappingKey="v1/a", ApiId=api.id, Stage="live")
    good = {"DomainName": domain, "ApiMappingKey": "v2/a", "ApiId": api.id, "Stage": "live"}
    with refused(code, words, status):
        v2.create_api_mapping(**{**good, **members})


def test_a_domain_that_has_no_api_mappings(gateway, v2, unique, regional, edge_certificate, api):
    target = {"ApiMappingKey": "v1/a", "ApiId": api.id, "Stage": "live"}
    for number, (settings, words) in enumerate(
        [
            ({"certificateArn": edge_certificate}, "Only REGIONAL domain names can be managed"),
            ({**regional, "securityPolicy": "TLS_1_0"}, "with a security policy of TLS 1.2"),
        ]
    ):
        name = f"{unique}{number}.example.com"
        gateway.create_domain_name(domainName=name, **settings)
        with refused("BadRequestException", words):
            v2.create_api_mapping(DomainName=name, **target)


def test_a_domain_has_200_mappings_with_several_levels(v2, domain, api):
    target = {"DomainName": domain, "ApiId": api.id, "Stage": "live"}
    for number in range(200):
        v2.create_api_mapping(**target, ApiMappingKey=f"a/{number}")
    with refused("BadRequestException", "Maximum number of multi-level API mappings"):
        v2.create_api_mapping(**target, ApiMappingKey="a/b")
    v2.create_api_mapping(**target, ApiMappingKey="a")


def test_an_api_or_a_stage_with_mappings_stays(gateway, domain, api):
    gateway.create_base_path_mapping(domainName=domain, basePath="v1", restApiId=api.id)
    with refused("BadRequestException", f"base path mappings related to the RestApi in your domains: {domain}"):
        gateway.delete_rest_api(restApiId=api.id)
    named = api.stage("mapped")
    patch = replace("/stage", "mapped")
    gateway.update_base_path_mapping(domainName=domain, basePath="v1", patchOperations=patch)
    with refused("BadRequestException", f"base path mappings related to the Stage in your domains: {domain}"):
        gateway.delete_stage(**named)
    gateway.update_base_path_mapping(domainName=domain, basePath="v1", patchOperations=replace("/stage", ""))
    gateway.delete_stage(**named)
    gateway.delete_domain_name(domainName=domain)
    gateway.delete_rest_api(restApiId=api.id)
