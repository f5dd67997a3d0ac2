"""The verdict on the page: what crashed, who is guilty, how sure that is, and what to do."""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.facts.verdict import Finding, Report
from kdive.report import words
from kdive.report.blocks import Fields, Items, Paragraph, Section, Table
from kdive.report.machine import module_taints


def title(report: Report) -> str:
    """The verdict in one line."""
    verdict = report.diagnosis.verdict
    return verdict.title if verdict else "No verdict: nothing was found that explains a crash"


def verdict_fields(report: Report) -> Fields:
    """The answer: what, who, how sure, and which machine."""
    verdict = report.diagnosis.verdict
    rows = [] if verdict is None else _finding_rows(verdict, report)
    rows += [
        (name, value) for name, value in (("Task", who(report)), ("When", when(report)), ("Kernel", kernel(report)))
    ]
    signature = report.diagnosis.signature
    if signature.text or signature.key:
        rows.append(("Signature", f"{signature.text}  ({signature.key})" if signature.key else signature.text))
    return Fields(tuple((name, value) for name, value in rows if value))


def verdict_sections(report: Report) -> tuple[Section, ...]:
    """Plain words, next steps, doubts and evidence."""
    verdict = report.diagnosis.verdict
    if verdict is None:
        return ()
    sections = []
    if verdict.explanation:
        sections.append(Section("What happened", (Paragraph(verdict.explanation),)))
    if verdict.next_steps:
        sections.append(Section("Next steps", (Items(verdict.next_steps, numbered=True),)))
    if verdict.doubts:
        sections.append(Section("Doubts", (Items(verdict.doubts),)))
    if verdict.evidence:
        rows = tuple((item.id, item.source, item.value) for item in verdict.evidence)
        sections.append(Section("Evidence", (Table(("", "from", "what it says"), rows),)))
    others = tuple(_finding_line(finding) for finding in report.diagnosis.findings if finding != verdict)
    if others:
        sections.append(Section("Also found", (Items(others),)))
    return tuple(sections)


def brief(report: Report) -> tuple[str, ...]:
    """The answer in a few lines, without the title."""
    verdict = report.diagnosis.verdict
    lines = []
    if verdict:
        where = f" in {guilty(verdict)}" if verdict.function else ""
        lines.append(f"{verdict.class_}{where}; {_confidence(verdict)}")
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
    node = "" if isinstance(banner.nodename, Missing) else f"on {banner.nodename}"
    machine = "" if isinstance(banner.machine, Missing) else f"({banner.machine})"
    return " ".join(part for part in (release, node, machine) if part)


def _finding_rows(verdict: Finding, report: Report) -> list[tuple[str, str]]:
    rows = [("Class", verdict.class_)]
    if verdict.class_ != "none":
        taints = module_taints(report, verdict.module)
        rows += [
            ("Guilty", guilty(verdict) + (f", a module that is {taints}" if taints else "")),
            ("Confidence", _confidence(verdict)),
            ("Ended by", verdict.panic_reason),
        ]
    return rows


def _confidence(verdict: Finding) -> str:
    """How sure, and on what ground."""
    ground = []
    if verdict.evidence:
        count = len(verdict.evidence)
        ground.append(f"{count} piece{'s' if count > 1 else ''} of evidence")
    if verdict.doubts:
        ground.append(words.count(len(verdict.doubts), "doubt"))
    return f"{verdict.confidence} ({', '.join(ground)})" if ground else verdict.confidence


def _finding_line(finding: Finding) -> str:
    where = f" in {words.place(finding.function, finding.module)}" if finding.function else ""
    return f"{finding.title} ({finding.class_}{where}; {finding.confidence})"
