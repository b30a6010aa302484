"""The examples on AWS: made, used, changed and destroyed in a real account, and every answer compared with the local AWS's.

./test --aws PROFILE runs it; docs/testing-on-aws.md says what it costs and needs.
"""

import argparse
import contextlib
import datetime
import fcntl
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import report
import wire
from account import Account
from compare import compare
from lifecycle import WAIT, Failed, Lifecycle, Program, Stopped, Stops
from recorder import Recorder
from shapes import Shapes
from stacks import REPOSITORY, Stack, began, earlier, examples, new_run

# A run that is older has ended: its stacks are cleaned up wherever it ran.
LONGEST = 6 * 3600
# The local AWS takes AWS's times, this many times faster.
TIME_SCALE = "60"
ANY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


def arguments():
    parser = argparse.ArgumentParser(
        prog="./test --aws",
        description="Apply, use, change and destroy each example in a real account, and report every answer that differs from the"
        " local AWS's. What it makes costs money while it runs; docs/testing-on-aws.md says how much.",
    )
    parser.add_argument("profile", metavar="PROFILE", help="the AWS profile whose credentials are used")
    parser.add_argument("--region", metavar="REGION", help="run in this Region; left out, in the profile's")
    parser.add_argument("--subnets", metavar="IDS", help="private subnets for load balancers and instances, as subnet-1,subnet-2")
    parser.add_argument("--example", metavar="NAME", action="append", choices=examples(), help="run this example only; repeatable")
    parser.add_argument("--yes", action="store_true", help="don't ask whether to go on")
    parser.add_argument("--clean", action="store_true", help="only destroy what earlier runs left, whatever their age")
    # ./test gives these.
    parser.add_argument("--program", default=os.environ.get("GATESTACK"), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, default=REPOSITORY / "target" / "aws", help=argparse.SUPPRESS)
    return parser.parse_args()


