"""How the model walk calls Lambda."""

import base64
import json

from certificates import beside
from elbv2_things import Ground, name
from functions import archive, execution_role, to_create
from walk import Recipe

SERVICE, MODULE = "lambda", "lambda"

# ARNs of Lambda have a Region as AWS names them.
REGION = "eu-west-3"

ARN = f"arn:aws:lambda:{REGION}:123456789012:function"

# Its role exists once for all functions, and this layer is another account's.
SAMPLES = {
    "RoleArn": "arn:aws:iam::123456789012:role/runs-functions",
    "Runtime": "python3.14",
    "LayerVersionArn": f"arn:aws:lambda:{REGION}:210987654321:layer:other:1",
    "SnapStartApplyOn": "PublishedVersions",
    "TracingMode": "Active",
    "Architecture": "arm64",
    "EphemeralStorageSize": 600,
    "EnvironmentVariableName": "GREETING",
    "LogFormat": "JSON",
    "LogGroup": "/walk/abcdef",
    "AdditionalVersion": "1",
    "MasterRegion": "ALL",
    # What is refused by name.
    "KMSKeyArn": "arn:aws:kms:eu-west-3:123456789012:key/abcdef",
    "CodeSigningConfigArn": f"arn:aws:lambda:{REGION}:123456789012:code-signing-config:csc-0123456789abcdefg",
    "CapacityProviderArn": f"arn:aws:lambda:{REGION}:123456789012:capacity-provider:abcdef",
    "FileSystemArn": f"arn:aws:elasticfilesystem:{REGION}:123456789012:access-point/fsap-0123456789abcdef0",
    "LocalMountPath": "/mnt/abcdef",
    "ResourceArn": "arn:aws:sqs:eu-west-3:123456789012:abcdef",
}
ABSENT = {
    "Resource": f"{ARN}:nothing",
    "FunctionVersion": "7",
    "EventSourceArn": "arn:aws:sqs:eu-west-3:123456789012:nothing",
}
FORGIVING = {
    "UntagResource.TagKeys": "a key that is not there is gone already",
    "DeleteAlias.Name": "an alias that is not there is gone already",
    "ListAliases.FunctionVersion": "a filter",
    "ListEventSourceMappings.FunctionName": "a filter",
    "ListEventSourceMappings.EventSourceArn": "a filter",
}
PAGE = frozenset({"Marker", "MaxItems"})
NAME = frozenset({"FunctionName"})
QUALIFIED = NAME | {"Qualifier"}
ALIAS = NAME | {"Name"}

NO_BUCKET = "S3 Error Code: NoSuchBucket"


def new(functions):
    return to_create(beside(functions, "iam"), name())


def function(functions, **members):
    made = {**new(functions), **members}
    functions.create_function(**made)
    return {"FunctionName": made["FunctionName"]}


def published(functions):
    return function(functions, Publish=True)


def read(functions, sent, _):
    named = {"FunctionName": sent["FunctionName"]}
    return [functions.get_function(**named), functions.list_versions_by_function(**named)]


def networks(functions, base):
    ground = Ground(beside(functions, "ec2"))
    return {**base, "VpcConfig": {"SubnetIds": ground.subnets[:1], "SecurityGroupIds": [ground.group()]}}


def with_ipv6(functions, base):
    wanted = networks(functions, base)
    wanted["VpcConfig"]["Ipv6AllowedForDualStack"] = True
    return wanted


def code(**members):
    """Code in a call that creates a function. There is no S3, so a bucket is never there."""
    return lambda _, base: {**base, "Code": members}


def updated_code(**members):
    return lambda _, base: {"FunctionName": base["FunctionName"], "ZipFile": None, **members}


BUCKET = {"S3Bucket": "abcdef", "S3Key": "abcdef"}


def with_another_role(functions, base):
    return {**base, "Role": execution_role(beside(functions, "iam"), "runs-others")}


SETTINGS = {
    "values": {"Timeout": 7, "Description": "words", "Handler": "other.handler"},
    "whole": {
        "VpcConfig.SubnetIds": networks,
        "VpcConfig.SecurityGroupIds": networks,
        "VpcConfig.Ipv6AllowedForDualStack": with_ipv6,
        "LoggingConfig.ApplicationLogLevel": {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}},
        "LoggingConfig.SystemLogLevel": {"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}},
        "Layers": {"Layers": [SAMPLES["LayerVersionArn"]]},
    },
    "becomes": {"Layers": lambda value, _: ("Arn", value[0])},
}


