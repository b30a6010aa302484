"""ACM certificates: what AWS takes, answers and refuses."""

import uuid

import pytest
from certificates import beside, change, imported, issued, made, prove
from conftest import refused

ABSENT = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"


@pytest.fixture
def acm(client):
    return client("acm")


@pytest.fixture
def name(unique):
    return f"{unique}.example.com"


def described(acm, arn):
    return acm.describe_certificate(CertificateArn=arn)["Certificate"]


def test_a_certificate_waits_for_its_record(acm, client, name):
    arn = acm.request_certificate(DomainName=name.upper(), ValidationMethod="DNS", SubjectAlternativeNames=[f"*.{name}"])["CertificateArn"]
    assert arn.startswith("arn:aws:acm:eu-west-1:123456789012:certificate/")
    told = described(acm, arn)
    assert told["Status"] == "PENDING_VALIDATION" and told["Type"] == "AMAZON_ISSUED" and told["DomainName"] == name
    assert told["SubjectAlternativeNames"] == [name, f"*.{name}"] and told["Subject"] == f"CN={name}"
    assert told["Issuer"] == "Amazon" and told["KeyAlgorithm"] == "RSA-2048" and told["SignatureAlgorithm"] == "SHA256WITHRSA"
    assert told["Options"]["CertificateTransparencyLoggingPreference"] == "ENABLED" and told["RenewalEligibility"] == "INELIGIBLE"
    assert told["InUseBy"] == [] and told["KeyUsages"] == [] and told["ExtendedKeyUsages"] == []
    assert not {"IssuedAt", "NotAfter", "Serial", "ImportedAt"} & set(told)
    plain, wild = told["DomainValidationOptions"]
    assert plain["ResourceRecord"] == wild["ResourceRecord"] and plain["ResourceRecord"]["Type"] == "CNAME"
    assert plain["ResourceRecord"]["Name"].endswith(f".{name}.") and plain["ResourceRecord"]["Value"].endswith(".acm-validations.aws.")
    assert {option["ValidationStatus"] for option in (plain, wild)} == {"PENDING_VALIDATION"}
    assert wild["DomainName"] == f"*.{name}" and wild["ValidationMethod"] == "DNS"
    with refused("RequestInProgressException"):
        acm.get_certificate(CertificateArn=arn)
    zone, record = prove(client("route53"), acm, arn, name)
    told = described(acm, arn)
    assert told["Status"] == "ISSUED" and told["IssuedAt"] <= told["NotAfter"] and told["Serial"]
    assert (told["NotAfter"] - told["NotBefore"]).days == 197
    assert {option["ValidationStatus"] for option in told["DomainValidationOptions"]} == {"SUCCESS"}
    assert told["ExtendedKeyUsages"] == [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}]
    # A validated domain stays validated.
    change(client("route53"), zone, "DELETE", record["Name"], "CNAME", record["Value"])
    assert described(acm, arn)["Status"] == "ISSUED"
    with refused("NotImplemented", "acm:GetCertificate", 501):
        acm.get_certificate(CertificateArn=arn)
    # A later request for the name finds no record.
    assert described(acm, acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"])["Status"] == "PENDING_VALIDATION"


def test_every_name_needs_its_record(acm, client, name):
    other = f"other-{name}"
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS", SubjectAlternativeNames=[other])["CertificateArn"]
    prove(client("route53"), acm, arn, name)
    told = described(acm, arn)
    assert told["Status"] == "PENDING_VALIDATION"
    assert [option["ValidationStatus"] for option in told["DomainValidationOptions"]] == ["SUCCESS", "PENDING_VALIDATION"]
    prove(client("route53"), acm, arn, other)
    assert described(acm, arn)["Status"] == "ISSUED"


def test_another_records_value_proves_nothing(acm, client, name, unique):
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
    record = described(acm, arn)["DomainValidationOptions"][0]["ResourceRecord"]
    zone = client("route53").create_hosted_zone(Name=name, CallerReference=unique)["HostedZone"]["Id"]
    change(client("route53"), zone, "CREATE", record["Name"], "CNAME", "_else.acm-validations.aws.")
    assert described(acm, arn)["Status"] == "PENDING_VALIDATION"
    change(client("route53"), zone, "UPSERT", record["Name"], "CNAME", record["Value"].upper().rstrip("."))
    assert described(acm, arn)["Status"] == "ISSUED"


def test_the_record_is_the_same_everywhere(client, name):
    def record(region):
        acm = client("acm", region=region)
        arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
        return described(acm, arn)["DomainValidationOptions"][0]["ResourceRecord"]

    assert record("eu-west-1") == record("us-east-1")


def test_email_waits(acm, name):
    options = [{"DomainName": name, "ValidationDomain": "example.com"}]
    arn = acm.request_certificate(DomainName=name, DomainValidationOptions=options)["CertificateArn"]
    [option] = described(acm, arn)["DomainValidationOptions"]
    assert option["ValidationMethod"] == "EMAIL" and option["ValidationDomain"] == "example.com"
    assert "admin@example.com" in option["ValidationEmails"] and len(option["ValidationEmails"]) == 5
    with refused("InvalidDomainValidationOptionsException", "superdomain"):
        wrong = [{"DomainName": name, "ValidationDomain": "example.org"}]
        acm.request_certificate(DomainName=name, DomainValidationOptions=wrong)


def test_a_token_asks_once(acm, name, unique):
    request = {"DomainName": name, "IdempotencyToken": unique, "ValidationMethod": "DNS"}
    assert acm.request_certificate(**request)["CertificateArn"] == acm.request_certificate(**request)["CertificateArn"]
    assert acm.request_certificate(**{**request, "IdempotencyToken": "other"}) != acm.request_certificate(**request)


@pytest.mark.parametrize(
    "members, code, words, status",
    [
        ({"SubjectAlternativeNames": [f"n{n}.example.com" for n in range(10)]}, "LimitExceededException", "10", 400),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "InvalidTagException", "aws:", 400),
        ({"KeyAlgorithm": "RSA_1024"}, "InvalidParameterException", "RSA_1024", 400),
        ({"DomainName": "a b"}, "ValidationException", "domainName", 400),
        ({"ValidationMethod": "HTTP"}, "NotImplemented", "HTTP", 501),
        ({"CertificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/x"}, "NotImplemented", "CertificateAuthorityArn", 501),
    ],
)
def test_a_request_that_aws_refuses(acm, name, members, code, words, status):
    with refused(code, words, status):
        acm.request_certificate(**{"DomainName": name, **members})


