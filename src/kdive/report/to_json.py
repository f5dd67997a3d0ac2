"""The report as JSON: docs/report-schema.md says what each member means."""

from __future__ import annotations

import json
from typing import Any

from kdive.facts.codec import to_json
from kdive.facts.missing import Missing
from kdive.facts.verdict import REPORT_SCHEMA, Report
from kdive.report.brief import why_no_verdict


def render(report: Report) -> str:
    """The report as one JSON object."""
    return _dump(as_data(report))


def render_error(message: str, hint: str) -> str:
    """What stands in the place of a report that could not be made."""
    return _dump({"schema": REPORT_SCHEMA, "verdict": None, "error": {"message": message, "hint": hint}})


def as_data(report: Report) -> dict[str, Any]:
    """The members of the JSON object."""
    facts, diagnosis = report.facts, report.diagnosis
    verdict = _plain(diagnosis.verdict)
    error = {"message": why_no_verdict(report), "hint": facts.rung.lift}
    return {
        "schema": report.schema,
        "verdict": verdict,
        "error": None if verdict else error,
        "signature": to_json(diagnosis.signature),
        "rung": facts.rung.name,
        "rung_why": facts.rung.why,
        "rung_notes": list(facts.rung.notes),
        "lift": facts.rung.lift,
        "banner": to_json(facts.banner),
        "container": to_json(facts.container),
        "stack": _plain(report.stack),
        "stack_source": report.stack_source,
        "panic_chain": _plain(facts.panic_chain),
        "findings": _plain(diagnosis.findings),
        "unchecked_rules": to_json(diagnosis.unchecked),
        "registers": to_json(facts.registers),
        "stacks": _members(facts.stacks, "stacks"),
        "cpus": _members(facts.cpus, "cpus"),
        "modules": to_json(facts.modules),
        "memory": to_json(facts.memory),
        "tasks": _tasks(report),
        "log": _log(report),
        "missing": [_missing(line) for line in report.missing],
    }


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, allow_nan=False)


def _plain(value: object) -> Any:
    """`value` as JSON data, in which the module of a function in the kernel itself is null, as in a verdict."""
    data = to_json(value)
    _name_kernel_null(data)
    return data


def _name_kernel_null(data: Any) -> None:
    if isinstance(data, list):
        for item in data:
            _name_kernel_null(item)
    elif isinstance(data, dict):
        if "function" in data and data.get("module") == "":
            data["module"] = None
        for key, value in data.items():
            if key != "details":  # free words of the kernel, not members of ours
                _name_kernel_null(value)


def _members(value: Any, name: str) -> Any:
    return _plain(value if isinstance(value, Missing) else getattr(value, name))


def _tasks(report: Report) -> Any:
    """How many tasks there are in each state; the stacks of those that matter are in `stacks`."""
    tasks = report.facts.tasks
    if isinstance(tasks, Missing):
        return to_json(tasks)
    states: dict[str, int] = {}
    for task in tasks.tasks:
        states[task.state] = states.get(task.state, 0) + 1
    return {"count": len(tasks.tasks), "states": states, "truncated": tasks.truncated}


def _log(report: Report) -> Any:
    log = report.facts.log
    if isinstance(log, Missing):
        return to_json(log)
    data: dict[str, Any] = to_json(log)
    return data | {"records": len(log.records)}


def _missing(line: str) -> dict[str, str]:
    name, _, reason = line.partition(": ")
    return {"fact": name, "reason": reason}
