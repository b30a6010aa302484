"""How the model walk calls ACM's operations."""

from certificates import imported, made
from walk import Recipe

SERVICE, MODULE = "acm", "acm"

NAMES = frozenset({"CertificateArn"})
SAMPLES = {"DomainNameString": "w.example.com", "IdempotencyToken": "abcdef", "TagKey": "abcdef", "KeyAlgorithm": "EC_prime256v1"}
ABSENT = {"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"}
FORGIVING = {}


def described(acm, sent, answer):
    """The certificate, its tags, and its text when it was imported."""
    arn = answer.get("CertificateArn") or sent["CertificateArn"]
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    tags = acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    text = acm.get_certificate(CertificateArn=arn) if certificate["Type"] == "IMPORTED" else {}
    return {"certificate": certificate, "Tags": tags, "text": text}


def request(_):
    return {"DomainName": "w.example.com"}


def requested(acm):
    return {"CertificateArn": acm.request_certificate(**request(acm))["CertificateArn"]}


def with_import(acm):
    return {"CertificateArn": imported(acm, "w.example.com")}


def by_email(acm, _):
    option = {"DomainName": "x.example.com", "ValidationDomain": "example.com"}
    return {"SubjectAlternativeNames": ["x.example.com"], "ValidationMethod": "EMAIL", "DomainValidationOptions": [option]}


def only(acm, _):
    """An import in the place of another."""
    return {**with_import(acm), **made("other.example.com")}


def signed(_, __):
    return {**made("w.example.com", issuer="Somebody"), "CertificateChain": made("ca.example.com")["Certificate"]}


def decoded(name):
    return lambda value, _: (name, value.decode())


RECIPES = {
    "RequestCertificate": Recipe(
        request,
        described,
        values={
            "ValidationMethod": "DNS",
            "Tags.Value": "walked",
            "CertificateAuthorityArn": "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/x",
        },
        whole={
            "SubjectAlternativeNames": {"SubjectAlternativeNames": ["w.example.com", "x.example.com"]},
            "DomainValidationOptions.DomainName": by_email,
            "DomainValidationOptions.ValidationDomain": by_email,
            "DomainName": {"DomainName": "x.example.com"},
            "Options.CertificateTransparencyLoggingPreference": {"Options": {"CertificateTransparencyLoggingPreference": "DISABLED"}},
            "Options.Export": {"Options": {"Export": "ENABLED"}},
        },
        becomes={"KeyAlgorithm": lambda value, _: ("KeyAlgorithm", value.replace("_", "-", 1))},
        never={"IdempotencyToken": "AWS never tells it; test_acm.py shows what it does"},
    ),
    "ImportCertificate": Recipe(
        lambda _: made("w.example.com"),
        described,
        whole={
            "CertificateArn": only,
            "Certificate": lambda *_: made("x.example.com"),
            "CertificateChain": signed,
            "PrivateKey": lambda *_: made("x.example.com"),
        },
        becomes={"Certificate": decoded("Certificate"), "CertificateChain": decoded("CertificateChain")},
        values={"Tags.Value": "walked"},
        never={"PrivateKey": "a secret"},
    ),
    "DescribeCertificate": Recipe(requested, names=NAMES),
    "GetCertificate": Recipe(with_import, names=NAMES),
    "DeleteCertificate": Recipe(requested, names=NAMES),
    "ListCertificates": Recipe(
        lambda _: {},
        names=frozenset({"NextToken"}),
        beside={"SortBy": {"SortOrder": "ASCENDING"}, "SortOrder": {"SortBy": "CREATED_AT"}},
        never={
            "CertificateStatuses": "a filter, as the next ones; test_acm.py tests what they let through",
            "Includes.extendedKeyUsage": "a filter",
            "Includes.keyUsage": "a filter",
            "Includes.keyTypes": "a filter",
            "Includes.exportOption": "a filter",
            "Includes.managedBy": "a filter",
            "MaxItems": "a page's size",
            "SortBy": "an order",
            "SortOrder": "an order",
        },
    ),
    "AddTagsToCertificate": Recipe(
        lambda acm: {**requested(acm), "Tags": [{"Key": "other"}]}, described, names=NAMES, values={"Tags.Value": "walked"}
    ),
    "RemoveTagsFromCertificate": Recipe(
        lambda acm: {**requested(acm), "Tags": [{"Key": "other"}]},
        names=NAMES,
        never={"Tags.Key": "what is removed; test_acm.py tests it", "Tags.Value": "what is removed; test_acm.py tests it"},
    ),
    "ListTagsForCertificate": Recipe(requested, names=NAMES),
}
