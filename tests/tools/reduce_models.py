#!/usr/bin/env python3
"""Writes crates/aws-local/models/*.json: botocore's service models without their documentation, cut to what the local AWS needs.

Every operation stays listed, so that one that is not implemented can be refused by name. Shapes stay only where an
implemented operation reaches them. Which operations are implemented is read from the tables in crates/aws-local/src (`Operation::read("…"` and
`Operation::change("…"`), the only place that says so.

    python tests/tools/reduce_models.py           writes the files
    python tests/tools/reduce_models.py --check   fails when a file is not what it would write
"""

import json
import pathlib
import re
import sys

import botocore
from botocore.loaders import Loader

BOTOCORE = "1.43.11"
SERVICES = {
    "cognito-idp": "cognito",
    "apigateway": "apigateway",
    "apigatewayv2": "apigatewayv2",
    "sts": "sts",
    "resourcegroupstaggingapi": "tagging",
    "ec2": "ec2",
    "elbv2": "elbv2",
    "acm": "acm",
    "ssm": "ssm",
    "secretsmanager": "secretsmanager",
    "route53": "route53",
    "lambda": "lambda",
    "logs": "logs",
    "iam": "iam",
}

# What AWS has added since that botocore. Operations, shapes and members are as botocore 1.44.8 has them; the value is in AWS's documentation
# and in no botocore yet. 1.44 itself drops the tagging API's JSON protocol for CBOR, and adds dozens of members that
# the local AWS would have to refuse one by one.
LATER = {
    "cognito-idp": {
        "operations": {
            "GetClientToken": {
                "http": {"method": "POST", "requestUri": "/"},
                "input": {"shape": "GetClientTokenRequest"},
                "output": {"shape": "GetClientTokenResponse"},
            },
        },
        "shapes": {
            "GetClientTokenRequest": {
                "type": "structure",
                "required": ["ClientId", "Secret"],
                "members": {
                    "ClientId": {"shape": "ClientIdType"},
                    "Secret": {"shape": "ClientSecretType"},
                    "Scopes": {"shape": "ScopeListType"},
                    "ClientMetadata": {"shape": "ClientMetadataType"},
                },
            },
            "GetClientTokenResponse": {
                "type": "structure",
                "members": {"ClientAuthenticationResult": {"shape": "ClientAuthenticationResultType"}},
            },
            "ClientAuthenticationResultType": {
                "type": "structure",
                "members": {
                    "AccessToken": {"shape": "TokenModelType"},
                    "ExpiresIn": {"shape": "IntegerType"},
                    "TokenType": {"shape": "StringType"},
                },
            },
            "IssuerConfigurationType": {"type": "structure", "members": {"Type": {"shape": "IssuerType"}}},
            "IssuerType": {"type": "string", "enum": ["ORIGINAL", "UPDATED"]},
            # Without its pattern, which has a slash where the ARN of a secret has a colon.
            "ClientSecretArnType": {"type": "string", "min": 20, "max": 2048},
            "ClientTypeType": {"type": "string", "enum": ["REGULAR", "DCR"]},
            "ResourceServerManagedByType": {"type": "string", "enum": ["COGNITO"]},
        },
        "values": {"ExplicitAuthFlowsType": ["ALLOW_CLIENT_TOKEN_AUTH"]},
        "members": {
            "CreateUserPoolRequest": {"IssuerConfiguration": {"shape": "IssuerConfigurationType"}},
            "UpdateUserPoolRequest": {"IssuerConfiguration": {"shape": "IssuerConfigurationType"}},
            "UserPoolType": {"IssuerConfiguration": {"shape": "IssuerConfigurationType"}},
            "CreateUserPoolClientRequest": {"PublishSecretsInAWSSecretsManager": {"shape": "WrappedBooleanType"}},
            "UpdateUserPoolClientRequest": {"PublishSecretsInAWSSecretsManager": {"shape": "WrappedBooleanType"}},
            "UserPoolClientType": {
                "ClientSecretArn": {"shape": "ClientSecretArnType"},
                "ClientType": {"shape": "ClientTypeType"},
            },
            "ResourceServerType": {"ManagedBy": {"shape": "ResourceServerManagedByType"}},
        },
    },
}
METADATA = ["protocol", "jsonVersion", "targetPrefix", "xmlNamespace"]
SHAPE = ["type", "required", "payload", "min", "max", "pattern", "enum", "document", "sensitive", "flattened"]
MEMBER = ["shape", "location", "locationName", "queryName", "xmlAttribute"]

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "crates" / "aws-local"
TABLE_ROW = re.compile(r'Operation::(?:read|change|begin|outside)\(\s*"(\w+)"')


def implemented(module):
    """The names in the operation tables of one service's module (a file or a folder)."""
    folder = LOCAL / "src" / module
    files = folder.rglob("*.rs") if folder.is_dir() else [folder.with_suffix(".rs")]
    return {name for file in files if file.exists() for name in TABLE_ROW.findall(file.read_text(encoding="utf-8"))}


def pick(source, keys):
    return {key: source[key] for key in keys if source.get(key) is not None and source[key] is not False}


