"""A proxy that sees what gatestack and AWS say to each other.

gatestack is run as it is, with HTTPS_PROXY and SSL_CERT_FILE: it resolves AWS's host names, signs for them and keeps to AWS's quotas.
The proxy has a certificate authority of its own, whose key stays in memory, and ends TLS for AWS's hosts only; connections to any other
host pass unread. Exchanges are kept in memory until `take()`, but of STS only GetCallerIdentity: its other answers are credentials.
"""

import contextlib
import datetime
import os
import re
import selectors
import socket
import socketserver
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import certifi
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# The hosts whose answers are compared: AWS's services, deployed APIs and the domains of user pools.
SEEN = re.compile(
    r"(apigateway|cognito-idp|tagging|sts|ec2|elasticloadbalancing|acm|ssm|secretsmanager|logs|lambda|[a-z0-9]+\.execute-api|[a-z0-9-]+\.auth)"
    r"\.[a-z0-9-]+\.(amazonaws|amazoncognito)\.com(\.cn)?"
    r"|(iam|sts|route53)(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?"
)

# Of one connection, not of the message.
HOP = {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


@dataclass
class Exchange:
    """A request and its answer."""

    host: str
    method: str
    path: str
    sent: dict
    body: bytes
    status: int
    headers: dict
    answer: bytes
    at: float = field(default_factory=time.monotonic)


class Authority:
    """Certificates for AWS's host names, by an authority that lives as long as this process."""

    def __init__(self, folder):
        self.folder, self.contexts, self.lock = folder, {}, threading.Lock()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatestack's tests")])
        self.certificate = self.signed(self.name, self.key.public_key(), authority=True)
        self.bundle = folder / "authorities.pem"
        own = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.bundle.write_text(own + trusted(), encoding="utf-8")

    def signed(self, subject, public_key, authority=False, host=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, host):
        with self.lock:
            if host not in self.contexts:
                self.contexts[host] = self.made(host)
            return self.contexts[host]

    def made(self, host):
        key = ec.generate_private_key(ec.SECP256R1())
        # Common names have at most 64 characters; clients read the other name.
        certificate = self.signed(x509.Name([]), key.public_key(), host=host)
        pem = self.folder / "host.pem"
        with open(os.open(pem, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        pem.unlink()
        return context


def trusted():
    """The authorities of this machine, for the hosts that pass unread."""
    own = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    with open(own if own and os.path.isfile(own) else certifi.where(), encoding="utf-8") as file:
        return file.read()


class Recorder:
    """The proxy, and what it has seen since the last `take()`.

    `upstream` is the URL of another AWS for all hosts, which tells them apart by `Host`.
    """

    def __init__(self, folder, region, upstream=None):
        self.authority = Authority(folder)
        self.region, self.upstream = region, upstream
        self.seen, self.lock = [], threading.Lock()
        self.pool = urllib3.PoolManager(maxsize=32, retries=False, ca_certs=str(self.authority.bundle))
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.recorder = self

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def carries_calls(self):
        """Whether calls of a stack's own URLs arrive. On macOS they are checked against the keychain, which knows nothing of this
        authority: there, they pass by the proxy, and so miss another AWS."""
        return sys.platform != "darwin" or not self.upstream

    def environment(self):
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        past = "127.0.0.1,localhost,169.254.169.254,169.254.170.2"
        if sys.platform == "darwin" and not self.upstream:
            past += f",.execute-api.{self.region}.amazonaws.com,.amazoncognito.com"
        return {
            "HTTPS_PROXY": url,
            "https_proxy": url,
            "NO_PROXY": past,
            "no_proxy": past,
            "SSL_CERT_FILE": str(self.authority.bundle),
        }

    def take(self):
        """What was seen since the last time, in the order of the answers."""
        with self.lock:
            seen, self.seen = self.seen, []
        return seen

    def forward(self, host, method, path, headers, body):
        base = (self.upstream or f"https://{host}").rstrip("/")
        # One request is one answer here: redirects and retries are left to gatestack.
        answer = self.pool.request(
            method, base + path, body=body or None, headers=headers, redirect=False, decode_content=False, timeout=90
        )
        exchange = Exchange(host, method, path, headers, body, answer.status, dict(answer.headers), answer.data)
        if not host.startswith("sts.") or b"Action=GetCallerIdentity" in body:
            with self.lock:
                self.seen.append(exchange)
        return exchange


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A closed connection is not an error."""


class Handler(BaseHTTPRequestHandler):
    """One connection to the proxy."""

    protocol_version = "HTTP/1.1"
    host = None

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        recorder = self.server.recorder
        if not SEEN.fullmatch(host):
            if recorder.upstream:
                # Another AWS stands for all of it: nothing else is called.
                self.send_error(403, f"{host} is not one of AWS's hosts")
                return
            self.pass_through(host, int(port))
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = recorder.authority.context(host).wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.host, self.close_connection = host, False
        while not self.close_connection:
            self.handle_one_request()
        with contextlib.suppress(OSError):
            self.connection.close()

    def pass_through(self, host, port):
        with socket.create_connection((host, port), timeout=30) as there:
            self.send_response(200, "Connection established")
            self.end_headers()
            there.settimeout(None)
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ, there)
                selector.register(there, selectors.EVENT_READ, self.connection)
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(65536)
                        if not data:
                            self.close_connection = True
                            return
                        key.data.sendall(data)

    def relay(self):
        if self.host is None:
            self.send_error(403, "only CONNECT")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            body = dechunked(self.rfile)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP | {"host", "content-length"}}
        headers["Host"] = self.host
        try:
            exchange = self.server.recorder.forward(self.host, self.command, self.path, headers, body)
        except urllib3.exceptions.HTTPError as error:
            self.send_error(502, type(error).__name__)
            return
        self.send_response_only(exchange.status)
        for name, value in exchange.headers.items():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        if exchange.status != 204:
            self.send_header("Content-Length", str(len(exchange.answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(exchange.answer)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = relay

    def log_message(self, *_):
        """It prints nothing."""


def dechunked(file):
    body = b""
    while size := int(file.readline().split(b";")[0], 16):
        body += file.read(size)
        file.readline()
    while file.readline().strip():
        pass
    return body


