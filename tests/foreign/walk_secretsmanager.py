"""How the model walk calls Secrets Manager."""

import string

from elbv2_things import name
from walk import Recipe

SERVICE, MODULE = "secretsmanager", "secretsmanager"

SAMPLES = {"ClientRequestTokenType": "0b8f3b46-96a4-4bd4-9a0e-d5b1b0d2c5aa"}
ABSENT = {"VersionId": "0" * 32}
FORGIVING = {"UntagResource.TagKeys": "a key that is not there is gone already"}


def to_create(_):
    return {"Name": name(), "SecretString": "one"}


def stored(api):
    secret = {**to_create(api), "Tags": [{"Key": "old", "Value": "one"}]}
    api.create_secret(**secret)
    return {"SecretId": secret["Name"]}


def read(api, sent, answer):
    known = sent.get("SecretId", sent.get("Name"))
    documents = [answer, api.describe_secret(SecretId=known)]
    if documents[1].get("VersionIdsToStages"):
        documents.append(api.get_secret_value(SecretId=known))
    return documents


def listed(api, sent, answer):
    return answer


def deleted(api, _):
    return {"SecretId": stored(api)["SecretId"], "RecoveryWindowInDays": 7}


def binary(_, base):
    return {"SecretBinary": b"bytes", "SecretString": None}


def made_of(api, sent, answer):
    """What its input says of a password, as the password shows it."""
    password = answer["RandomPassword"]
    return {
        "PasswordLength": len(password),
        "ExcludeCharacters": "abcdef" if not set("abcdef") & set(password) else "",
        "ExcludeNumbers": not any(letter.isdigit() for letter in password),
        "ExcludePunctuation": not set(string.punctuation) & set(password),
        "ExcludeUppercase": not any(letter.isupper() for letter in password),
        "ExcludeLowercase": not any(letter.islower() for letter in password),
        "IncludeSpace": " " in password,
        "RequireEachIncludedType": len(password) >= 4,
    }


TOKEN = {"ClientRequestToken": lambda value, _: ("VersionId", value)}
NAME = frozenset({"SecretId"})


def days(api, sent, answer):
    described = api.describe_secret(SecretId=sent["SecretId"])
    return {"RecoveryWindowInDays": (answer["DeletionDate"] - described["DeletedDate"]).days}


def gone(api, sent, _):
    return {"ForceDeleteWithoutRecovery": "there" not in [
        "there" for secret in api.list_secrets(IncludePlannedDeletion=True)["SecretList"] if secret["Name"] == sent["SecretId"]
    ]}


RECIPES = {
    "CreateSecret": Recipe(to_create, read, values={"Name": "walk/abcdef", "AddReplicaRegions.Region": "eu-west-2"}, whole={"SecretBinary": binary}, becomes=TOKEN),
    "PutSecretValue": Recipe(
        lambda api: {**stored(api), "SecretString": "two"},
        read,
        names=NAME,
        values={"SecretString": "three", "VersionStages": ["MINE"]},
        whole={"SecretBinary": binary},
        becomes=TOKEN,
    ),
    "UpdateSecret": Recipe(
        stored,
        read,
        names=NAME,
        values={"SecretString": "three"},
        beside={"ClientRequestToken": {"SecretString": "four"}},
        becomes=TOKEN,
    ),
    "GetSecretValue": Recipe(stored, names=frozenset({"SecretId", "VersionId", "VersionStage"})),
    "DescribeSecret": Recipe(stored, names=NAME),
    "ListSecrets": Recipe(
        lambda api: api.delete_secret(**stored(api)) and {},
        listed,
        names=frozenset({"MaxResults", "NextToken"}),
        values={"Filters": [{"Key": "name", "Values": ["old"]}]},
        never=dict.fromkeys(("Filters.Key", "Filters.Values"), "they choose what is listed: test_secretsmanager.py"),
        becomes={"IncludePlannedDeletion": lambda *_: ("Tags", [{"Key": "old", "Value": "one"}])},
    ),
    "GetRandomPassword": Recipe(
        lambda _: {"PasswordLength": 4096},
        made_of,
        whole={"RequireEachIncludedType": {"RequireEachIncludedType": False, "PasswordLength": 1}},
    ),
    "DeleteSecret": Recipe(
        stored,
        lambda api, sent, answer: gone(api, sent, answer) if "ForceDeleteWithoutRecovery" in sent else days(api, sent, answer),
        names=NAME,
        values={"RecoveryWindowInDays": 9},
    ),
    "RestoreSecret": Recipe(stored, names=NAME),
    "TagResource": Recipe(lambda api: {**stored(api), "Tags": [{"Key": "team", "Value": "claims"}]}, read, names=NAME),
    "UntagResource": Recipe(lambda api: {**stored(api), "TagKeys": ["old"]}, names=NAME | {"TagKeys"}),
}
