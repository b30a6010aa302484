"""What test_model_walk.py needs to walk a service: valid inputs from botocore's model, and whether a value came back."""

import json
import pathlib
from dataclasses import dataclass, field

from botocore.loaders import Loader
from botocore.model import ServiceModel

MODELS = pathlib.Path(__file__).resolve().parents[2] / "crates" / "aws-local" / "models"


@dataclass
class Recipe:
    """How to walk one operation.

    `begin` makes what the call needs and answers the input's required members. `read` answers a document in which what the call set must
    be found, from the client, what was sent and what was answered; without one it is the answer itself.
    """

    begin: callable
    read: callable = None
    # Members that only say what the call is about, or which page of it: they are not returned.
    names: frozenset = frozenset()
    # Other members that a member needs beside it, by path.
    beside: dict = field(default_factory=dict)
    # The value for a member, by path, where a generated one is invalid or the default.
    values: dict = field(default_factory=dict)
    # The input's own members for a path, instead of made up ones; or a function of the client and the required members to them. None
    # leaves one out.
    whole: dict = field(default_factory=dict)
    # What is returned as something else: path -> function of the value and the input to (name, value).
    becomes: dict = field(default_factory=dict)
    # What AWS itself never returns: path -> why.
    never: dict = field(default_factory=dict)
    # What AWS refuses without something that the local AWS never has: path -> AWS's words.
    refused: dict = field(default_factory=dict)


def implemented(module):
    """The names of a service's implemented operations."""
    model = json.loads((MODELS / f"{module}.json").read_text(encoding="utf-8"))
    return [name for name, operation in model["operations"].items() if operation.get("implemented")]


def model(service):
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def leaves(shape, seen=()):
    """The paths of all members below a structure that hold values, nested ones too."""
    for name, member in shape.members.items():
        below = member
        while below.type_name == "list":
            below = below.member
        if below.type_name == "map":
            below = below.value if below.value.type_name == "structure" else below
        if below.type_name == "structure" and below.members and below.name not in seen:
            for path in leaves(below, (*seen, below.name)):
                yield (name, *path)
        else:
            yield (name,)


def value(shape, path, samples, at=()):
    """A valid value with the member at `path` in it. `at` is where in the input this value stands."""
    here = ".".join(at)
    if here in samples:
        return samples[here]
    if shape.name in samples:
        return samples[shape.name]
    kind = shape.type_name
    if kind == "structure":
        if not shape.members:
            return {"any": {"thing": 1.5}}
        wanted = [*shape.required_members, *path[:1]]
        return {
            name: value(shape.members[name], path[1:] if path[:1] == (name,) else (), samples, (*at, name)) for name in wanted
        }
    if kind == "list":
        return [value(shape.member, path, samples, at)]
    if kind == "map":
        return {value(shape.key, (), samples): value(shape.value, path, samples, at)}
    limits = shape.metadata
    if kind == "string":
        if limits.get("enum"):
            return limits["enum"][-1]
        return "abcdef".ljust(int(limits.get("min", 0)), "a")
    if kind in ("integer", "long"):
        least = int(limits.get("min", 0))
        return min(least + 5, int(limits.get("max", least + 5)))
    if kind in ("double", "float"):
        return 2.5
    if kind == "boolean":
        return True
    if kind == "blob":
        return b"bytes"
    raise AssertionError(f"no value for a {kind}")


def at(document, path):
    """The value at a path of an input; the first of a list on the way."""
    for name in path:
        while isinstance(document, list):
            document = document[0]
        if name not in document and len(document) == 1:
            document = next(iter(document.values()))
        document = document[name]
    return document


def found(document, name, wanted):
    """Whether a member of this name holds this value anywhere in the document."""
    if isinstance(document, list):
        return any(found(item, name, wanted) for item in document)
    if not isinstance(document, dict):
        return False
    if name in document and holds(document[name], wanted):
        return True
    return any(found(below, name, wanted) for below in document.values())


def holds(value, wanted):
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and holds(value[key], below) for key, below in wanted.items())
    if isinstance(wanted, list) and isinstance(value, list):
        return all(any(holds(item, below) for item in value) for below in wanted)
    if hasattr(value, "read"):
        value = value.read()
    return type(value) is type(wanted) and value == wanted


def merge(into, extra):
    """Adds to an input what it does not have yet."""
    for name, below in extra.items():
        if isinstance(below, dict) and isinstance(into.get(name), dict):
            merge(into[name], below)
        else:
            into.setdefault(name, below)
