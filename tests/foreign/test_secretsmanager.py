"""Secrets Manager and SecureString parameters: what AWS takes, answers and refuses."""

import base64
import string
import uuid

import pytest
from conftest import refused


@pytest.fixture
def secrets(client):
    return client("secretsmanager")


@pytest.fixture
def ssm(client):
    return client("ssm")


TAGS = [{"Key": "team", "Value": "claims"}]


def test_a_secret_is_made_read_and_described(secrets, unique):
    made = secrets.create_secret(Name=f"{unique}/acme", SecretString="one", Description="words", Tags=TAGS)
    arn = made["ARN"]
    assert arn.startswith(f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{unique}/acme-") and len(arn.rsplit("-", 1)[1]) == 6
    for known in (made["Name"], arn, arn[:-7]):
        read = secrets.get_secret_value(SecretId=known)
        assert (read["SecretString"], read["VersionId"], read["VersionStages"]) == ("one", made["VersionId"], ["AWSCURRENT"])
        assert read["ARN"] == arn and "SecretBinary" not in read
    told = secrets.describe_secret(SecretId=arn)
    assert (told["Description"], told["Tags"], told["VersionIdsToStages"]) == ("words", TAGS, {made["VersionId"]: ["AWSCURRENT"]})
    assert told["LastAccessedDate"].hour == 0 and "DeletedDate" not in told and "SecretString" not in told


def test_versions_and_their_labels(secrets, unique):
    first = secrets.create_secret(Name=unique, SecretBinary=b"\x00\xff")["VersionId"]
    assert secrets.get_secret_value(SecretId=unique)["SecretBinary"] == b"\x00\xff"
    second = secrets.put_secret_value(SecretId=unique, SecretString="two")
    assert second["VersionStages"] == ["AWSCURRENT"]
    third = secrets.update_secret(SecretId=unique, SecretString="three")["VersionId"]
    assert secrets.describe_secret(SecretId=unique)["VersionIdsToStages"] == {
        second["VersionId"]: ["AWSPREVIOUS"],
        third: ["AWSCURRENT"],
    }
    assert secrets.get_secret_value(SecretId=unique, VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    old = secrets.get_secret_value(SecretId=unique, VersionId=first)
    assert old["SecretBinary"] == b"\x00\xff" and "VersionStages" not in old
    pending = secrets.put_secret_value(SecretId=unique, SecretString="four", VersionStages=["AWSPENDING"])
    assert pending["VersionStages"] == ["AWSPENDING"]
    assert secrets.get_secret_value(SecretId=unique)["SecretString"] == "three"
    with refused("InvalidRequestException"):
        secrets.get_secret_value(SecretId=unique, VersionId=first, VersionStage="AWSCURRENT")
    with refused("ResourceNotFoundException", "can't find the specified secret value for staging label: MINE"):
        secrets.get_secret_value(SecretId=unique, VersionStage="MINE")
    # An update without changes creates no version.
    assert "VersionId" not in secrets.update_secret(SecretId=unique, Description="words")


def test_a_repeated_call_does_nothing_twice(secrets, unique):
    token = str(uuid.uuid4())
    made = secrets.create_secret(Name=unique, SecretString="one", ClientRequestToken=token)
    again = secrets.create_secret(Name=unique, SecretString="one", ClientRequestToken=token)
    assert made["VersionId"] == again["VersionId"] == token and made["ARN"] == again["ARN"]
    secrets.put_secret_value(SecretId=unique, SecretString="one", ClientRequestToken=token)
    with refused("ResourceExistsException", "already in use for a version of secret"):
        secrets.put_secret_value(SecretId=unique, SecretString="two", ClientRequestToken=token)
    with refused("ResourceExistsException", f"the secret {unique} already exists"):
        secrets.create_secret(Name=unique, SecretString="one")


def test_what_is_refused(secrets, client, unique):
    unchecked = client("secretsmanager", checked=False)
    with refused("ValidationException", "Invalid name"):
        secrets.create_secret(Name="a b", SecretString="one")
    with refused("InvalidParameterException", "both a binary secret value and a string"):
        secrets.create_secret(Name=unique, SecretString="one", SecretBinary=b"one")
    with refused("ValidationException", "length"):
        unchecked.create_secret(Name=unique, SecretString="a" * 65537)
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."):
        secrets.get_secret_value(SecretId=unique)
    with refused("NotImplemented", "KmsKeyId of secretsmanager:CreateSecret", 501):
        secrets.create_secret(Name=unique, SecretString="one", KmsKeyId="alias/mine")
    with refused("NotImplemented", "secretsmanager:RotateSecret", 501):
        secrets.rotate_secret(SecretId=unique)
    empty = secrets.create_secret(Name=unique)
    assert "VersionId" not in empty
    with refused("ResourceNotFoundException", "AWSCURRENT"):
        secrets.get_secret_value(SecretId=unique)
    with refused("InvalidRequestException", "either SecretString or SecretBinary"):
        secrets.put_secret_value(SecretId=unique)
    with refused("InvalidParameterException", "reserved"):
        secrets.tag_resource(SecretId=unique, Tags=[{"Key": "aws:mine", "Value": "x"}])


def test_a_list_is_filtered(secrets, client, unique):
    # A Region of its own: other tests make secrets, too.
    secrets = client("secretsmanager", region="eu-filters-1")
    one, two, three, four = f"testing1/one-{unique}", f"/testing2/two-{unique}", f"testing3/three-{unique}", f"/testing4/four-{unique}"
    for name, description in ((one, "a secret"), (two, "an secret"), (three, "asecret"), (four, "thesecret")):
        secrets.create_secret(Name=name, SecretString="secret", Description=description)

    def listed(*filters):
        found = secrets.list_secrets(Filters=[{"Key": key, "Values": list(values)} for key, *values in filters])["SecretList"]
        return {secret["Name"] for secret in found}

    # Evidence: recorded, LocalStack `test_list_secrets_filtering`.
    for filters, wanted in [
        ([("name", "/")], {two, four}),
        ([("name", "!/")], {one, three}),
        ([("name", "testing1 one")], set()),
        ([("description", "a")], {one, two, three}),
        ([("description", "!a")], {four}),
        ([("description", "a secret")], {one, two}),
        ([("description", "!c")], {one, two, three, four}),
        ([("description", "a"), ("name", "secret")], set()),
        ([("description", "a"), ("name", "an")], set()),
    ]:
        assert listed(*filters) == wanted, filters

    # Evidence: reported, moto `test_with_filter_with_multiple_values` and `test_with_filter_with_negation`.
    assert listed(("name", "testing1", "/testing2")) == {one, two}
    assert listed(("description", "asecret", "!a")) == {three, four}
    # Evidence: documented, "Filter" (data type of the Secrets Manager API reference).
    secrets.tag_resource(SecretId=three, Tags=[{"Key": "Team", "Value": "Claims"}])
    assert listed(("tag-key", "Te")) == {three} and listed(("tag-key", "te")) == set()
    assert listed(("tag-value", "Cl")) == {three} and listed(("tag-value", "cl")) == set()
    assert listed(("all", "CLAIMS")) == {three} and listed(("all", "testing2")) == {two}
    assert listed(("name", "testing"), ("tag-key", "Team")) == {three}
    # Evidence: inferred, from the key: no replicas are here.
    assert listed(("primary-region", "eu")) == set()
    with refused("NotImplemented", "the filter owning-service of secretsmanager:ListSecrets", 501):
        listed(("owning-service", "cognito-idp"))

    first = secrets.list_secrets(Filters=[{"Key": "name", "Values": ["/"]}], MaxResults=1)
    rest = secrets.list_secrets(Filters=[{"Key": "name", "Values": ["/"]}], NextToken=first["NextToken"])
    assert [secret["Name"] for page in (first, rest) for secret in page["SecretList"]] == sorted((two, four))
    assert "NextToken" not in rest
    # Evidence: reported, moto `test_with_no_filter_key` and `test_with_no_filter_values`.
    with refused("InvalidParameterException", "Invalid filter key"):
        secrets.list_secrets(Filters=[{"Values": ["foo"]}])
    with refused("InvalidParameterException", "Invalid filter values for key: name"):
        secrets.list_secrets(Filters=[{"Key": "name"}])


def test_words_of_a_filter_begin_words_of_a_secret(client):
    secrets = client("secretsmanager", region="eu-filters-2")
    # Listed by the time of their creation, not by name.
    # Evidence: recorded, moto `test_with_all_filter` and `test_with_all_filter_special_characters` (aws_verified).
    names = ["SecretOne", "SecretTwo", "Thirdsecret", "SecretFTag", "SecretFValue", "prod/AppBeta/1", "prod_AppBeta_1", "uat/COMPANY/1", "uat/COMPANYthings/1"]
    more = {
        "SecretTwo": {"Description": "DescTwo"},
        "SecretFTag": {"Tags": [{"Key": "1", "Value": "foo"}]},
        "SecretFValue": {"Tags": [{"Key": "foo", "Value": "v"}]},
    }
    for name in names:
        secrets.create_secret(Name=name, SecretString="s", **more.get(name, {}))
    for value, wanted in [
        ("SecretOne", ["SecretOne"]),
        ("foo", ["SecretFTag", "SecretFValue"]),
        ("secret", ["SecretOne", "SecretTwo", "SecretFTag", "SecretFValue"]),
        ("ret", []),
        ("sec", ["SecretOne", "SecretTwo", "SecretFTag", "SecretFValue"]),
        ("d", ["SecretTwo"]),
        ("d t", ["SecretTwo"]),
        ("AppBeta", ["prod/AppBeta/1", "prod_AppBeta_1"]),
        ("Beta", ["prod/AppBeta/1", "prod_AppBeta_1"]),
        ("+", []),
        ("company", ["uat/COMPANY/1"]),
        ("things", []),
        ("Ythings", ["uat/COMPANYthings/1"]),
        ("N", []),
        ("pany", []),
    ]:
        found = secrets.list_secrets(Filters=[{"Key": "all", "Values": [value]}])["SecretList"]
        assert [secret["Name"] for secret in found] == wanted, value
    # Evidence: recorded, moto `test_with_duplicate_filter_keys` (aws_verified).
    filters = [{"Key": "all", "Values": [word]} for word in ("secret", "two")]
    assert [secret["Name"] for secret in secrets.list_secrets(Filters=filters)["SecretList"]] == ["SecretTwo"]


def test_a_password_is_random_and_of_what_is_asked_for(secrets):
    def made(**members):
        return secrets.get_random_password(**members)["RandomPassword"]

    # Evidence: documented, "GetRandomPassword" (Secrets Manager API reference).
    password = made()
    assert len(password) == 32 and password != made() and " " not in password
    for kind in (string.ascii_uppercase, string.ascii_lowercase, string.digits, string.punctuation):
        for _ in range(20):
            assert set(kind) & set(made(PasswordLength=4))
    assert set(made(PasswordLength=4096)) == set(string.ascii_letters + string.digits + string.punctuation)
    assert set(made(PasswordLength=4096, IncludeSpace=True)) >= {" "}
    assert set(made(PasswordLength=4096, ExcludeNumbers=True, ExcludePunctuation=True, ExcludeUppercase=True)) == set(string.ascii_lowercase)
    # Evidence: recorded, LocalStack `test_get_random_exclude_characters_and_symbols`.
    password = made(PasswordLength=120, ExcludeCharacters="xyzDje@?!.")
    assert len(password) == 120 and not set("xyzDje@?!.") & set(password)

    # Evidence: reported, moto `test_get_random_too_short_password`; the words are inferred from other tools' rules that quote them.
    with refused("InvalidParameterException", "Password length is too short based on the required types."):
        made(PasswordLength=3)
    # Evidence: inferred, from the same rules.
    assert len(made(PasswordLength=3, RequireEachIncludedType=False)) == 3
    assert len(made(PasswordLength=3, ExcludeNumbers=True)) == 3
    with refused("InvalidParameterException", "All characters of the desired type have been excluded."):
        made(ExcludeCharacters=string.digits)
    assert not set(string.digits) & set(made(ExcludeCharacters=string.digits, RequireEachIncludedType=False))
    with refused("InvalidParameterException", "All characters have been excluded from selection."):
        made(ExcludeLowercase=True, ExcludeUppercase=True, ExcludeNumbers=True, ExcludePunctuation=True)


def test_deletion_has_a_way_back(secrets, unique):
    secrets.create_secret(Name=unique, SecretString="one")
    for window in (6, 31):
        with refused("InvalidParameterException", "between 7 and 30 days"):
            secrets.delete_secret(SecretId=unique, RecoveryWindowInDays=window)
    with refused("InvalidParameterException", "in conjunction"):
        secrets.delete_secret(SecretId=unique, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    deleted = secrets.delete_secret(SecretId=unique)
    told = secrets.describe_secret(SecretId=unique)
    assert (deleted["DeletionDate"] - told["DeletedDate"]).days == 30
    for refusing in (
        lambda: secrets.get_secret_value(SecretId=unique),
        lambda: secrets.put_secret_value(SecretId=unique, SecretString="two"),
        lambda: secrets.update_secret(SecretId=unique, Description="two"),
        lambda: secrets.tag_resource(SecretId=unique, Tags=TAGS),
    ):
        with refused("InvalidRequestException", "marked for deletion"):
            refusing()
    with refused("InvalidRequestException", "already scheduled for deletion"):
        secrets.delete_secret(SecretId=unique)
    with refused("InvalidRequestException", "already scheduled for deletion"):
        secrets.create_secret(Name=unique, SecretString="two")

    def listed(**more):
        pages = secrets.get_paginator("list_secrets").paginate(**more, PaginationConfig={"PageSize": 3})
        return [secret["Name"] for page in pages for secret in page["SecretList"]]

    assert unique not in listed() and unique in listed(IncludePlannedDeletion=True)
    secrets.restore_secret(SecretId=unique)
    assert secrets.get_secret_value(SecretId=unique)["SecretString"] == "one" and unique in listed()
    secrets.delete_secret(SecretId=unique, ForceDeleteWithoutRecovery=True)
    with refused("ResourceNotFoundException"):
        secrets.describe_secret(SecretId=unique)
    secrets.delete_secret(SecretId=unique, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=unique, SecretString="two")


def test_tags_are_seen_by_the_tagging_api(secrets, ssm, client, unique):
    tagging = client("resourcegroupstaggingapi")
    arn = secrets.create_secret(Name=unique, SecretString="one", Tags=[{"Key": unique, "Value": "secret"}])["ARN"]
    for name in (unique, f"/{unique}/deep"):
        ssm.put_parameter(Name=name, Value="one", Type="String", Tags=[{"Key": unique, "Value": "parameter"}])

    def found():
        mappings = tagging.get_resources(TagFilters=[{"Key": unique}])["ResourceTagMappingList"]
        return {mapping["ResourceARN"] for mapping in mappings}

    parameters = {f"arn:aws:ssm:eu-west-1:123456789012:parameter/{name}" for name in (unique, f"{unique}/deep")}
    assert found() == {arn} | parameters
    everything = sorted(found())
    assert tagging.tag_resources(ResourceARNList=everything, Tags={"more": "tags"})["FailedResourcesMap"] == {}
    assert {"Key": "more", "Value": "tags"} in secrets.describe_secret(SecretId=arn)["Tags"]
    assert {"Key": "more", "Value": "tags"} in ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=unique)["TagList"]
    assert tagging.untag_resources(ResourceARNList=everything, TagKeys=[unique])["FailedResourcesMap"] == {}
    assert found() == set()


def test_a_secure_string_is_read_with_decryption_only(ssm, unique):
    name = f"/{unique}/acme"
    assert ssm.put_parameter(Name=name, Value="one", Type="SecureString", Tags=TAGS)["Version"] == 1
    closed = ssm.get_parameter(Name=name)["Parameter"]
    assert closed["Type"] == "SecureString" and b"one" not in base64.b64decode(closed["Value"] + "==")
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "one"
    with refused("ValidationException", "tags and overwrite can't be used together"):
        ssm.put_parameter(Name=name, Value="two", Type="SecureString", Overwrite=True, Tags=TAGS)
    assert ssm.put_parameter(Name=name, Value="two", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "two"
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"] == TAGS
    with refused("HierarchyTypeMismatchException"):
        ssm.put_parameter(Name=name, Value="two", Type="String", Overwrite=True)


def test_names_tiers_and_lengths_of_parameters(ssm, unique):
    for name in ("a b", f"{unique}/deep"):
        with refused("ValidationException"):
            ssm.put_parameter(Name=name, Value="one", Type="String")
    put = {"Name": unique, "Type": "String", "Overwrite": True}
    with refused("ValidationException", "maximum parameter value of 4096 characters"):
        ssm.put_parameter(**put, Value="a" * 4097)
    assert ssm.put_parameter(**put, Value="a" * 4096)["Tier"] == "Standard"
    assert ssm.put_parameter(**put, Value="a" * 4097, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    with refused("ValidationException", "downgrade"):
        ssm.put_parameter(**put, Value="a", Tier="Standard")
    with refused("ValidationException", "maximum parameter value of 8192 characters"):
        ssm.put_parameter(**put, Value="a" * 8193)
    with refused("InvalidResourceId"):
        ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/nothing")
