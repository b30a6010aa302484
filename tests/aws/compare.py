"""Where AWS answered otherwise than the local AWS, for the same calls of the same lifecycle."""

import collections
import json

ABSENT = "(absent)"
# How often a run renews its lock depends on how long it takes.
LOCK = '"/gatestack/lock/'


def grouped(exchanges):
    """The different answers by what was asked, and in which step."""
    groups = collections.defaultdict(list)
    for one in exchanges:
        key = json.dumps([one["step"], one["service"], one["operation"], one["parameters"]], sort_keys=True)
        answer = {name: one[name] for name in ("status", "code", "message", "content")}
        if answer not in groups[key]:
            groups[key].append(answer)
    return groups


def leaves(value, path=""):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def flat(answer):
    """An answer as what is at each of its places."""
    places = collections.defaultdict(set)
    for path, value in leaves(answer):
        places[path].add(json.dumps(value))
    return places


def differences(there, here):
    """What differs between two answers: place, on AWS, here."""
    there, here = flat(there), flat(here)
    for path in sorted(there.keys() | here.keys()):
        if there.get(path) != here.get(path):
            yield path, said(there.get(path)), said(here.get(path))


def said(values):
    return ABSENT if values is None else ", ".join(sorted(values))


def compare(there, here):
    """What differs, each once, with how many calls showed it; and the calls that only one side had."""
    aws, local = grouped(there), grouped(here)
    found, lone = {}, {}
    for key, answers in aws.items():
        step, service, operation, _ = json.loads(key)
        if key not in local:
            if LOCK in key:
                continue
            for answer in answers:
                note(lone, (service, operation, step, "aws", answer["status"], answer["code"], answer["message"]))
            continue
        for answer in answers:
            if answer in local[key]:
                continue
            nearest = min(local[key], key=lambda other: sum(1 for _ in differences(answer, other)))
            for path, on_aws, on_local in differences(answer, nearest):
                note(found, (service, operation, path, on_aws, on_local, step))
    for key in sorted(key for key in local.keys() - aws.keys() if LOCK not in key):
        step, service, operation, _ = json.loads(key)
        for answer in local[key]:
            note(lone, (service, operation, step, "local", answer["status"], answer["code"], answer["message"]))
    return merged(found), [
        dict(zip(("service", "operation", "step", "only", "status", "code", "message"), row, strict=True)) | {"calls": count}
        for row, count in sorted(lone.items(), key=lambda pair: str(pair[0]))
    ]


def note(counts, row):
    counts[row] = counts.get(row, 0) + 1


def merged(found):
    """One row per difference, with the steps that it was seen in."""
    rows = {}
    for (service, operation, path, on_aws, on_local, step), count in found.items():
        row = rows.setdefault((service, operation, path, on_aws, on_local), {"calls": 0, "steps": []})
        row["calls"] += count
        if step not in row["steps"]:
            row["steps"].append(step)
    return [
        dict(zip(("service", "operation", "at", "aws", "local"), key, strict=True)) | row for key, row in sorted(rows.items())
    ]