def reference(member):
    return pick(member, MEMBER)


def reduce_shape(shape):
    reduced = pick(shape, SHAPE)
    if "members" in shape:
        reduced["members"] = {name: reference(member) for name, member in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            reduced[part] = reference(shape[part])
    return reduced


def filters(model, operation):
    """The names of the filters that an operation's documentation lists. Those of tags every list takes."""
    members = model["shapes"].get(operation.get("input", {}).get("shape"), {}).get("members", {})
    names = re.findall(r"<li>\s*<p>\s*<code>([^<]+)</code>", members.get("Filters", {}).get("documentation", ""))
    return sorted({name for name in names if not name.startswith("tag")})


def reduce_operation(operation, is_implemented, filters):
    reduced = {"http": pick(operation["http"], ["method", "requestUri", "responseCode"])}
    if is_implemented:
        reduced["implemented"] = True
        for end in ("input", "output"):
            if end in operation:
                reduced[end] = operation[end]["shape"]
        if filters:
            reduced["filters"] = filters
        if "resultWrapper" in operation.get("output", {}):
            reduced["resultWrapper"] = operation["output"]["resultWrapper"]
    return reduced


def closure(shapes, roots):
    reached, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        shape = shapes[name]
        waiting += [member["shape"] for member in shape.get("members", {}).values()]
        waiting += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    return reached


def complete(service, model):
    """Adds later additions to botocore's model of a service."""
    later = LATER.get(service, {})
    for section in ("operations", "shapes"):
        for name, value in later.get(section, {}).items():
            if model[section].setdefault(name, value) is not value:
                sys.exit(f"botocore has {name} now: take it out of LATER")
    for shape, members in later.get("members", {}).items():
        for name, member in members.items():
            if model["shapes"][shape]["members"].setdefault(name, member) is not member:
                sys.exit(f"botocore has {shape}.{name} now: take it out of LATER")
    for shape, values in later.get("values", {}).items():
        known = model["shapes"][shape]["enum"]
        known += [value for value in values if value not in known]
    return model


def error_messages(shapes):
    """How a model's exceptions spell the member with AWS's words."""
    exceptions = (shape for shape in shapes.values() if shape.get("exception"))
    return {name for shape in exceptions for name in shape.get("members", {}) if name.lower() == "message"}


def error_members(shapes):
    """The members of each error's body, where the exceptions of a model differ in them or say whose fault they are."""
    exceptions = {name: shape for name, shape in shapes.items() if shape.get("exception")}
    if not any("Type" in shape.get("members", {}) for shape in exceptions.values()):
        return {}
    return {
        shape.get("error", {}).get("code", name): {"message": message, "typed": "Type" in shape["members"]}
        for name, shape in sorted(exceptions.items())
        for message in shape.get("members", {})
        if message.lower() == "message"
    }


def reduce(service, module):
    model = complete(service, Loader().load_service_model(service, "service-2"))
    names = implemented(module)
    unknown = names - set(model["operations"])
    if unknown:
        sys.exit(f"{module}: no such operation in {service}: {', '.join(sorted(unknown))}")
    operations = {
        name: reduce_operation(operation, name in names, filters(model, operation) if service == "ec2" else [])
        for name, operation in sorted(model["operations"].items())
    }
    roots = [operation[end] for operation in operations.values() for end in ("input", "output") if end in operation]
    reached = closure(model["shapes"], roots)
    metadata = pick(model["metadata"], METADATA)
    if error_messages(model["shapes"]) == {"Message"}:
        metadata["errorMessage"] = "Message"
    if members := error_members(model["shapes"]):
        metadata["errors"] = members
    if metadata["protocol"] == "rest-xml" and "xmlNamespace" not in metadata:
        # Route 53 says it only where an operation's input is.
        inputs = (operation.get("input", {}) for operation in model["operations"].values())
        metadata["xmlNamespace"] = next(end["xmlNamespace"]["uri"] for end in inputs if "xmlNamespace" in end)
    return {
        "metadata": metadata,
        "operations": operations,
        "shapes": {name: reduce_shape(model["shapes"][name]) for name in sorted(reached)},
    }


def lines(reduced):
    """JSON with one operation and one shape per line, so that a change reads well."""
    parts = [f'{{\n"metadata": {json.dumps(reduced["metadata"])},']
    for section in ("operations", "shapes"):
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in reduced[section].items())
        parts.append(f'"{section}": {{\n{rows}\n}}' + ("," if section == "operations" else "\n}"))
    return "\n".join(parts) + "\n"


def main():
    if botocore.__version__ != BOTOCORE:
        sys.exit(f"botocore {BOTOCORE} is needed, this is {botocore.__version__}")
    stale = []
    for service, module in SERVICES.items():
        path = LOCAL / "models" / f"{module}.json"
        text = lines(reduce(service, module))
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv[1:]:
            stale.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
    if stale:
        sys.exit(f"not what reduce_models.py writes: {', '.join(stale)}; run tests/tools/reduce_models.py")


if __name__ == "__main__":
    main()