def test_an_import_is_issued_at_once(acm, name):
    sent = made(name, f"*.{name}", kind="rsa")
    arn = acm.import_certificate(**sent, Tags=[{"Key": "a", "Value": "b"}])["CertificateArn"]
    told = described(acm, arn)
    assert told["Status"] == "ISSUED" and told["Type"] == "IMPORTED" and told["DomainName"] == name
    assert told["SubjectAlternativeNames"] == [name, f"*.{name}"] and told["KeyAlgorithm"] == "RSA-2048"
    assert told["Serial"] == "12:34" and told["Subject"] == f"CN={name}" and told["Issuer"] == name
    assert told["SignatureAlgorithm"] == "SHA256WITHRSA" and (told["NotAfter"] - told["NotBefore"]).days == 90
    assert told["ExtendedKeyUsages"][0]["Name"] == "TLS_WEB_SERVER_AUTHENTICATION" and "DomainValidationOptions" not in told
    assert told["ImportedAt"] and "IssuedAt" not in told
    assert acm.get_certificate(CertificateArn=arn)["Certificate"].encode() == sent["Certificate"]
    again = made(name, f"*.{name}", kind="ec")
    assert acm.import_certificate(CertificateArn=arn, **again)["CertificateArn"] == arn
    assert described(acm, arn)["KeyAlgorithm"] == "EC-prime256v1"
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    with refused("ValidationException", "Tags"):
        acm.import_certificate(CertificateArn=arn, **again, Tags=[{"Key": "a"}])


def test_a_chain_stands_for_a_signature(acm, name):
    sent = made(name, issuer="Somebody")
    with refused("ValidationException", "self-signed certificate or certificate chain"):
        acm.import_certificate(**sent)
    chain = made("ca.example.com")["Certificate"]
    arn = acm.import_certificate(**sent, CertificateChain=chain)["CertificateArn"]
    assert described(acm, arn)["Issuer"] == "Somebody"
    assert acm.get_certificate(CertificateArn=arn)["CertificateChain"].encode() == chain
    with refused("ValidationException", "chain"):
        acm.import_certificate(**sent, CertificateChain=b"nonsense")


def test_an_import_that_aws_refuses(acm, name):
    sent = made(name)
    with refused("ValidationException", "not a valid PEM-encoded"):
        acm.import_certificate(**{**sent, "Certificate": b"nonsense"})
    with refused("ValidationException", "private key"):
        acm.import_certificate(**{**sent, "PrivateKey": b"nonsense"})
    with refused("ValidationException", "not valid now"):
        acm.import_certificate(**made(name, days=-1))
    with refused("ResourceNotFoundException", ABSENT):
        acm.import_certificate(CertificateArn=ABSENT, **sent)
    requested = acm.request_certificate(DomainName=name)["CertificateArn"]
    with refused("ValidationException", "was not imported"):
        acm.import_certificate(CertificateArn=requested, **sent)


