#!/usr/bin/env python3
"""What plan, apply and destroy on the local AWS cost by the size of a stack: CPU seconds, memory, and requests.

    cargo build && tests/tools/scale.py target/debug/gatestack 100,50 200,50 400,50

Each size is PARTNERS,ROUTES. Twice the partners should cost twice the CPU.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = """
[stack]
name   = "scale"
region = "eu-central-1"

[user_pool]
name   = "scale"
domain = "scale-${account.id}"

[resource_servers.scale]
scopes = { read = "Read" }

[api]
name     = "scale"
stage    = "prod"
requires = { scopes = ["scale/read"], api_key = true }

[plans.standard]
throttle = { rate = 10, burst = 20 }

[api.routes]
"""


def stack(partners: int, routes: int) -> str:
    route = '"GET /things{}" = {{ mock = 200 }}\n'
    partner = '\n[partners.partner{}]\nplan = "standard"\nscopes = ["scale/read"]\n'
    return HEAD + "".join(map(route.format, range(routes))) + "".join(map(partner.format, range(partners)))


def run(program: str, folder: str, *arguments: str) -> str:
    began = time.monotonic()
    process = subprocess.Popen([program, "-C", folder, "--local", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} ended with status {status}:\n{output}")
    requests = re.findall(r"\d+ reads[^.)]*", output)
    cpu = used.ru_utime + used.ru_stime
    # macOS counts it in bytes.
    memory = used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return f"{cpu:7.2f} s CPU {time.monotonic() - began:7.2f} s {memory:6.0f} MiB   {', '.join(requests[-1:])}"


def main() -> None:
    program, *sizes = sys.argv[1:] or sys.exit(__doc__)
    program = str(Path(program).resolve())
    for size in sizes or ["100,50", "200,50"]:
        partners, routes = map(int, size.split(","))
        print(f"{partners} partners, {routes} routes")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "stack.toml").write_text(stack(partners, routes))
            for arguments in (["apply", "--yes"], ["plan"], ["destroy", "--confirm", "scale"]):
                print(f"  {arguments[0]:8}{run(program, folder, *arguments)}", flush=True)


if __name__ == "__main__":
    main()
