"""Headlines that belong together: a BUG line and the trap it ends in are one report, and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kdive.log.headlines import Headline
from kdive.log.report_block import BODY_START

_TRAP_DISTANCE = 60  # lines from a message to the trap's header; arm64 decodes the fault in between
_SAME_MESSAGE = 6  # lines from a message to the warning or BUG that it was printed for
_SYSRQ_DISTANCE = 12
_STORM_DISTANCE = 50

# Told by a message of their own, before the BUG, WARNING or trap they are carried out with, or right after a WARNING.
_MESSAGES = frozenset((
    "list-corruption", "usercopy", "refcount", "refcount-leak", "rust-panic", "slab-corruption", "nx-smep-cfi", "ubsan",
))  # fmt: skip
_BEFORE_TRAP = _MESSAGES | {
    "null-deref", "page-fault", "kernel-bug", "stack-overflow", "double-fault", "external-abort", "serror", "gpf",
    "oops", "cpu-trap", "kasan-null-deref",
}  # fmt: skip
STORMS = frozenset(("io-hang", "mce", "pcie", "memory-failure", "fs-panic", "refcount-leak", "memory-leak", "nmi"))
_GENERIC = frozenset(("warning", "kernel-bug", "oops", "cpu-trap", "page-fault", "gpf"))


@dataclass
class Report:
    """One report: its first headline, and those that only carry it on."""

    kind: str
    headlines: list[Headline] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.headlines[0].line

    @property
    def last_headline(self) -> int:
        return self.headlines[-1].line

    @property
    def groups(self) -> dict[str, str]:
        """Named parts of all its headlines; the first that names one counts."""
        merged: dict[str, str] = {}
        for headline in self.headlines:
            merged = merged | headline.groups if headline.groups.get("offset") else headline.groups | merged
        return merged


def group(lines: Sequence[str], headlines: Sequence[Headline]) -> list[Report]:
    """Reports in order."""
    reports: list[Report] = []
    for headline in headlines:
        report = reports[-1] if reports else None
        if report is None or not _carries_on(lines, report, headline):
            reports.append(Report(headline.kind, [headline]))
            continue
        report.headlines.append(headline)
        report.kind = _kind_of_both(report.kind, headline.kind)
    return reports


def _carries_on(lines: Sequence[str], report: Report, headline: Headline) -> bool:
    """Whether `headline` is part of `report`, which was begun before it."""
    distance = headline.line - report.last_headline
    is_panic = "reason" in headline.groups
    if report.kind == "sysrq":
        return distance <= _SYSRQ_DISTANCE and headline.kind in ("sysrq", "null-deref", "gpf", "oops", "page-fault")
    if report.kind in STORMS and headline.kind == report.kind:
        return distance <= _STORM_DISTANCE and not _has_body(lines, report.last_headline, headline.line)
    if report.kind == "oom-kill" and headline.kind == "oom-panic":
        return not _told(
            lines, report.last_headline, headline.line, ("Out of memory: Kill", "oom-kill:", "Memory cgroup")
        )
    if distance == 1 and report.kind == headline.kind and report.kind.startswith("k"):
        return True  # a decoder repeats a sanitizer's line for each inlined function
    if report.kind == "boot-failure" and headline.kind == "boot-failure":
        return distance <= _TRAP_DISTANCE
    if is_panic or distance > _TRAP_DISTANCE or _has_body(lines, report.last_headline, headline.line):
        return False
    if report.kind == "warning":
        return distance <= 3 and headline.kind in _MESSAGES
    if headline.kind in ("warning", "kernel-bug") and "die" not in headline.groups:
        return report.kind in _MESSAGES and distance <= _SAME_MESSAGE
    if report.kind in ("nx-smep-cfi", "stack-overflow") and headline.kind in (
        "page-fault",
        "null-deref",
        "double-fault",
    ):
        return True
    return report.kind in _BEFORE_TRAP and "die" in headline.groups and "die" not in report.groups


def _kind_of_both(first: str, then: str) -> str:
    if then == "oom-panic":
        return then
    return then if first in _GENERIC and then not in _GENERIC and then in _MESSAGES | {"nx-smep-cfi"} else first


def _has_body(lines: Sequence[str], start: int, end: int) -> bool:
    """Whether a report was shown between two lines: then what follows is another one."""
    return any(BODY_START.match(lines[number]) for number in range(start + 1, end))


def _told(lines: Sequence[str], start: int, end: int, texts: tuple[str, ...]) -> bool:
    return any(lines[number].lstrip().startswith(texts) for number in range(start + 1, end))
