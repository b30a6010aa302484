"""Runs a Python function: loads its handler, takes invocations from the Lambda Runtime API, and sends back what the handler returns.

It does what AWS's own runtime does for a handler. What that one adds for AWS itself, such as telemetry, is not here.
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
ROOT = os.environ["LAMBDA_TASK_ROOT"]
BASE = "/2018-06-01/runtime"


class LoadError(Exception):
    def __init__(self, kind, message, stack=()):
        super().__init__(message)
        self.kind, self.message, self.stack = kind, message, list(stack)


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, values):
        self.cognito_identity_id = values.get("cognitoIdentityId")
        self.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __init__(self, values):
        self.custom, self.env = values.get("custom"), values.get("env")
        self.client = values.get("client")


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        client = headers["Lambda-Runtime-Client-Context"]
        self.client_context = ClientContext(json.loads(client)) if client else None
        self.identity = CognitoIdentity(json.loads(headers["Lambda-Runtime-Cognito-Identity"] or "{}"))
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)


class Logs(logging.Handler):
    """Writes log records with the columns that AWS writes: level, time, request."""

    request_id = ""

    def emit(self, record):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = self.format(record).replace("\n", "\r")
        line = f"[{record.levelname}]\t{moment}.{int(record.msecs):03d}Z\t{Logs.request_id}\t{text}\n"
        sys.stdout.write(line)


def call(method, path, body=None, headers=None):
    API.request(method, BASE + path, body=body, headers=headers or {})
    answer = API.getresponse()
    return answer.headers, answer.read()


def as_on_aws(text):
    """Files of the function are in another folder there."""
    return text.replace(ROOT, "/var/task")


def described(kind, message, stack, request_id):
    stack = [as_on_aws(frame) for frame in stack]
    return {"errorMessage": as_on_aws(message), "errorType": kind, "requestId": request_id, "stackTrace": stack}


def fault(error, request_id):
    if isinstance(error, LoadError):
        return described(error.kind, error.message, error.stack, request_id)
    # The frames of this file say nothing about the function.
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return described(type(error).__name__, str(error), traceback.format_list(frames), request_id)


def report(path, error):
    text = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    if error["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    # AWS indents with spaces that don't break.
    lines = [line.lstrip(" ").rjust(len(line), "\u00a0") for line in text.rstrip("\n").split("\n")]
    print("\r".join(lines), flush=True)
    kind = error["errorType"].encode("ascii", "replace").decode()
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": kind}
    call("POST", path, json.dumps(error).encode(), headers)


def load(name):
    module, dot, function = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise LoadError("Runtime.MalformedHandlerName", message)
    sys.path.insert(0, ROOT)
    try:
        found = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise LoadError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        text = (error.text or "").rstrip("\n")
        stack = [f'  File "{error.filename}" Line {error.lineno}\n    {text}\n']
        raise LoadError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", stack) from error
    if not hasattr(found, function):
        raise LoadError("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'")
    return getattr(found, function)


def to_json(value):
    """AWS's runtime takes decimals, which DynamoDB gives."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def encoded(result):
    try:
        return json.dumps(result, ensure_ascii=False, default=to_json).encode()
    except (TypeError, ValueError) as error:
        raise LoadError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    logging.getLogger().addHandler(Logs())
    # This file's own folder is no place for the function's modules.
    sys.path.pop(0)
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        report("/init/error", fault(error, ""))
        sys.exit(1)
    while True:
        headers, body = call("GET", "/invocation/next")
        context = LambdaContext(headers)
        request_id = Logs.request_id = context.aws_request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"] or ""
        try:
            result = encoded(handler(json.loads(body), context))
        except Exception as error:
            report(f"/invocation/{request_id}/error", fault(error, request_id))
        else:
            sys.stdout.flush()
            sys.stderr.flush()
            call("POST", f"/invocation/{request_id}/response", result, {"Content-Type": "application/json"})


if __name__ == "__main__":
    main()
