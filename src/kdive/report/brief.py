"""The answer in a few lines, and its parts. Imports little: `--brief` is to be quick."""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.facts.verdict import Finding, Report
from kdive.report import words


def title(report: Report) -> str:
    """The verdict in one line."""
    verdict = report.diagnosis.verdict
    return verdict.title if verdict else f"No verdict: {why_no_verdict(report)}"


def why_no_verdict(report: Report) -> str:
    """What stood in the way of a verdict."""
    log, container = report.facts.log, report.facts.container
    if not isinstance(log, Missing):
        return "nothing was found that explains a crash"
    unread = "neither the log nor the stack of the crashed task could be read"
    damage = container.incomplete or next(iter(container.damage), "")
    return f"{unread}; {damage}" if damage else f"{unread} ({log.reason})"


def brief(report: Report) -> tuple[str, ...]:
    """The answer in a few lines, without the title."""
    verdict = report.diagnosis.verdict
    lines = []
    if verdict:
        where = f" in {guilty(verdict)}" if verdict.function else ""
        lines.append(f"{verdict.class_}{where}; {confidence(verdict)}")
        if verdict.panic_reason:
            lines.append(f"ended by: {verdict.panic_reason}")
    lines += [f"{name}: {text}" for name, text in (("task", who(report)), ("when", when(report))) if text]
    lines.append(f"kernel: {kernel(report) or 'unknown'}")
    if verdict and verdict.next_steps:
        lines.append(f"next: {verdict.next_steps[0]}")
    elif report.facts.rung.lift:
        lines.append(f"to see more: {report.facts.rung.lift}")
    return tuple(lines)


def guilty(verdict: Finding) -> str:
    """The guilty function and its module in words."""
    if verdict.function:
        return words.place(verdict.function, verdict.module)
    return f"module {verdict.module}" if verdict.module else "nothing in the kernel"


def confidence(verdict: Finding) -> str:
    """How sure, and on what ground."""
    ground = []
    if verdict.evidence:
        count = len(verdict.evidence)
        ground.append(f"{count} piece{'s' if count > 1 else ''} of evidence")
    if verdict.doubts:
        ground.append(words.count(len(verdict.doubts), "doubt"))
    return f"{verdict.confidence} ({', '.join(ground)})" if ground else verdict.confidence


def who(report: Report) -> str:
    """The crashed task; "" when it is not known."""
    banner = report.facts.banner
    parts = [] if isinstance(banner.command, Missing) else [banner.command]
    parts += [] if isinstance(banner.pid, Missing) else [f"PID {banner.pid}"]
    parts += [] if isinstance(banner.cpu, Missing) else [f"on CPU {banner.cpu}"]
    return ", ".join(parts)


def when(report: Report) -> str:
    """The time of the crash; "" when it is not known."""
    banner = report.facts.banner
    date = "" if isinstance(banner.date, Missing) else words.date(banner.date)
    uptime = "" if isinstance(banner.uptime, Missing) else f"{words.duration(banner.uptime)} after boot"
    return ", ".join(part for part in (date, uptime) if part)


def kernel(report: Report) -> str:
    """The kernel and its machine; "" when neither is known."""
    banner = report.facts.banner
    release = "" if isinstance(banner.release, Missing) else banner.release
    unnamed = isinstance(banner.nodename, Missing) or banner.nodename == "(none)"
    node = "" if unnamed else f"on {banner.nodename}"
    machine = "" if isinstance(banner.machine, Missing) else f"({banner.machine})"
    return " ".join(part for part in (release, node, machine) if part)
