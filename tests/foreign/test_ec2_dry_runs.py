"""Every operation of EC2 that has `DryRun`: it says that the call would have succeeded, and does nothing."""

import pytest
import walk
import walk_ec2
from conftest import refused

MODEL = walk.model(walk_ec2.SERVICE)

# What the walk's input lacks.
MORE = {"ModifyInstanceAttribute": {"DisableApiStop": {"Value": True}}}


def can_be_tried(operation):
    return "DryRun" in MODEL.operation_model(operation).input_shape.members


@pytest.mark.parametrize("operation", filter(can_be_tried, walk_ec2.RECIPES))
def test_a_dry_run_says_that_it_would_have_been_done(client, operation):
    ec2 = client("ec2", region="eu-dry-1")
    method = getattr(ec2, next(name for name, known in ec2.meta.method_to_api_mapping.items() if known == operation))
    sent = {**walk_ec2.RECIPES[operation].begin(ec2), **MORE.get(operation, {})}
    for _ in range(2):
        with refused("DryRunOperation", status=412):
            method(**sent, DryRun=True)
    method(**sent)
