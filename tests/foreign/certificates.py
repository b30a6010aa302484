"""Certificates for tests of what uses them: requested, validated in Route 53, imported."""

import datetime
import functools
import uuid

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

CREDENTIALS = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}


def beside(client, service, region=None):
    """A client of another service, with this one's Region and endpoint."""
    region = region or client.meta.region_name
    return boto3.client(service, region_name=region, endpoint_url=client.meta.endpoint_url, **CREDENTIALS)


def issued(client, *names, region=None):
    """The ARN of a certificate that ACM issued: requested, and validated by records in its own hosted zone."""
    acm, route53 = beside(client, "acm", region), beside(client, "route53")
    request = {"SubjectAlternativeNames": names[1:]} if names[1:] else {}
    arn = acm.request_certificate(DomainName=names[0], ValidationMethod="DNS", **request)["CertificateArn"]
    for name in {name.removeprefix("*.") for name in names}:
        prove(route53, acm, arn, name)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    return arn


def prove(route53, acm, arn, name):
    zone = route53.create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
    options = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    record = next(option["ResourceRecord"] for option in options if option["DomainName"].removeprefix("*.") == name)
    change(route53, zone, "CREATE", record["Name"], "CNAME", record["Value"])
    return zone, record


def change(route53, zone, action, name, kind, *values, ttl=60):
    records = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": records}]}
    return route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]


@functools.cache
def key(kind):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def made(*names, kind="ec", days=30, issuer=None):
    """A certificate generated here, as ImportCertificate takes it: self-signed, or with another issuer's name."""
    private = key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    signer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer)]) if issuer else subject
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(private.public_key())
        .serial_number(0x1234)
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return {
        "Certificate": certificate.public_bytes(pem),
        "PrivateKey": private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),
    }


def imported(client, *names, region=None):
    """The ARN of an imported certificate, which is quicker than an issued one."""
    return beside(client, "acm", region).import_certificate(**made(*names))["CertificateArn"]
