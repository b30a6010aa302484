"""How the model walk calls CloudWatch Logs."""

from elbv2_things import name
from walk import Recipe

SERVICE, MODULE = "logs", "logs"

NOWHERE = "arn:aws:logs:eu-west-1:123456789012:log-group:nothing"

SAMPLES = {"LogGroupClass": "INFREQUENT_ACCESS", "Days": 90, "AccountId": "123456789012"}
ABSENT = {"resourceArn": NOWHERE}
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


NAME = frozenset({"logGroupName"})
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
    "TagResource": Recipe(lambda logs: {**resource(logs), "tags": {"team": "claims"}}, tags, names=ARN),
    "UntagResource": Recipe(lambda logs: {**resource(logs), "tagKeys": ["old"]}, names=ARN | {"tagKeys"}),
    "ListTagsForResource": Recipe(resource, names=ARN),
}
