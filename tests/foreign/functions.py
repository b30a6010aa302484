"""Functions of Lambda, and the role that they need."""

import base64
import hashlib
import io
import zipfile

from roles import trust

ROLE = "runs-functions"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
NETWORKS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
HANDLER = "export const handler = async () => 1;"


def archive(text=HANDLER, file="index.mjs"):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archived:
        archived.writestr(zipfile.ZipInfo(file), text)
    return written.getvalue()


def digest(archived):
    """An archive's digest as Lambda writes it."""
    return base64.b64encode(hashlib.sha256(archived).digest()).decode()


def execution_role(iam, name=ROLE):
    """The ARN of a role that functions run with."""
    try:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    for policy in (BASIC, NETWORKS):
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return arn


def to_create(iam, name, **members):
    """The required members of a new function's input."""
    wanted = {
        "FunctionName": name,
        "Role": execution_role(iam),
        "Runtime": "nodejs24.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": archive()},
    }
    return {**wanted, **members}