def alias(functions, **members):
    made = published(functions)
    functions.create_alias(**made, Name="live", FunctionVersion="1", **members)
    return {**made, "Name": "live"}


def two_versions(functions):
    made = published(functions)
    functions.update_function_code(**made, ZipFile=archive("2"), Publish=True)
    return made


def to_alias(functions):
    return {**two_versions(functions), "Name": "live", "FunctionVersion": "2"}


def aliased(functions):
    wanted = to_alias(functions)
    functions.create_alias(**wanted)
    return {"FunctionName": wanted["FunctionName"], "Name": "live"}


def weighted(functions, base):
    return {**base, "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}


def to_permit(functions):
    wanted = {"StatementId": "abcdef", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    return {**function(functions), **wanted}


def permitted(functions):
    wanted = to_permit(functions)
    functions.add_permission(**wanted)
    return {"FunctionName": wanted["FunctionName"]}


def statements(functions, sent, _):
    return json.loads(functions.get_policy(FunctionName=sent["FunctionName"])["Policy"])


def condition(key):
    return lambda value, _: (key, value)


def resource(functions, **members):
    return {"Resource": f"{ARN}:{function(functions, **members)['FunctionName']}"}


def tags(functions, sent, _):
    return functions.list_tags(Resource=sent["Resource"])


def reserved(functions):
    made = function(functions)
    functions.put_function_concurrency(**made, ReservedConcurrentExecutions=1)
    return made


NONE_OF = Recipe(function, names=NAME | PAGE)

ECHO = "export const handler = async (event, context) => ({event, clientContext: context.clientContext});"


def runs(functions):
    wanted = {**new(functions), "Code": {"ZipFile": archive(ECHO)}}
    functions.create_function(**wanted)
    return {"FunctionName": wanted["FunctionName"]}


def ran(_, sent, answer):
    """What a function answered, with what it was called with."""
    log = {"LogType": "Tail"} if "LogResult" in answer else {}
    return {"StatusCode": answer["StatusCode"], **log, **json.loads(answer["Payload"].read() or "{}")}


RECIPES = {
    "CreateFunction": Recipe(
        new,
        read,
        values={**SETTINGS["values"], "FunctionName": "walk-abcdef"},
        whole={
            **SETTINGS["whole"],
            "Code.ZipFile": code(ZipFile=archive("other")),
            "Code.S3Bucket": code(**BUCKET),
            "Code.S3Key": code(**BUCKET),
            "Code.S3ObjectVersion": code(**BUCKET, S3ObjectVersion="abcdef"),
        },
        becomes={
            **SETTINGS["becomes"],
            "Publish": lambda *_: ("Version", "1"),
            "Code.ZipFile": lambda value, _: ("CodeSize", len(value)),
        },
        refused={f"Code.{member}": NO_BUCKET for member in ("S3Bucket", "S3Key", "S3ObjectVersion")},
    ),
    "GetFunction": Recipe(function, names=QUALIFIED),
    "GetFunctionConfiguration": Recipe(function, names=QUALIFIED),
    "ListFunctions": Recipe(
        lambda functions: function(functions) and {},
        names=PAGE,
        never={"FunctionVersion": "it chooses what is listed: as_aws/lambda.rs"},
    ),
    "DeleteFunction": Recipe(published, names=QUALIFIED),
    "UpdateFunctionCode": Recipe(
        lambda functions: {**function(functions), "ZipFile": archive("2")},
        names=NAME | {"RevisionId"},
        whole={
            "ZipFile": updated_code(ZipFile=archive("other")),
            "S3Bucket": updated_code(**BUCKET),
            "S3Key": updated_code(**BUCKET),
            "S3ObjectVersion": updated_code(**BUCKET, S3ObjectVersion="abcdef"),
        },
        becomes={
            "ZipFile": lambda value, _: ("CodeSize", len(value)),
            "Publish": lambda *_: ("Version", "1"),
        },
        never={"DryRun": "it says that nothing is done: as_aws/lambda.rs"},
        refused=dict.fromkeys(("S3Bucket", "S3Key", "S3ObjectVersion"), NO_BUCKET),
    ),
    "UpdateFunctionConfiguration": Recipe(
        function,
        names=NAME | {"RevisionId"},
        values=SETTINGS["values"],
        whole={**SETTINGS["whole"], "Role": with_another_role},
        becomes=SETTINGS["becomes"],
    ),
    "PublishVersion": Recipe(function, names=NAME | {"CodeSha256", "RevisionId"}, values={"Description": "words"}),
    "ListVersionsByFunction": Recipe(published, names=NAME | PAGE),
    "CreateAlias": Recipe(
        to_alias,
        names=NAME | {"FunctionVersion"},
        whole={"RoutingConfig.AdditionalVersionWeights": weighted},
        values={"Name": "abcdef", "Description": "words"},
    ),
    "GetAlias": Recipe(alias, names=ALIAS),
    "UpdateAlias": Recipe(
        aliased,
        names=ALIAS | {"FunctionVersion", "RevisionId"},
        whole={"RoutingConfig.AdditionalVersionWeights": weighted},
        values={"Description": "words"},
    ),
    "DeleteAlias": Recipe(alias, names=ALIAS),
    "ListAliases": Recipe(
        lambda functions: {"FunctionName": alias(functions)["FunctionName"]}, names=NAME | PAGE | {"FunctionVersion"}),
    "AddPermission": Recipe(
        to_permit,
        statements,
        names=QUALIFIED | {"RevisionId"},
        values={
            "StatementId": "abcdef",
            "Action": "lambda:GetFunction",
            "Principal": "sns.amazonaws.com",
            "SourceArn": "arn:aws:s3:::walk",
            "SourceAccount": "210987654321",
            "PrincipalOrgID": "o-abcdefghij",
        },
        becomes={
            "StatementId": condition("Sid"),
            "Principal": condition("Service"),
            "SourceArn": condition("AWS:SourceArn"),
            "SourceAccount": condition("AWS:SourceAccount"),
            "EventSourceToken": condition("lambda:EventSourceToken"),
            "PrincipalOrgID": condition("aws:PrincipalOrgID"),
            "FunctionUrlAuthType": condition("lambda:FunctionUrlAuthType"),
            "InvokedViaFunctionUrl": lambda *_: ("lambda:InvokedViaFunctionUrl", "true"),
        },
    ),
    "RemovePermission": Recipe(
        lambda functions: {**permitted(functions), "StatementId": "abcdef"},
        names=QUALIFIED | {"StatementId", "RevisionId"},
    ),
    "GetPolicy": Recipe(permitted, names=QUALIFIED),
    "TagResource": Recipe(
        lambda functions: {**resource(functions), "Tags": {"team": "claims"}}, tags, names=frozenset({"Resource"})
    ),
    "UntagResource": Recipe(
        lambda functions: {**resource(functions, Tags={"old": "one"}), "TagKeys": ["old"]},
        names=frozenset({"Resource", "TagKeys"}),
    ),
    "ListTags": Recipe(resource, names=frozenset({"Resource"})),
    "PutFunctionConcurrency": Recipe(
        lambda functions: {**function(functions), "ReservedConcurrentExecutions": 1}, read, names=NAME
    ),
    "GetFunctionConcurrency": Recipe(reserved, names=NAME),
    "DeleteFunctionConcurrency": Recipe(reserved, names=NAME),
    "GetAccountSettings": Recipe(lambda _: {}),
    "ListEventSourceMappings": Recipe(lambda _: {}, names=NAME | PAGE | {"EventSourceArn"}),
    "ListFunctionUrlConfigs": NONE_OF,
    "GetFunctionUrlConfig": Recipe(function, names=QUALIFIED),
    "GetFunctionCodeSigningConfig": Recipe(function, names=NAME),
    "GetFunctionEventInvokeConfig": Recipe(function, names=QUALIFIED),
    "ListFunctionEventInvokeConfigs": NONE_OF,
    "ListProvisionedConcurrencyConfigs": NONE_OF,
    "GetFunctionRecursionConfig": Recipe(function, names=NAME),
    "GetRuntimeManagementConfig": Recipe(function, names=QUALIFIED),
    "Invoke": Recipe(
        runs,
        ran,
        names=QUALIFIED,
        values={"ClientContext": base64.b64encode(b'{"custom": {"a": "b"}}').decode(), "Payload": b'{"a": 1}'},
        becomes={
            "InvocationType": lambda *_: ("StatusCode", 204),
            "ClientContext": lambda *_: ("clientContext", {"custom": {"a": "b"}}),
            "Payload": lambda *_: ("event", {"a": 1}),
        },
    ),
}
