"""How the model walk calls Systems Manager's parameters."""

from elbv2_things import name
from walk import Recipe

SERVICE, MODULE = "ssm", "ssm"

SAMPLES = {"ResourceTypeForTagging": "Parameter", "ParameterStringFilterKey": "Name"}
ABSENT = {"Name": "/nothing", "Names": ["/nothing"], "Path": "/nothing", "ResourceType": "Document"}
FORGIVING = {
    "GetParameters.Names": "what is not there is in a list of its own",
    "DeleteParameters.Names": "what is not there is in a list of its own",
    "GetParametersByPath.Path": "nothing is below it",
    "RemoveTagsFromResource.TagKeys": "a key that is not there is gone already",
}

SECRET = "a value that nobody reads by accident"


def to_put(_):
    return {"Name": f"/{name()}", "Value": "one", "Type": "String"}


def stored(ssm, **more):
    parameter = {**to_put(ssm), **more}
    ssm.put_parameter(**parameter)
    return {"Name": parameter["Name"]}


def secure(ssm):
    return stored(ssm, Type="SecureString", Value=SECRET)


def again(ssm, base):
    ssm.put_parameter(**base)
    return {"Overwrite": True}


def tagged(ssm):
    return {"ResourceType": "Parameter", "ResourceId": stored(ssm, Tags=[{"Key": "old", "Value": "one"}])["Name"]}


def tags(ssm, sent):
    return ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=sent.get("ResourceId", sent.get("Name")))


def described(ssm, name):
    pages = ssm.get_paginator("describe_parameters").paginate()
    return [one for page in pages for one in page["Parameters"] if f"/{one['Name'].lstrip('/')}" == name]


def read(ssm, sent, answer):
    return [answer, described(ssm, sent["Name"]), ssm.get_parameter(Name=sent["Name"], WithDecryption=True), tags(ssm, sent)]


def below(ssm):
    folder = f"/{name()}"
    stored(ssm, Name=f"{folder}/a", Type="SecureString", Value=SECRET)
    return {"Path": folder}


def deeper(ssm, base):
    ssm.put_parameter(Name=f"{base['Path']}/b/c", Value="of the sub-path", Type="String")
    return {"Recursive": True}


DECRYPTED = {"WithDecryption": lambda *_: ("Value", SECRET)}
NAMES = frozenset({"ResourceId", "ResourceType"})

RECIPES = {
    "PutParameter": Recipe(
        to_put,
        read,
        values={"Name": "/walk/abcdef", "Type": "SecureString", "DataType": "aws:ec2:image", "Tier": "Advanced"},
        whole={"Overwrite": again},
        becomes={"Overwrite": lambda *_: ("Version", 2)},
    ),
    "GetParameter": Recipe(secure, names=frozenset({"Name"}), becomes=DECRYPTED),
    "GetParameters": Recipe(lambda ssm: {"Names": [secure(ssm)["Name"]]}, names=frozenset({"Names"}), becomes=DECRYPTED),
    "GetParametersByPath": Recipe(
        below,
        names=frozenset({"Path", "MaxResults", "NextToken"}),
        whole={"Recursive": deeper},
        becomes={**DECRYPTED, "Recursive": lambda *_: ("Value", "of the sub-path")},
    ),
    "DescribeParameters": Recipe(lambda ssm: stored(ssm) and {}, names=frozenset({"MaxResults", "NextToken"})),
    "DeleteParameter": Recipe(stored, names=frozenset({"Name"})),
    "DeleteParameters": Recipe(lambda ssm: {"Names": [stored(ssm)["Name"]]}, names=frozenset({"Names"})),
    "AddTagsToResource": Recipe(
        lambda ssm: {**tagged(ssm), "Tags": [{"Key": "team", "Value": "claims"}]},
        lambda ssm, sent, _: tags(ssm, sent),
        names=NAMES,
    ),
    "RemoveTagsFromResource": Recipe(lambda ssm: {**tagged(ssm), "TagKeys": ["old"]}, names=NAMES | {"TagKeys"}),
    "ListTagsForResource": Recipe(tagged, names=NAMES),
}
