#!/usr/bin/env python3
"""Measures what a function costs on the local AWS: a warm call beside one of plain Node.js behind an `http` integration, and a cold
one beside the start of plain Node.js. Everything in one run, side by side, since machines differ.

    python tests/tools/function_speed.py target/debug/gatestack
"""

import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "foreign"))
import boto3
from botocore.config import Config
from gateway import Api
from lambda_things import behind_an_api, created

ROUNDS, STARTS = 400, 8
ANSWER = '{"content": "Hello from the Lambda function!"}'
FUNCTION = f"exports.handler = async () => ({{statusCode: 200, body: {json.dumps(ANSWER)}}});"
PLAIN = f"""
const server = require('node:http').createServer((request, answer) => {{
  answer.setHeader('content-type', 'application/json');
  answer.end({json.dumps(ANSWER)});
}});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


def get(connection, path):
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    assert (answer.status, body) == (200, ANSWER), (answer.status, body)
    return (time.perf_counter() - began) * 1000


def shown(name, times):
    times = sorted(times)
    return f"{name:34} median {statistics.median(times):7.2f} ms   p90 {times[len(times) * 9 // 10]:7.2f} ms"


def plain(folder):
    """A server of plain Node.js, and the milliseconds until it answers."""
    began = time.perf_counter()
    process = subprocess.Popen(["node", str(folder / "plain.js")], stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline())
    connection = http.client.HTTPConnection("127.0.0.1", port)
    get(connection, "/")
    connection.close()
    return process, port, (time.perf_counter() - began) * 1000


def main(program):
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "plain.js").write_text(PLAIN)
    command = [str(pathlib.Path(program).resolve()), "local", "serve", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env={**os.environ})
    endpoint = re.search(r"http://[0-9.:]+", server.stdout.readline()).group()

    def client(service):
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        config = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, region_name="eu-west-1", endpoint_url=endpoint, config=config, **keys)

    processes = [server]
    try:
        process, port, _ = plain(folder)
        processes.append(process)
        gateway = client("apigateway")
        api = Api(gateway)
        named = api.put_method()
        uri = f"http://127.0.0.1:{port}/"
        gateway.put_integration(**named, type="HTTP_PROXY", integrationHttpMethod="GET", uri=uri)
        api.deploy(stageName="live")
        over_http = f"/_aws/execute-api/{api.id}/live/"
        made = {"runtime": "nodejs20.x", "handler": "index.handler"}
        proxied = behind_an_api(client, created(client, {"index.js": FUNCTION}, **made))
        over_lambda = f"/_aws/execute-api/{proxied.id}/live/a"

        connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
        for path in (over_http, over_lambda):
            for _ in range(20):
                get(connection, path)
        http_times, lambda_times = [], []
        for _ in range(ROUNDS):
            http_times.append(get(connection, over_http))
            lambda_times.append(get(connection, over_lambda))
        print(shown("plain Node.js behind http, warm", http_times))
        print(shown("function, warm", lambda_times))
        ratio = statistics.median(lambda_times) / statistics.median(http_times)
        print(f"warm call: {ratio:.2f} x of plain Node.js (goal: at most 1.5)")

        starts, colds = [], []
        for number in range(STARTS):
            process, _, took = plain(folder)
            process.kill()
            process.wait()
            starts.append(took)
            cold = behind_an_api(client, created(client, {"index.js": f"// {number}\n{FUNCTION}"}, **made))
            colds.append(get(connection, f"/_aws/execute-api/{cold.id}/live/a"))
        print(shown("plain Node.js, start", starts))
        print(shown("function, cold", colds))
        more = statistics.median(colds) - statistics.median(starts)
        print(f"cold call: its start {more:+.0f} ms (goal: at most +100)")
    finally:
        for process in processes:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
