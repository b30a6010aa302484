#!/usr/bin/env python3
"""gatestack's `dev` beside nginx: throughput and latency of a GET that both proxy to the same backend, in one run.

    cargo build --release
    python3 tests/full/compare.py target/release/gatestack --write docs/performance.md

Needs Linux, nginx and wrk, and no root. No figure fails the run; a wrong response does.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import serving

HERE = pathlib.Path(__file__).resolve().parent

# Requests a second to all stages of an account in one Region; API Gateway's burst of 5,000 comes on top.
ACCOUNT_QUOTA = 10_000

BODY = json.dumps({"policies": [{"id": number, "holder": f"holder {number}"} for number in range(24)]})

BACKEND = """
daemon off; pid backend.pid; error_log stderr; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off; TEMPORARY
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:BACKEND_PORT;
    location / { default_type application/json; return 200 'BODY'; }
  }
}
"""

# As for a real service: connections to the backend are kept, and every request is logged as `dev` logs it.
PROXY = """
daemon off; pid proxy.pid; error_log stderr; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log requests.log; TEMPORARY
  keepalive_requests 100000000;
  upstream backend { server 127.0.0.1:BACKEND_PORT; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:PROXY_PORT;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host backend.example.com;
    }
  }
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, headers=None, data=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def wait_for(url):
    for _ in range(600):
        try:
            return get(url)
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


@contextlib.contextmanager
def nginx(name, text, folder):
    temporary = "".join(
        f"{kind}_temp_path {kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    config = folder / f"{name}.conf"
    config.write_text(text.replace("TEMPORARY", temporary).replace("BODY", BODY))
    command = ["nginx", "-p", str(folder), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def admission(program, folder, url):
    """The headers with acme's credentials."""
    token = serving.run(program, folder, "--endpoint-url", url, "token", "acme")
    scope = "any/20261121/eu-central-1/apigateway/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=any"}
    keys = json.loads(get(f"{url}/apikeys?includeValues=true", signed))
    return {"Authorization": f"Bearer {token.strip()}", "x-api-key": keys["item"][0]["value"]}


def processor_time(pid):
    """CPU seconds of a process and its children, which other load does not change."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for one in [pid, *children]:
        # The name in parentheses may hold anything.
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def load(url, headers, connections, seconds, pid):
    before = processor_time(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / "wrk.lua")]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    ran = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    counted = json.loads(ran.stdout.splitlines()[-1])
    let_through = counted["requests"] - counted["refused"]
    seconds = counted["microseconds"] / 1e6
    # Above the account's quota AWS answers 429, and so does `dev`. Any other refusal is a wrong answer.
    by_quota = let_through >= ACCOUNT_QUOTA * seconds
    if counted["broken"] or not let_through or (counted["refused"] and not by_quota):
        raise SystemExit(f"{url} did not answer everything: {counted}")
    return counted | {"let_through": let_through, "processor": processor_time(pid) - before}


def median(runs, of):
    return statistics.median(of(run) for run in runs)


def table(measured, connections):
    rows = [
        "| | connections | requests/s | of nginx's | half within | 99 of 100 within | processor time of one |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for number in connections:
        base = None
        for name, runs in measured[number].items():
            rate = median(runs, lambda run: run["let_through"] / run["microseconds"] * 1e6)
            base = base or rate
            half, most = (median(runs, lambda run: run[part]) / 1000 for part in ("p50", "p99"))
            spent = median(runs, lambda run: run["processor"] / run["requests"] * 1e6)
            rows.append(
                f"| {name} | {number} | {rate:,.0f} | {rate / base:.2f} | {half:.2f} ms | {most:.2f} ms | {spent:.0f} µs |"
            )
    return "\n".join(rows)


def compare(program, seconds, rounds, connections, folder):
    backend_port, proxy_port = free_port(), free_port()
    ports = {"BACKEND_PORT": str(backend_port), "PROXY_PORT": str(proxy_port)}

    def config(text):
        for name, port in ports.items():
            text = text.replace(name, port)
        return text

    with contextlib.ExitStack() as running:
        running.enter_context(nginx("backend", config(BACKEND), folder))
        proxy = running.enter_context(nginx("proxy", config(PROXY), folder))
        shutil.copy(HERE / "stack.toml", folder)
        ready = running.enter_context(serving.dev(program, folder, backend_port))
        wait_for(f"http://127.0.0.1:{backend_port}/")
        admitted = admission(program, folder, ready["url"])
        ways = {
            "nginx": (f"http://127.0.0.1:{proxy_port}/open", {}, proxy),
            "dev, open route": (f"{ready['invoke_url']}/open", {}, ready["pid"]),
            "dev, token and key": (f"{ready['invoke_url']}/guarded", admitted, ready["pid"]),
        }

        def look():
            for name, (url, headers, _) in ways.items():
                answer = get(url, headers)
                if answer != BODY:
                    raise SystemExit(f"{name} answers something else: {answer}")

        look()
        measured = {number: {name: [] for name in ways} for number in connections}
        for number in connections:
            for url, headers, pid in ways.values():
                load(url, headers, number, 1, pid)
            # In turns, so that other load affects all of them.
            for _ in range(rounds):
                for name, (url, headers, pid) in ways.items():
                    measured[number][name].append(load(url, headers, number, seconds, pid))
        look()
    return measured


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the gatestack to measure")
    parser.add_argument("--seconds", type=int, default=5, help="how long one measurement takes")
    parser.add_argument("--rounds", type=int, default=3, help="how many measurements the medians are of")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="put the table in the place of this file's first")
    asked = parser.parse_args()
    missing = [tool for tool in ("nginx", "wrk") if not shutil.which(tool)]
    if missing:
        sys.exit(f"missing: {', '.join(missing)} (Debian and Ubuntu: apt-get install nginx-light wrk)")
    program = str(pathlib.Path(asked.program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        measured = compare(program, asked.seconds, asked.rounds, asked.connections, pathlib.Path(folder))
    text = table(measured, asked.connections)
    print(text)
    if asked.write:
        page = asked.write.read_text()
        asked.write.write_text(re.sub(r"(^\|.*\n)+", text + "\n", page, count=1, flags=re.MULTILINE))


if __name__ == "__main__":
    main()
