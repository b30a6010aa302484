"""How the model walk calls CloudWatch Logs."""

import time

from elbv2_things import name
from walk import Recipe

SERVICE, MODULE = "logs", "logs"

NOWHERE = "arn:aws:logs:eu-west-1:123456789012:log-group:nothing"

SAMPLES = {"LogGroupClass": "INFREQUENT_ACCESS", "Days": 90, "AccountId": "123456789012", "EntityKeyAttributes": {"Type": "Service", "Name": "walk"}}
ABSENT = {"resourceArn": NOWHERE, "logStreamNames": ["nothing"]}
FORGIVING = {
    "UntagResource.tagKeys": "a key that is not there is gone already",
    "DescribeLogGroups.logGroupNamePrefix": "a filter",
    "DescribeLogGroups.logGroupNamePattern": "a filter",
}


def to_create(_):
    return {"logGroupName": name()}


def group(logs, **more):
    made = {**to_create(logs), "tags": {"old": "one"}, **more}
    logs.create_log_group(**made)
    return {"logGroupName": made["logGroupName"]}


def shown(logs, known):
    return logs.describe_log_groups(logGroupNamePrefix=known)["logGroups"][0]


def resource(logs):
    return {"resourceArn": shown(logs, group(logs)["logGroupName"])["logGroupArn"]}


def read(logs, sent, answer):
    shows = shown(logs, sent["logGroupName"])
    return [shows, logs.list_tags_for_resource(resourceArn=shows["logGroupArn"])]


def kept(logs):
    made = group(logs)
    logs.put_retention_policy(**made, retentionInDays=7)
    return made


def tags(logs, sent, _):
    return logs.list_tags_for_resource(resourceArn=sent["resourceArn"])


def stream(logs):
    made = group(logs)
    logs.create_log_stream(**made, logStreamName="one")
    return {**made, "logStreamName": "one"}


def now():
    return int(time.time() * 1000)


def to_put(logs):
    return {**stream(logs), "logEvents": [{"timestamp": now(), "message": "words"}]}


def with_events(logs):
    wanted = to_put(logs)
    wanted["logEvents"].append({"timestamp": now() + 5, "message": "more"})
    logs.put_log_events(**wanted)
    return {"logGroupName": wanted["logGroupName"], "logStreamName": "one"}


def in_group(logs):
    return {"logGroupName": with_events(logs)["logGroupName"]}


def events(logs, sent, _):
    return logs.get_log_events(logGroupName=sent["logGroupName"], logStreamName=sent["logStreamName"])


def by_identifier(_, base):
    return {**base, "logGroupIdentifier": base["logGroupName"], "logGroupName": None}


NAME = frozenset({"logGroupName"})
STREAM = NAME | {"logStreamName"}
WHICH = "it chooses what is listed, and how: as_aws/logs.rs"
ARN = frozenset({"resourceArn"})

RECIPES = {
    "CreateLogGroup": Recipe(to_create, read, values={"logGroupName": "/walk/abcdef"}),
    "DeleteLogGroup": Recipe(group, names=NAME),
    "DescribeLogGroups": Recipe(
        lambda logs: group(logs, logGroupClass="INFREQUENT_ACCESS") and group(logs) and {},
        names=frozenset({"logGroupNamePrefix", "logGroupNamePattern", "nextToken", "limit"}),
        never={"logGroupClass": "a filter: test_logs.py"},
    ),
    "PutRetentionPolicy": Recipe(lambda logs: {**group(logs), "retentionInDays": 30}, read, names=NAME),
    "DeleteRetentionPolicy": Recipe(kept, names=NAME),
    "CreateLogStream": Recipe(
        lambda logs: {**group(logs), "logStreamName": "one"},
        lambda logs, sent, _: logs.describe_log_streams(logGroupName=sent["logGroupName"]),
        names=NAME,
        values={"logStreamName": "abcdef"},
    ),
    "DeleteLogStream": Recipe(stream, names=STREAM),
    "DescribeLogStreams": Recipe(
        lambda logs: (made := stream(logs)) and {"logGroupName": made["logGroupName"]},
        names=NAME | {"nextToken", "limit"},
        whole={"logGroupIdentifier": by_identifier},
        never=dict.fromkeys(("logGroupIdentifier", "logStreamNamePrefix", "orderBy", "descending"), WHICH),
    ),
    "PutLogEvents": Recipe(
        to_put,
        events,
        names=STREAM,
        whole=dict.fromkeys(
            ("logEvents.timestamp", "logEvents.message"),
            lambda _, base: {**base, "logEvents": [{"timestamp": now() + 7, "message": "other words"}]},
        ),
        never={"sequenceToken": "AWS takes any, and asks for none"},
    ),
    "GetLogEvents": Recipe(
        with_events,
        names=STREAM | {"nextToken", "limit"},
        whole={"logGroupIdentifier": by_identifier},
        never=dict.fromkeys(("logGroupIdentifier", "startTime", "endTime", "startFromHead"), WHICH),
    ),
    "FilterLogEvents": Recipe(
        in_group,
        names=NAME | {"nextToken", "limit", "logStreamNames"},
        whole={"logGroupIdentifier": by_identifier},
        never=dict.fromkeys(
            ("logGroupIdentifier", "logStreamNamePrefix", "startTime", "endTime", "filterPattern", "interleaved"), WHICH
        ),
    ),
    "TagResource": Recipe(lambda logs: {**resource(logs), "tags": {"team": "claims"}}, tags, names=ARN),
    "UntagResource": Recipe(lambda logs: {**resource(logs), "tagKeys": ["old"]}, names=ARN | {"tagKeys"}),
    "ListTagsForResource": Recipe(resource, names=ARN),
}