def test_certificates_are_listed(acm, client, unique):
    acm = client("acm", region=f"eu-list-{uuid.uuid4().hex[:4]}")
    pending = acm.request_certificate(DomainName="a.example.com")["CertificateArn"]
    proven = issued(acm, "b.example.com")
    curve = imported(acm, "c.example.com")
    rsa = acm.import_certificate(**made("d.example.com", kind="rsa"))["CertificateArn"]

    def listed(**more):
        return {row["CertificateArn"] for row in acm.list_certificates(**more)["CertificateSummaryList"]}

    # RSA only, unless other keys are asked for.
    assert listed() == {pending, proven, rsa}
    assert listed(Includes={"keyTypes": ["EC_prime256v1"]}) == {curve}
    assert listed(CertificateStatuses=["ISSUED"]) == {proven, rsa}
    assert listed(Includes={"keyUsage": ["DIGITAL_SIGNATURE"]}) == {proven}
    assert listed(Includes={"extendedKeyUsage": ["TLS_WEB_SERVER_AUTHENTICATION"]}) == {proven, rsa}
    assert listed(Includes={"exportOption": "ENABLED"}) == set() and listed(Includes={"managedBy": "CLOUDFRONT"}) == set()
    pages = acm.get_paginator("list_certificates").paginate(
        SortBy="CREATED_AT", SortOrder="DESCENDING", PaginationConfig={"PageSize": 2}
    )
    assert [row["CertificateArn"] for page in pages for row in page["CertificateSummaryList"]] == [rsa, proven, pending]
    [row] = acm.list_certificates(CertificateStatuses=["PENDING_VALIDATION"])["CertificateSummaryList"]
    assert row["DomainName"] == "a.example.com" and row["SubjectAlternativeNameSummaries"] == ["a.example.com"]
    assert row["InUse"] is False and row["Type"] == "AMAZON_ISSUED" and row["CreatedAt"]
    with refused("ValidationException", "together"):
        acm.list_certificates(SortBy="CREATED_AT")
    with refused("ValidationException", "NextToken"):
        acm.list_certificates(NextToken="nonsense")


def test_tags(acm, client, name, unique):
    arn = acm.request_certificate(DomainName=name, Tags=[{"Key": "stack", "Value": unique}])["CertificateArn"]
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "other"}, {"Key": "c"}])

    def tags():
        return {tag["Key"]: tag["Value"] for tag in acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]}

    assert tags() == {"stack": unique, "a": "b"}
    tagging = client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "stack", "Values": [unique]}], ResourceTypeFilters=["acm:certificate"])
    assert [row["ResourceARN"] for row in found["ResourceTagMappingList"]] == [arn]
    assert tagging.tag_resources(ResourceARNList=[arn], Tags={"e": "f"})["FailedResourcesMap"] == {}
    assert tagging.untag_resources(ResourceARNList=[arn], TagKeys=["a"])["FailedResourcesMap"] == {}
    assert tags() == {"stack": unique, "e": "f"}
    with refused("TooManyTagsException"):
        for half in range(2):
            acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": f"{half}-{n}", "Value": "x"} for n in range(30)])


def test_what_is_in_use_stays(acm, client, name):
    arn = issued(acm, name)
    gateway = beside(acm, "apigateway")
    gateway.create_domain_name(domainName=name, regionalCertificateArn=arn, endpointConfiguration={"types": ["REGIONAL"]})
    told = described(acm, arn)
    assert told["InUseBy"] == [f"arn:aws:apigateway:eu-west-1::/domainnames/{name}"] and told["RenewalEligibility"] == "ELIGIBLE"
    with refused("ResourceInUseException", "is in use"):
        acm.delete_certificate(CertificateArn=arn)
    gateway.delete_domain_name(domainName=name)
    acm.delete_certificate(CertificateArn=arn)
    with refused("ResourceNotFoundException", f"Could not find certificate {arn}"):
        described(acm, arn)


def test_a_use_in_another_region_counts(client, name):
    acm = client("acm", region="us-east-1")
    arn = imported(acm, f"*.{name}")
    gateway = client("apigateway")
    gateway.create_domain_name(domainName=f"a.{name}", certificateArn=arn)
    [use] = described(acm, arn)["InUseBy"]
    assert use.startswith("arn:aws:cloudfront::")
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)


@pytest.mark.parametrize("call", ["describe_certificate", "get_certificate", "delete_certificate", "list_tags_for_certificate"])
def test_a_certificate_that_is_not_there(acm, call):
    with refused("ResourceNotFoundException", f"Could not find certificate {ABSENT}"):
        getattr(acm, call)(CertificateArn=ABSENT)
    with refused("InvalidArnException"):
        getattr(acm, call)(CertificateArn="arn:aws:acm:eu-west-1:123456789012:nonsense/x")


def test_what_is_not_here_says_so(acm):
    with refused("NotImplemented", "acm:RenewCertificate", 501):
        acm.renew_certificate(CertificateArn=ABSENT)


def test_the_command_line_sees_the_same(aws, acm, name):
    arn = aws("acm", "request-certificate", "--domain-name", name, "--validation-method", "DNS")["CertificateArn"]
    assert aws("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]["DomainName"] == name
    assert arn in [row["CertificateArn"] for row in aws("acm", "list-certificates", "--no-paginate")["CertificateSummaryList"]]
    aws("acm", "delete-certificate", "--certificate-arn", arn)
