"""A stack from its plan to nothing left, by the program itself."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

from stacks import ENVIRONMENT

# A change takes minutes to spread on AWS, and new instances to boot.
PATIENCE = "10m"
WAIT = "10m"
SETTINGS = re.compile(r"GATESTACK_|AWS_ENDPOINT_URL")


class Failed(Exception):
    """A step that did not end as it should."""

    def __init__(self, step, status, output):
        super().__init__(f"{step}: gatestack ended with {status}")
        self.step, self.status, self.output = step, status, output


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


class Stops:
    """The first signal stops what runs, and everything is destroyed; the second one leaves that to the next run."""

    def __init__(self):
        self.process, self.stopped, self.destroying, self.waits = None, False, False, False
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self.take)

    def take(self, *_):
        again, self.stopped = self.stopped, True
        # A destroy that runs anyway goes on.
        if self.process is not None and self.process.poll() is None and (again or not self.destroying):
            self.process.send_signal(signal.SIGINT)
        if again and self.destroying:
            raise KeyboardInterrupt
        if not self.waits:
            self.check()

    @contextlib.contextmanager
    def deferred(self):
        """While a program is started or runs, a signal raises nothing here: it would be left alone."""
        self.waits = True
        try:
            yield
        finally:
            self.waits = False

    def check(self):
        if self.stopped and not self.destroying:
            raise Stopped


class Program:
    """gatestack with its calls recorded."""

    def __init__(self, path, recorder, stops, profile=None, credentials=None):
        self.path, self.recorder, self.stops = path, recorder, stops
        self.flags = ["--profile", profile] if profile else []
        kept = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
        if credentials:
            kept = {name: value for name, value in kept.items() if not name.startswith("AWS_")} | credentials
        # The recorder sends everything to another endpoint of the profile.
        self.environment = kept | recorder.environment() | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}

    def run(self, folder, step, *arguments, allowed=(0,)):
        """Runs a command; answers its status and what it printed to stdout."""
        self.stops.check()
        command = [self.path, *arguments, "--env", ENVIRONMENT, *self.flags, "--no-input", "--no-progress", "--color", "never"]
        # A group of its own: Ctrl-C reaches it through `Stops`, once.
        with (
            self.stops.deferred(),
            subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            self.stops.process = process
            out, err = process.communicate()
            self.stops.process = None
        self.stops.check()
        if process.returncode not in allowed:
            raise Failed(step, process.returncode, err)
        return process.returncode, out


class Lifecycle:
    """The steps of a stack on one AWS, with what was said in each."""

    def __init__(self, program, stack, shapes, read, tell):
        self.program, self.stack, self.shapes, self.read, self.tell = program, stack, shapes, read, tell
        self.exchanges, self.steps, self.failure = [], [], None
        # Steps that can't be taken on this AWS.
        self.left_out = set()

    def step(self, name, *arguments, **options):
        self.tell(name)
        begun, ended = time.monotonic(), "failed"
        try:
            status, out = self.program.run(self.stack.folder, name, *arguments, **options)
            ended = "done"
            return status, out
        finally:
            self.steps.append({"step": name, "seconds": round(time.monotonic() - begun, 1), "result": ended})
            self.keep(name)

    def keep(self, name):
        calls = [call for exchange in self.program.recorder.take() if (call := self.read(exchange))]
        self.exchanges += [self.shapes.exchange(name, call) for call in calls]

    def plan(self):
        """What a first apply would make, and what AWS bills of it."""
        _, out = self.step("plan", "plan", "--json")
        plan = json.loads(out)
        return [note["text"] for note in plan["notes"] if note["code"] == "GS107"]

    def applied(self, step):
        self.step(step, "apply", "--yes", "--wait-for-lock", WAIT)
        self.step(f"{step}: empty plan", "plan", "--detailed-exitcode")

    def used(self, step):
        uses = [f"{step}: {use}" for use in ("verify", "token", "call")]
        if not self.program.recorder.carries_calls:
            self.left_out.update(uses)
            return
        # It waits until a change has spread.
        verify, token, call = uses
        self.step(verify, "verify", "--json", "--patience", PATIENCE)
        path = self.stack.callable()
        for caller in self.stack.callers()[:1]:
            self.step(token, "token", caller)
            if path:
                self.step(call, "call", caller, "GET", path)

    def run(self):
        self.applied("apply")
        self.used("apply")
        self.stack.change()
        self.step("changed plan", "plan", "--detailed-exitcode", allowed=(2,))
        self.applied("change")
        self.used("change")

    def destroy(self):
        self.step("destroy", "destroy", "--confirm", self.stack.name, "--wait-for-lock", WAIT)
        self.step("nothing left", "plan", "--destroy", "--detailed-exitcode")
