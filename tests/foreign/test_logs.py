"""CloudWatch Logs: what AWS takes, answers and refuses."""

import pytest
from conftest import refused

DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]


@pytest.fixture
def logs(client):
    return client("logs")


def arn(name):
    return f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}"


def test_a_group_is_listed_as_aws_lists_it(logs, unique):
    for number in range(3):
        logs.create_log_group(logGroupName=f"{unique}/{number}")
    listed = logs.describe_log_groups(logGroupNamePrefix=unique)
    assert "nextToken" not in listed and len(listed["logGroups"]) == 3
    first = listed["logGroups"][0]
    assert first.pop("creationTime") > 1_500_000_000_000
    assert first == {
        "arn": f"{arn(unique)}/0:*",
        "deletionProtectionEnabled": False,
        "logGroupArn": f"{arn(unique)}/0",
        "logGroupClass": "STANDARD",
        "logGroupName": f"{unique}/0",
        "metricFilterCount": 0,
        "storedBytes": 0,
    }
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=unique, PaginationConfig={"PageSize": 2})
    assert [len(page["logGroups"]) for page in pages] == [2, 1]
    by_part = logs.describe_log_groups(logGroupNamePattern=f"{unique[3:]}/1")["logGroups"]
    assert [group["logGroupName"] for group in by_part] == [f"{unique}/1"] and "storedBytes" not in by_part[0]
    logs.create_log_group(logGroupName=f"{unique}/rare", logGroupClass="INFREQUENT_ACCESS")
    rare = logs.describe_log_groups(logGroupNamePrefix=unique, logGroupClass="INFREQUENT_ACCESS")["logGroups"]
    assert [group["logGroupName"] for group in rare] == [f"{unique}/rare"]
    with refused("InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."):
        logs.describe_log_groups(logGroupNamePrefix=unique, logGroupNamePattern=unique)


def test_events_are_kept_for_so_many_days(logs, unique):
    logs.create_log_group(logGroupName=unique)

    def kept():
        return logs.describe_log_groups(logGroupNamePrefix=unique)["logGroups"][0].get("retentionInDays")

    assert kept() is None
    for days in DAYS:
        logs.put_retention_policy(logGroupName=unique, retentionInDays=days)
        assert kept() == days
    for days in (0, 2, 31, 3654):
        with refused("InvalidParameterException", "'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set"):
            logs.put_retention_policy(logGroupName=unique, retentionInDays=days)
    logs.delete_retention_policy(logGroupName=unique)
    assert kept() is None
    logs.delete_retention_policy(logGroupName=unique)


def test_what_is_refused(logs, unique):
    logs.create_log_group(logGroupName=unique)
    with refused("ResourceAlreadyExistsException", "The specified log group already exists"):
        logs.create_log_group(logGroupName=unique)
    with refused("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS"):
        logs.create_log_group(logGroupName="aws/spans")
    with refused("InvalidParameterException", "pattern"):
        logs.create_log_group(logGroupName="a b")
    with refused("NotImplemented", "kmsKeyId of logs:CreateLogGroup", 501):
        logs.create_log_group(logGroupName=f"{unique}/2", kmsKeyId="alias/mine")
    with refused("NotImplemented", "logGroupClass DELIVERY of logs:CreateLogGroup", 501):
        logs.create_log_group(logGroupName=f"{unique}/2", logGroupClass="DELIVERY")
    with refused("NotImplemented", "logs:PutMetricFilter", 501):
        logs.put_metric_filter(logGroupName=unique, filterName="a", filterPattern="b", metricTransformations=[
            {"metricName": "a", "metricNamespace": "b", "metricValue": "1"},
        ])
    logs.delete_log_group(logGroupName=unique)
    for gone in (
        lambda: logs.delete_log_group(logGroupName=unique),
        lambda: logs.put_retention_policy(logGroupName=unique, retentionInDays=1),
        lambda: logs.delete_retention_policy(logGroupName=unique),
        lambda: logs.list_tags_for_resource(resourceArn=arn(unique)),
        lambda: logs.tag_resource(resourceArn=arn(unique), tags={"a": "b"}),
        lambda: logs.untag_resource(resourceArn=arn(unique), tagKeys=["a"]),
    ):
        with refused("ResourceNotFoundException", "The specified log group does not exist."):
            gone()


def test_tags(logs, client, unique):
    logs.create_log_group(logGroupName=unique, tags={"env": "testing1"})
    logs.tag_resource(resourceArn=arn(unique), tags={"test1": "val1", unique: "val2"})
    assert logs.list_tags_for_resource(resourceArn=arn(unique))["tags"] == {"env": "testing1", "test1": "val1", unique: "val2"}
    logs.untag_resource(resourceArn=arn(unique), tagKeys=["env", "test1"])
    assert logs.list_tags_for_resource(resourceArn=arn(unique))["tags"] == {unique: "val2"}
    with refused("InvalidParameterException"):
        logs.list_tags_for_resource(resourceArn=f"{arn(unique)}:*")
    with refused("InvalidParameterException"):
        logs.tag_resource(resourceArn=arn(unique), tags={"aws:mine": "x"})
    many = {f"key{number}": "x" for number in range(50)}
    with refused("TooManyTagsException"):
        logs.tag_resource(resourceArn=arn(unique), tags=many)
    tagging = client("resourcegroupstaggingapi")

    def found(**more):
        mappings = tagging.get_resources(TagFilters=[{"Key": unique}], **more)["ResourceTagMappingList"]
        return [mapping["ResourceARN"] for mapping in mappings]

    assert found() == found(ResourceTypeFilters=["logs:log-group"]) == found(ResourceTypeFilters=["logs"]) == [arn(unique)]
    assert found(ResourceTypeFilters=["logs:destination"]) == []
    assert tagging.tag_resources(ResourceARNList=[arn(unique)], Tags={"more": "tags"})["FailedResourcesMap"] == {}
    assert logs.list_tags_for_resource(resourceArn=arn(unique))["tags"] == {unique: "val2", "more": "tags"}
    assert tagging.untag_resources(ResourceARNList=[arn(unique)], TagKeys=[unique])["FailedResourcesMap"] == {}
    assert found() == []


def test_the_command_line_reads_a_group(aws, unique):
    aws("logs", "create-log-group", "--log-group-name", unique)
    aws("logs", "put-retention-policy", "--log-group-name", unique, "--retention-in-days", "30")
    listed = aws("logs", "describe-log-groups", "--log-group-name-prefix", unique)["logGroups"]
    assert [(group["logGroupName"], group["retentionInDays"]) for group in listed] == [(unique, 30)]
