#!/bin/bash
# Runs at an instance's first start. It uses only what Amazon Linux 2023 includes: a private subnet without a NAT
# gateway has no internet access.
set -euo pipefail

cat > /opt/backend.py <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICIES = {"1": {"id": "1", "holder": "A. Smith"}, "2": {"id": "2", "holder": "B. Jones"}}
CLAIMS = {"7": {"id": "7", "policy": "1", "state": "open"}}
TABLES = {"policies": POLICIES, "claims": CLAIMS}


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        table = TABLES.get(parts[0])
        if parts == ["health"]:
            self.answer(200, {"state": "ok"})
        elif table is not None and len(parts) == 1:
            self.answer(200, list(table.values()))
        elif table is not None and len(parts) == 2 and parts[1] in table:
            self.answer(200, table[parts[1]])
        else:
            self.answer(404, {"message": "not found"})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # API Gateway adds CORS headers only to its own responses.
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8080), Backend).serve_forever()
PYTHON

cat > /etc/systemd/system/backend.service <<'UNIT'
[Unit]
After=network.target

[Service]
ExecStart=/usr/bin/python3 /opt/backend.py
DynamicUser=yes
Restart=always

[Install]
WantedBy=multi-user.target
UNIT

systemctl daemon-reload
systemctl enable --now backend.service
