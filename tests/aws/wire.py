"""What an exchange says: its service, operation, parameters and answer, read by the protocols of AWS's service models."""

import functools
import json
import re
import urllib.parse
import xml.etree.ElementTree
from dataclasses import dataclass

from botocore.loaders import Loader

# By the service in the scope of a signature.
SERVICES = {
    "acm": "acm",
    "apigateway": "apigateway",
    "cognito-idp": "cognito-idp",
    "ec2": "ec2",
    "elasticloadbalancing": "elbv2",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "route53": "route53",
    "secretsmanager": "secretsmanager",
    "ssm": "ssm",
    "sts": "sts",
    "tagging": "resourcegroupstaggingapi",
}

SCOPE = re.compile(r"Credential=[^/]+/[0-9]+/[a-z0-9-]+/([a-z0-9-]+)/aws4_request")
STAGE = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
POOL_DOMAIN = re.compile(r"[a-z0-9-]+\.auth\.[a-z0-9-]+\.amazoncognito\.com")


@dataclass
class Call:
    """An exchange, read. `content` is the answer's, as lists and dictionaries of text, numbers and truth values."""

    service: str
    operation: str
    parameters: dict
    status: int
    code: str | None
    message: str | None
    content: object


@functools.cache
def model(service):
    return Loader().load_service_model(service, "service-2")


def read(exchange):
    """The call, or none of what is not compared."""
    if STAGE.fullmatch(exchange.host):
        return of_stage(exchange)
    if POOL_DOMAIN.fullmatch(exchange.host):
        return of_pool_domain(exchange)
    scope = SCOPE.search(lookup(exchange.sent, "authorization") or "")
    service = SERVICES.get(scope.group(1)) if scope else None
    if service is None:
        return None
    operation, parameters = asked(service, exchange)
    content = answered(exchange)
    code, message, content = refusal(exchange, content)
    return Call(service, operation, parameters, exchange.status, code, message, content)


def lookup(headers, name):
    return next((value for key, value in headers.items() if key.lower() == name), None)


def asked(service, exchange):
    """The operation, and what was sent with it."""
    target = lookup(exchange.sent, "x-amz-target")
    if target:
        return target.rpartition(".")[2], json.loads(exchange.body or b"{}")
    if lookup(exchange.sent, "smithy-protocol"):
        # CBOR over HTTP names the operation in the path.
        return exchange.path.rpartition("/")[2], {}
    path, _, query = exchange.path.partition("?")
    sent = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if model(service)["metadata"]["protocol"] in ("query", "ec2"):
        sent |= dict(urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True))
        operation = sent.pop("Action", "")
        sent.pop("Version", None)
        return operation, sent
    operation, named = by_path(service, exchange.method, path, sent)
    return operation, {**named, **sent, **({"body": parsed(exchange.body)} if exchange.body else {})}


@functools.cache
def paths(service):
    """Every operation of a REST protocol: its method, the pattern of its path, what its query has to have, its name; the most specific
    first."""
    rows = []
    for name, operation in model(service)["operations"].items():
        uri, _, query = operation["http"]["requestUri"].partition("?")
        pattern, names = "", []
        for piece in re.split(r"(\{[^}]+\})", uri):
            if piece.startswith("{"):
                names.append(piece[1:-1].rstrip("+"))
                pattern += "(.+)" if piece.endswith("+}") else "([^/]+)"
            else:
                pattern += re.escape(piece)
        needed = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        rows.append((operation["http"]["method"], re.compile(pattern + "/?"), names, needed, name))
    return sorted(rows, key=lambda row: (len(row[2]), -len(row[3]), -len(row[1].pattern)))


def by_path(service, method, path, query):
    for verb, pattern, names, needed, operation in paths(service):
        found = pattern.fullmatch(path)
        if verb == method and found and needed.items() <= query.items():
            values = map(urllib.parse.unquote, found.groups())
            return operation, dict(zip(names, values, strict=True))
    return f"{method} of an unknown path", {}


def parsed(body):
    text = body.decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        try:
            return tree(xml.etree.ElementTree.fromstring(text))
        except xml.etree.ElementTree.ParseError:
            return text
    try:
        return json.loads(text) if text.strip() else None
    except json.JSONDecodeError:
        return text


def answered(exchange):
    return parsed(exchange.answer)


def tree(element):
    """XML as lists and dictionaries: what AWS writes as `member` or `item`, or more than once, is a list."""
    children = list(element)
    if not children:
        return element.text or ""
    names = [child.tag.rpartition("}")[2] for child in children]
    if set(names) <= {"member", "item"}:
        return [tree(child) for child in children]
    content = {}
    for name, child in zip(names, children, strict=True):
        if names.count(name) > 1:
            content.setdefault(name, []).append(tree(child))
        else:
            content[name] = tree(child)
    return content


def refusal(exchange, content):
    """The error's code and message, and the rest of the answer."""
    if exchange.status < 400 or not isinstance(content, dict):
        return None, None, content
    errors = content.get("Errors")
    inner = content.get("Error") or (errors.get("Error") if isinstance(errors, dict) else None)
    rest = inner if isinstance(inner, dict) else content
    code = lookup(exchange.headers, "x-amzn-errortype") or rest.get("__type") or rest.get("code") or rest.get("Code")
    message = next((rest[name] for name in ("message", "Message") if isinstance(rest.get(name), str)), None)
    return (code or "").split(":")[0].rpartition("#")[2] or None, message, sorted(rest)


def headers_of(exchange):
    """The names of an answer's headers, for what API Gateway and Cognito's domain answer themselves."""
    connection = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
    return sorted({name.lower() for name in exchange.headers} - connection)


def of_stage(exchange):
    path = exchange.path.partition("?")[0]
    # Which credentials came along, never what they are.
    sent = sorted({name.lower() for name in exchange.sent} & {"authorization", "x-api-key", "origin"})
    own = lookup(exchange.headers, "x-amzn-errortype")
    content = answered(exchange) if own else None
    message = content.get("message") if isinstance(content, dict) else None
    parameters = {"path": "/" + path.lstrip("/").partition("/")[2], "method": exchange.method, "sent": sent}
    return Call("execute-api", "call", parameters, exchange.status, own, message, {"headers": headers_of(exchange)})


def of_pool_domain(exchange):
    path = exchange.path.partition("?")[0]
    sent = dict(urllib.parse.parse_qsl(exchange.body.decode("utf-8", "replace")))
    parameters = {"path": path, "members": sorted(sent), "grant_type": sent.get("grant_type", "")}
    content = answered(exchange)
    content = content if isinstance(content, dict) else {}
    answer = {"members": sorted(content), "headers": headers_of(exchange)}
    return Call("cognito-domain", f"{exchange.method} {path}", parameters, exchange.status, content.get("error"), None, answer)
