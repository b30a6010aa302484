"""Functions that really run, and an API with one behind it."""

import io
import json
import uuid
import zipfile

from functions import execution_role
from gateway import Api

PATH = "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"

# A runtime of its own: a shell that asks curl.
BOOTSTRAP = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  event=$(curl -sS -D /tmp/head.$$ "$api/invocation/next") || exit 1
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\\([^[:cntrl:]]*\\).*/\\1/p' /tmp/head.$$)
  rm -f /tmp/head.$$
  curl -sS -X POST "$api/invocation/$id/response" -d "{\\"got\\": $event}" >/dev/null
done
"""


def archive(files, mode=0o755):
    """A zip archive with these files by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | mode) << 16
            writer.writestr(entry, text)
    return packed.getvalue()


def created(client, files, runtime="python3.11", handler="app.handler", **settings):
    """The ARN of an active function with these files."""
    functions, name = client("lambda"), f"f-{uuid.uuid4().hex[:12]}"
    role, code = execution_role(client("iam")), {"ZipFile": archive(files)}
    function = functions.create_function(
        FunctionName=name, Runtime=runtime, Handler=handler, Role=role, Code=code, **settings
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return function["FunctionArn"]


def behind_an_api(client, function):
    """An API whose stage `live` has the function at every path, which may call it."""
    gateway = client("apigateway")
    api = Api(gateway)
    child = gateway.create_resource(**api.named, parentId=api.root, pathPart="{proxy+}")["id"]
    named = api.put_method(child, "ANY")
    uri = PATH.format(region=gateway.meta.region_name, function=function)
    gateway.put_integration(**named, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client("lambda").add_permission(
        FunctionName=function,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{gateway.meta.region_name}:123456789012:{api.id}/*",
    )
    api.deploy(stageName="live")
    return api


def answered(functions, function, payload=None, **options):
    """The answer and what a function returned."""
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(payload or {}), **options)
    return answer, json.loads(answer["Payload"].read() or "null")
