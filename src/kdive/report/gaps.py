"""What the report does not know, and what would change that."""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.facts.verdict import Report
from kdive.report.blocks import Items, Paragraph, Section

_RUNGS = {
    "dwarf": "with the kernel's full debuginfo",
    "btf": "with symbols and types found in the dump itself, without debuginfo",
    "vmcoreinfo": "from the log, the registers and VMCOREINFO, without symbols and types",
    "log": "from a log alone, without the machine's memory",
}


def gaps_sections(report: Report) -> tuple[Section, ...]:
    """What could not be read, which rules could not be checked, and the rung."""
    items = [f"{', '.join(names)}: {reason}" for reason, names in _by_reason(report.missing).items()]
    items += _log_gaps(report)
    unchecked: dict[str, list[str]] = {}
    for rule in report.diagnosis.unchecked:
        unchecked.setdefault(rule.reason, []).append(rule.rule)
    items += [f"rules not checked, {', '.join(rules)}: {reason}" for reason, rules in unchecked.items()]
    gaps = (Section("What could not be read", (Items(tuple(items)),), detail=True),) if items else ()
    return (*gaps, Section("How much was known", (Paragraph(rung_line(report)),)))


def rung_line(report: Report) -> str:
    """The rung in words, why it is not higher, and what would lift it."""
    rung = report.facts.rung
    text = f"This report was made {_RUNGS.get(rung.name, 'on rung ' + rung.name)}"
    text += f" ({rung.why})." if rung.why and rung.name != "log" else "."
    return f"{text} To see more: {rung.lift}" if rung.lift else text


def _by_reason(missing: tuple[str, ...]) -> dict[str, list[str]]:
    """The names of what is missing, gathered under the reason that they share."""
    found: dict[str, list[str]] = {}
    for line in missing:
        name, _, reason = line.partition(": ")
        found.setdefault(reason or "not read", []).append(name.removeprefix("banner."))
    return found


def _log_gaps(report: Report) -> list[str]:
    log = report.facts.log
    if isinstance(log, Missing):
        return []
    lost = [f"log: {log.lost_records} records were overwritten or unreadable"] if log.lost_records else []
    return lost + [f"log: {note}" for note in log.notes] + [f"symbols: {note}" for note in report.facts.rung.notes]
