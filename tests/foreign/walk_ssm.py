"""How the model walk calls Systems Manager's parameters."""

from elbv2_things import name
from walk import Recipe

SERVICE, MODULE = "ssm", "ssm"

SAMPLES = {}
ABSENT = {"Name": "/nothing", "Names": ["/nothing"]}
FORGIVING = {"GetParameters.Names": "what is not there is in a list of its own"}


def to_put(_):
    return {"Name": f"/{name()}", "Value": "one", "Type": "String"}


def stored(ssm):
    parameter = to_put(ssm)
    ssm.put_parameter(**parameter)
    return {"Name": parameter["Name"]}


def again(ssm, base):
    ssm.put_parameter(**base)
    return {"Overwrite": True}


def read(ssm, sent, _):
    return ssm.get_parameter(Name=sent["Name"])


PLAIN = {"WithDecryption": "it changes what is encrypted, which nothing here is"}

RECIPES = {
    "PutParameter": Recipe(
        to_put,
        read,
        values={"Name": "/walk/abcdef", "Type": "StringList", "DataType": "aws:ec2:image"},
        whole={"Overwrite": again},
        becomes={"Overwrite": lambda *_: ("Version", 2)},
    ),
    "GetParameter": Recipe(stored, names=frozenset({"Name"}), never=PLAIN),
    "GetParameters": Recipe(lambda ssm: {"Names": [stored(ssm)["Name"]]}, names=frozenset({"Names"}), never=PLAIN),
    "DeleteParameter": Recipe(stored, names=frozenset({"Name"})),
}