class Run:
    """The folder of a run. Its lock is held while the run lives, so that another one can tell whether it does."""

    def __init__(self, folder, region, account):
        self.folder, self.region, self.account = folder, region, account
        folder.mkdir(parents=True, mode=0o700)
        self.lock = open(folder / "lock", "w", encoding="utf-8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.stacks = {}
        self.write()

    def write(self):
        known = {"region": self.region, "account": self.account, "stacks": self.stacks}
        new = self.folder / "run.new"
        new.write_text(json.dumps(known, indent=2), encoding="utf-8")
        new.rename(self.folder / "run.json")

    def note(self, stack, step):
        self.stacks[stack] = step
        self.write()


def alive(folder):
    try:
        with open(folder / "lock", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def unfinished(work, account, number, own):
    """Stacks of runs on this machine that died, and the names of those that are still running. Those elsewhere are told."""
    dead, living = [], set()
    for folder in sorted(work.glob("trial-*")):
        if folder == own or not (folder / "run.json").is_file():
            continue
        known = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        left = [name for name, step in known["stacks"].items() if step != "gone"]
        is_here = (known["region"], known["account"]) == (account.region, number)
        if alive(folder):
            living.update([folder.name] if is_here else [])
        elif is_here:
            dead += left
        elif left:
            profile = account.profile if known["account"] == number else "PROFILE"
            say(
                f"{', '.join(left)} is left of an earlier run in {known['region']} of account {known['account']}:"
                f" ./test --aws {profile} --region {known['region']} --clean destroys it"
            )
    return dead, living


def clean(account, number, program, run, work, subnets, every_age):
    """Destroys what earlier runs left: what their folders name, and what has their tag and is older than any run."""
    dead, living = unfinished(work, account, number, run.folder)
    tagged = [name for name in account.stacks() if not any(name.startswith(alive) for alive in [*living, run.folder.name])]
    old = [name for name in tagged if every_age or name in dead or time.time() - began(name) > LONGEST]
    for name in sorted(set(tagged) - set(old)):
        say(f"{name} belongs to a run that began less than {LONGEST // 3600} hours ago on another machine; left alone (--clean destroys it)")
    failed = []
    for name in sorted({*dead, *old}):
        say(f"{name} is left of an earlier run: destroying it")
        try:
            folder = earlier(name, work, run.folder / "earlier" / name, account.region, number, subnets)
            program.run(folder, "clean", "destroy", "--confirm", name, "--wait-for-lock", WAIT)
        except (Failed, LookupError) as failure:
            say(failure.output.strip() if isinstance(failure, Failed) else str(failure))
            failed.append(name)
            continue
        if left := account.left(name):
            say(f"still there: {', '.join(left)}")
            failed.append(name)
        else:
            done(work, name)
    program.recorder.take()
    return failed


def done(work, name):
    """Writes down in the folder of its run that a stack is gone."""
    for file in work.glob("trial-*/run.json"):
        known = json.loads(file.read_text(encoding="utf-8"))
        if name in known["stacks"]:
            known["stacks"][name] = "gone"
            file.write_text(json.dumps(known, indent=2), encoding="utf-8")


def say(text):
    print(text, flush=True)


def agreed():
    if not sys.stdin.isatty():
        say("no terminal to confirm on: pass --yes")
        return False
    return input("Go on? [y/N] ").strip().lower() in ("y", "yes")


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers for private targets of the local AWS."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = b'{"state": "ok"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        """It prints nothing."""


@contextlib.contextmanager
def local_aws(program, folder, ground, stops):
    """A local AWS with the same ground; yields its URL."""
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    command = [program, "local", "serve", "--listen", "127.0.0.1:0", "--backend", str(backend.server_address[1])]
    command += ["--realistic", "--time-scale", TIME_SCALE]
    if ground:
        file = folder / "ground.toml"
        file.write_text(ground, encoding="utf-8")
        command += ["--existing", str(file)]
    with stops.deferred():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        found = re.search(r"http://[0-9.:]+", process.stdout.readline())
        if not found:
            raise SystemExit("the local AWS did not start")
        yield found.group()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        backend.shutdown()
        backend.server_close()


def on_aws(account, number, program, run, stack):
    """The lifecycle of one stack in the account. It is destroyed however the rest ends."""
    shapes = Shapes(number, account.region, [stack.name], stack.text)

    def tell(step):
        run.note(stack.name, step)
        say(f"  {step}")

    life = Lifecycle(program, stack, shapes, wire.read, tell)
    try:
        life.run()
    except Failed as failure:
        life.failure = failure
        say(failure.output.strip())
    except Stopped:
        say("stopping: destroying what was made; Ctrl-C once more leaves it to the next run")
    finally:
        left = destroyed(account, program, run, life)
    if program.stops.stopped:
        raise Stopped
    return life, left


def destroyed(account, program, run, life):
    """Destroys a stack, and answers what is left of it."""
    program.stops.destroying = True
    try:
        life.destroy()
    except Failed as failure:
        life.failure = life.failure or failure
        say(failure.output.strip())
    left = account.left(life.stack.name)
    program.stops.destroying = False
    if left:
        say(f"still there: {', '.join(left)}")
    else:
        run.note(life.stack.name, "gone")
    return left


def on_local(path, run, stack, ground, subnets, stops):
    """The same on the local AWS."""
    folder = run.folder / f"{stack.example}-local"
    there = "123456789012"
    copy = stack.moved(folder, there, subnets)
    scratch = run.folder / f"{stack.example}-recorder"
    scratch.mkdir(mode=0o700)
    with local_aws(path, scratch, ground, stops) as url, Recorder(scratch, copy.region, url) as recorder:
        program = Program(path, recorder, stops, credentials=ANY_CREDENTIALS)
        shapes = Shapes(there, copy.region, [copy.name], copy.text)
        life = Lifecycle(program, copy, shapes, wire.read, lambda _: None)
        try:
            life.plan()
            life.run()
            life.destroy()
        except Failed as failure:
            life.failure = failure
            say(f"on the local AWS: {failure}\n{failure.output.strip()}")
    return life


def told(shapes, failure):
    """A failure without ids: its step and its last lines."""
    if failure is None:
        return None
    return {"step": failure.step, "said": [shapes.message(line) for line in failure.output.strip().splitlines()[-15:]]}


def commit():
    git = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(git, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def main():
    given = arguments()
    if not given.program:
        raise SystemExit("GATESTACK must name the program; ./test --aws does it")
    path = str(Path(given.program).resolve())
    account = Account(given.profile, given.region)
    if not account.region:
        raise SystemExit(f"the profile {given.profile} has no Region: pass --region")
    subnets = [one for one in (given.subnets or "").split(",") if one]
    number, arn = account.identity()
    say(f"account {number}, {account.region}, as {arn}")

    prefix = new_run()
    run = Run(given.work / prefix, account.region, number)
    stops = Stops()
    scratch = run.folder / "recorder"
    scratch.mkdir(mode=0o700)
    with Recorder(scratch, account.region, account.endpoint()) as recorder:
        program = Program(path, recorder, stops, profile=given.profile)
        failed = clean(account, number, program, run, given.work, subnets, given.clean)
        if given.clean:
            return 1 if failed else 0
        stacks = [
            Stack.copied(name, prefix, run.folder / name, account.region, number, subnets) for name in given.example or examples()
        ]
        return max(trial(given, account, number, program, run, stacks, subnets), 1 if failed else 0)


def trial(given, account, number, program, run, stacks, subnets):
    for stack in [stack for stack in stacks if stack.own_names()]:
        say(f"{stack.example} needs domains of its own: left out")
        stacks.remove(stack)
    if not stacks:
        say("error: no example is left to run: choose one without domains of its own")
        return 1
    if missing := account.missing(stacks, subnets):
        say("\n".join(f"error: {one}" for one in missing))
        return 1
    costs = set()
    plans = {}
    for stack in stacks:
        shapes = Shapes(number, account.region, [stack.name], stack.text)
        life = Lifecycle(program, stack, shapes, wire.read, lambda _: None)
        try:
            costs.update(life.plan())
        except Failed as failure:
            say(failure.output.strip())
            return 1
        plans[stack.example] = life.exchanges
    say(f"makes and destroys {', '.join(stack.name for stack in stacks)}")
    say("AWS bills, while it runs:\n" + "\n".join(f"- {cost}" for cost in sorted(costs)) if costs else "AWS bills nothing of it by itself")
    if not given.yes and not agreed():
        return 1

    ground = account.ground(subnets)
    found = {
        "format": 1,
        "commit": commit(),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "region": account.region,
        "examples": [],
        "differences": [],
        "lone_calls": [],
    }
    worst = 0
    for stack in stacks:
        say(f"{stack.example} on AWS")
        life, left = on_aws(account, number, program, run, stack)
        say(f"{stack.example} on the local AWS")
        local = on_local(program.path, run, stack, ground, subnets, program.stops)
        there = [one for one in plans[stack.example] + life.exchanges if one["step"] not in local.left_out]
        differences, lone = compare(there, local.exchanges)
        of = {"example": stack.example}
        found["examples"].append(
            {
                **of,
                "steps": life.steps,
                "local_steps": local.steps,
                "failure": told(life.shapes, life.failure),
                "left": [life.shapes.message(one) for one in left],
                "calls": len(there),
            }
        )
        found["differences"] += [{**of, **one} for one in differences]
        found["lone_calls"] += [{**of, **one} for one in lone]
        readable = report.write(run.folder, found)
        worst = max(worst, 1 if life.failure or local.failure or left else 0)
        shutil.rmtree(run.folder / f"{stack.example}-local")
    say(f"{len(found['differences'])} differences, {len(found['lone_calls'])} calls that only one of them got: {readable}")
    return worst


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Stopped, KeyboardInterrupt):
        sys.exit(130)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}")
