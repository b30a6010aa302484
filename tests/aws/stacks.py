"""The examples, copied and named so that they meet nothing else in the account, and how they are changed."""

import json
import re
import secrets
import shutil
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
# `gatestack --env trial` lays stack.trial.toml over the example.
ENVIRONMENT = "trial"
# A tag on everything that a run makes. Only what has it, and a name of this form, is ever cleaned up.
TAG = "gatestack-trial"
NAME = re.compile(r"trial-(?P<minute>[0-9a-z]{6})[0-9a-z]{3}-(?P<example>[a-z0-9-]+)")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_run():
    """The beginning of all names of a run: when it began, and what tells it from others of that minute."""
    left, minute = int(time.time() // 60), ""
    while left:
        left, digit = divmod(left, 36)
        minute = DIGITS[digit] + minute
    return f"trial-{minute:0>6}" + "".join(secrets.choice(DIGITS) for _ in range(3))


def began(stack):
    """When the run of a stack began, in seconds since 1970; none for a name that no run gives."""
    found = NAME.fullmatch(stack)
    return int(found["minute"], 36) * 60 if found else None


def toml(table, path=""):
    """A table of tables and plain values as TOML."""
    lines, inner = [], []
    for key, value in table.items():
        if isinstance(value, dict):
            inner.append(toml(value, f"{path}.{json.dumps(key)}" if path else key))
        else:
            lines.append(f"{json.dumps(key)} = {json.dumps(value)}")
    head = [f"[{path}]"] if path and lines else []
    return "\n".join([*head, *lines, "", *inner])


@dataclass
class Stack:
    """An example in a folder of its own."""

    example: str
    name: str
    folder: Path
    region: str
    account: str
    subnets: list

    @classmethod
    def copied(cls, example, run, folder, region, account, subnets):
        shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns(".gatestack"))
        # The local AWS gets what is in the account instead.
        (folder / "local-aws.toml").unlink(missing_ok=True)
        stack = cls(example, f"{run}-{example}", folder, region, account, subnets)
        stack.write(stack.overlay())
        return stack

    @property
    def text(self):
        return tomllib.loads((self.folder / "stack.toml").read_text(encoding="utf-8"))

    @property
    def file(self):
        return self.folder / f"stack.{ENVIRONMENT}.toml"

    def write(self, overlay):
        self.file.write_text(toml(overlay), encoding="utf-8")

    def overlay(self):
        """What is unique in an account or a Region, under this run's name."""
        text = self.text
        overlay = {
            "stack": {"name": self.name, "region": self.region, "account": self.account, "tags": {TAG: "yes"}},
        }
        pool = text.get("user_pool", {})
        if "name" in pool:
            overlay["user_pool"] = {"name": self.name}
            if isinstance(pool.get("domain"), str):
                overlay["user_pool"]["domain"] = self.name
        if "api" in text:
            overlay["api"] = {"name": self.name}
            logs = text["api"].get("access_logs")
            if isinstance(logs, dict) and "group" in logs:
                overlay["api"]["access_logs"] = {"group": f"/aws/apigateway/{self.name}"}
        balancer = text.get("load_balancer", {})
        if "name" in balancer:
            overlay["load_balancer"] = {"name": self.name[:32].rstrip("-")}
        if "subnets" in balancer and self.subnets:
            overlay.setdefault("load_balancer", {})["subnets"] = self.subnets
        for table in ("plans", "api_keys", "partners", "functions"):
            for key, one in text.get(table, {}).items():
                if table != "functions" or "name" in one:
                    overlay.setdefault(table, {})[key] = {"name": f"{self.name}-{key}"}
        return overlay

    def change(self):
        """One route more, one tag more, and another rate on a plan."""
        overlay = self.overlay()
        overlay["stack"]["tags"]["changed"] = "yes"
        if "api" in overlay:
            overlay["api"]["routes"] = {"GET /trial": {"mock": 200, "requires": "nothing"}}
        for key, plan in self.text.get("plans", {}).items():
            if "rate" in plan.get("throttle", {}):
                overlay["plans"][key]["throttle"] = {"rate": plan["throttle"]["rate"] + 1}
        self.write(overlay)

    def moved(self, folder, account, subnets):
        """The same stack for another account."""
        return Stack.copied(self.example, self.name.removesuffix(f"-{self.example}"), folder, self.region, account, subnets)

    def own_names(self):
        """Names of domains, which an account has to own."""
        text = self.text
        return bool(text.get("api", {}).get("domain") or text.get("user_pool", {}).get("own_domain"))

    def finds_subnets(self):
        """The tags by which the example finds subnets in the default VPC."""
        wanted = self.text.get("load_balancer", {}).get("subnets")
        return wanted.get("tags", {}) if isinstance(wanted, dict) else None

    def callers(self):
        """Partners and clients that get tokens by themselves."""
        text = self.text
        partners = list(text.get("partners", {}))
        clients = text.get("app_clients", {}).items()
        return partners + [name for name, one in clients if "client_credentials" in one.get("flows", [])]

    def callable(self):
        """A path to call by GET as any caller."""
        routes = (route.partition(" ") for route in self.text.get("api", {}).get("routes", {}))
        return next((path for verb, _, path in routes if verb == "GET" and "{" not in path), None)


def earlier(name, work, folder, region, account, subnets):
    """The folder of a stack of an earlier run: its own, else one with the same example under the same name."""
    run, example = name[: len("trial-") + 9], NAME.fullmatch(name)["example"]
    own = work / run / example
    if (own / f"stack.{ENVIRONMENT}.toml").is_file():
        return own
    if example not in examples():
        raise LookupError(f"{name}: there is no example {example}: destroy it from the commit that made it")
    return Stack.copied(example, run, folder, region, account, subnets).folder


def examples():
    return sorted(path.name for path in EXAMPLES.iterdir() if (path / "stack.toml").is_file())
