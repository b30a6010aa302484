"""The report of a run: one JSON file, and the same to read."""

import json


def markdown(report):
    lines = [
        "# Where AWS answered otherwise than the local AWS",
        "",
        f"gatestack {report['commit']}, {report['date']}, {report['region']}. Ids, secrets, tokens and names are left out; messages keep"
        " their ordinary words.",
        "",
    ]
    for example in report["examples"]:
        ended = "done" if not example["failure"] else f"stopped at {example['failure']['step']}"
        lines += [f"## {example['example']}: {ended}", ""]
        if example["failure"]:
            lines += ["```text", *example["failure"]["said"], "```", ""]
        lines += ["| step | result | AWS, seconds | local, seconds |", "|---|---|---:|---:|"]
        local = {one["step"]: one["seconds"] for one in example["local_steps"]}
        lines += [
            f"| {one['step']} | {one['result']} | {one['seconds']} | {local.get(one['step'], '–')} |" for one in example["steps"]
        ]
        lines.append("")
        if example["left"]:
            lines += ["Left in the account:", "", *(f"- {one}" for one in example["left"]), ""]
    lines += ["## Differences", ""]
    if report["differences"]:
        lines += ["| operation | at | AWS | local AWS | calls | steps |", "|---|---|---|---|---:|---|"]
        lines += [
            f"| {one['service']} {one['operation']} | `{one['at']}` | {cell(one['aws'])} | {cell(one['local'])} | {one['calls']} |"
            f" {', '.join(one['steps'])} |"
            for one in report["differences"]
        ]
    else:
        lines.append("None.")
    lines += ["", "## Calls that only one of them got", ""]
    if report["lone_calls"]:
        lines += ["| operation | step | only on | status | code | message |", "|---|---|---|---:|---|---|"]
        lines += [
            f"| {one['service']} {one['operation']} | {one['step']} | {'AWS' if one['only'] == 'aws' else 'the local AWS'} |"
            f" {one['status']} | {one['code'] or ''} | {cell(one['message'] or '')} |"
            for one in report["lone_calls"]
        ]
    else:
        lines.append("None.")
    return "\n".join(lines) + "\n"


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def write(folder, report):
    """Writes both files, and answers the one to read."""
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    readable = folder / "report.md"
    readable.write_text(markdown(report), encoding="utf-8")
    return readable
