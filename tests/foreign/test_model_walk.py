"""Every input member that botocore's model names, of every operation that the local AWS has: kept and returned, or refused by name.

A member that only says what a call is about (an id, a page) is walked another way: a name of nothing must be refused.
"""

import copy
import itertools
import pathlib
import subprocess
import sys

import pytest
import walk
import walk_acm
import walk_apigateway
import walk_apigatewayv2
import walk_cognito
import walk_ec2
import walk_elbv2
import walk_iam
import walk_lambda
import walk_logs
import walk_route53
import walk_secretsmanager
import walk_ssm
import walk_tagging
from botocore.exceptions import ClientError, ParamValidationError

SERVICES = [
    walk_acm,
    walk_apigateway,
    walk_apigatewayv2,
    walk_cognito,
    walk_ec2,
    walk_elbv2,
    walk_iam,
    walk_lambda,
    walk_logs,
    walk_route53,
    walk_secretsmanager,
    walk_ssm,
    walk_tagging,
]

REGIONS = itertools.count(1)

PAGE_SIZES = {"MaxItems", "MaxResults", "PageSize", "Limit", "ResourcesPerPage", "limit"}


def members():
    for service in SERVICES:
        model = walk.model(service.SERVICE)
        for operation in walk.implemented(service.MODULE):
            shape = model.operation_model(operation).input_shape
            for path in walk.leaves(shape) if shape else ():
                yield pytest.param(service, model, operation, path, id=f"{service.MODULE}:{operation}:{'.'.join(path)}")


def method(client, operation):
    return getattr(client, next(python for python, name in client.meta.method_to_api_mapping.items() if name == operation))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.MODULE)
def test_every_operation_has_a_recipe(service):
    implemented = set(walk.implemented(service.MODULE))
    assert implemented and set(service.RECIPES) == implemented
    stale = [
        f"{operation}: {path}"
        for operation, recipe in service.RECIPES.items()
        for table in (recipe.values, recipe.becomes, recipe.never, recipe.refused, recipe.whole)
        for path in table
        if not any(".".join(leaf).startswith(path) for leaf in walk.leaves(walk.model(service.SERVICE).operation_model(operation).input_shape))
    ]
    assert stale == []


@pytest.mark.parametrize("service, model, operation, path", members())
def test_a_member_is_kept_or_refused_by_name(client, service, model, operation, path):
    # A Region of its own, so that no quota fills up and nothing is left from another member.
    region = getattr(service, "REGION", None) or f"eu-walk-{next(REGIONS)}"
    api = client(service.SERVICE, region=region)
    recipe, dotted = service.RECIPES[operation], ".".join(path)
    if path[0] in recipe.names:
        names_something(api, service, recipe, operation, path[0])
        return
    base = recipe.begin(api)
    shape = model.operation_model(operation).input_shape
    samples = {**service.SAMPLES, **recipe.values}
    if dotted in recipe.whole:
        whole = recipe.whole[dotted]
        whole = whole(api, base) if callable(whole) else copy.deepcopy(whole)
        sent = {name: value for name, value in {**base, **whole}.items() if value is not None}
    else:
        sent = {**base, path[0]: walk.value(shape.members[path[0]], path[1:], samples, path[:1])}
    add_what_goes_beside(sent, recipe, path)
    value = walk.at(sent, path)
    try:
        answer = method(api, operation)(**sent)
    except ClientError as error:
        said = error.response["Error"]
        if dotted in recipe.refused:
            assert recipe.refused[dotted] in said["Message"], error
            return
        assert said["Code"] == "NotImplemented" and is_named(path, said["Message"]), error
        return
    assert dotted not in recipe.refused, f"{dotted} was accepted"
    if dotted in recipe.never:
        return
    name, wanted = recipe.becomes[dotted](value, sent) if dotted in recipe.becomes else (path[-1], value)
    document = recipe.read(api, sent, answer) if recipe.read else answer
    assert walk.found(document, name, wanted), f"{name} {wanted!r} did not come back in {document}"
    if path[0] not in base:
        assert tells(api, recipe, operation, path, name, wanted), f"{name} is {wanted!r} unsent: choose another value"


def is_named(path, message):
    """Whether a refusal names the member, or one that it is in: `the local AWS does not have A.B of service:Operation`."""
    return any(f"{'.'.join(path[:length])} " in message for length in range(1, len(path) + 1))


def add_what_goes_beside(sent, recipe, path):
    for length in range(1, len(path) + 1):
        walk.merge(sent, copy.deepcopy(recipe.beside.get(".".join(path[:length]), {})))


def tells(api, recipe, operation, path, name, wanted):
    """Whether the value is not there when it is not sent, so that its coming back means something."""
    unsent = recipe.begin(api)
    add_what_goes_beside(unsent, recipe, path)
    container = unsent
    for step in path[:-1]:
        container = container.get(step, {}) if isinstance(container, dict) else {}
    if isinstance(container, dict):
        container.pop(path[-1], None)
    try:
        answer = method(api, operation)(**unsent)
    except (ClientError, ParamValidationError):
        return True
    return not walk.found(recipe.read(api, unsent, answer) if recipe.read else answer, name, wanted)


def names_something(api, service, recipe, operation, name):
    base = recipe.begin(api)
    call = method(api, operation)
    if name in PAGE_SIZES:
        call(**{**base, name: 1})
        return
    if f"{operation}.{name}" in service.FORGIVING:
        call(**{**base, name: service.ABSENT.get(name, ["nothing"] if name.endswith("Keys") else "nothing")})
        return
    with pytest.raises(ClientError) as refusal:
        call(**{**base, name: service.ABSENT.get(name, "nothing")})
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 409, 412), refusal.value


def test_the_reduced_models_are_up_to_date():
    script = pathlib.Path(__file__).resolve().parents[1] / "tools" / "reduce_models.py"
    subprocess.run([sys.executable, script, "--check"], check=True)
