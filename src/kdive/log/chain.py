"""Which of the kernel's reports explains the end of the machine, and which only came before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from kdive.facts.crash import PanicChain
from kdive.facts.log import Log, LogEvent
from kdive.log.events import events_in
from kdive.log.render import lines_with_records

_NS_PER_S = 1_000_000_000
_SAME_INCIDENT = 10 * _NS_PER_S  # from a report of damage to the fault that it led to
_SAME_HANG = 600 * _NS_PER_S  # from the first report of a hang to its end
_LINES_AFTER = 60  # that a machine may still print after the report it died of

WRAPPERS = frozenset(("panic", "oops", "sysrq"))
_DEADLY = frozenset((
    "null-deref", "page-fault", "gpf", "kernel-bug", "usercopy", "nx-smep-cfi", "divide-error", "cpu-trap",
    "double-fault", "stack-overflow", "rust-panic", "external-abort", "serror", "oops",
))  # fmt: skip
_DAMAGE = frozenset((
    "kasan-uaf", "kasan-oob", "kasan-invalid-free", "kasan-null-deref", "kasan-wild-access", "kfence", "kmsan", "ubsan",
    "slab-corruption", "mm-corruption", "list-corruption", "refcount",
))  # fmt: skip
_STALLS = frozenset(("soft-lockup", "hard-lockup", "rcu-stall", "workqueue-lockup"))
_HANGS = frozenset(("hung-task", "io-hang"))
_HARDWARE = frozenset(("mce", "memory-failure", "pcie", "nmi", "serror", "external-abort"))
_NO_END = frozenset(("warning", "oom-kill", "io-hang", "fs-panic", "pcie", "nmi", "memory-failure", "mce"))
# what panic_on_warn may turn into a panic
_WARNED = _DAMAGE | {"warning", "lockdep", "atomic-context", "kcsan", "refcount-leak"}


def panic_chain(log: Log) -> PanicChain:
    """The reports of `log` in order, and which of them is the fault, the last oops, the panic."""
    pairs = list(lines_with_records(log))
    events = events_in([text for text, _ in pairs], [record for _, record in pairs])
    return chain_of(events, len(pairs), _end(log))


def chain_of(events: Sequence[LogEvent], line_count: int, end: int | None = None) -> PanicChain:
    """As panic_chain, from the events; `end` is the last time stamp in nanoseconds."""
    events = _without_sysrq_fault(events)
    panic = next((event for event in events if _is_panic(event)), None)
    before = [event for event in events if panic is None or event.line < panic.line]
    first = _first_fault(before, panic, line_count, end)
    if first is not None and first.kind in ("panic", "oops"):
        unknown = "panic-other" if first.kind == "panic" else "other"
        first = replace(first, kind=first.details.get("implies", unknown))
    oopses = [event for event in events if event.die_counter is not None or event.kind in _DEADLY]
    last_line = first.line if first else line_count
    return PanicChain(
        events=tuple(events),
        first_fault=first,
        last_oops=oopses[-1] if oopses else None,
        panic=panic,
        preludes=tuple(event for event in events if event.line < last_line and event.kind not in WRAPPERS),
    )


def _end(log: Log) -> int | None:
    return max((record.timestamp for record in log.records if record.timestamp is not None), default=None)


def _is_panic(event: LogEvent) -> bool:
    return event.kind in ("panic", "sysrq") or "reason" in event.details


def _without_sysrq_fault(events: Sequence[LogEvent]) -> list[LogEvent]:
    """Old kernels crash on sysrq by writing to NULL: that fault, where its sysrq line is missing, is the sysrq."""
    return [
        replace(event, kind="sysrq")
        if event.ip is not None and event.ip.function == "sysrq_handle_crash" and event.kind in _DEADLY
        else event
        for event in events
    ]


def _first_fault(
    before: Sequence[LogEvent], panic: LogEvent | None, line_count: int, end: int | None
) -> LogEvent | None:
    deadly = next((event for event in before if event.kind in _DEADLY), None)
    if deadly is not None and (panic is None or panic.kind in WRAPPERS or _near(deadly, panic, _SAME_INCIDENT)):
        return _damage_before(before, deadly) or deadly
    if panic is None:
        return _end_without_panic(before, line_count, end)
    if panic.kind == "sysrq":
        return _first_of(_STALLS | _HANGS, before, panic, _SAME_HANG) or panic
    return _cause_of(before, panic) or panic


def _cause_of(before: Sequence[LogEvent], panic: LogEvent) -> LogEvent | None:
    """The report that a panic line repeats, or that led to it."""
    implies = panic.details.get("implies", "")
    if implies == "warning":
        warned = [event for event in before if event.kind in _WARNED]
        return _damage_before(before, warned[-1]) or warned[-1] if warned else None
    if implies:
        return _first_of({implies} | ({"io-hang"} if implies == "hung-task" else set()), before, panic, _SAME_HANG)
    if panic.kind in _HARDWARE | {"fs-panic"}:
        return _first_of({panic.kind}, before, panic, _SAME_INCIDENT)
    if panic.kind in ("oom-panic", "init-died", "boot-failure"):
        return None
    return _first_of(_DAMAGE | _HARDWARE, before, panic, _SAME_INCIDENT)


def _first_of(kinds: Collection[str], events: Sequence[LogEvent], later: LogEvent, nanoseconds: int) -> LogEvent | None:
    return next((event for event in events if event.kind in kinds and _near(event, later, nanoseconds)), None)


def _damage_before(before: Sequence[LogEvent], fault: LogEvent) -> LogEvent | None:
    """The first report of damaged memory that the fault followed at once, or in the same task."""
    for event in before:
        if event.line >= fault.line:
            break
        if event.kind in _DAMAGE and (_near(event, fault, _SAME_INCIDENT) or (event.pid and event.pid == fault.pid)):
            return event
    return None


def _end_without_panic(before: Sequence[LogEvent], line_count: int, end: int | None) -> LogEvent | None:
    """The report in which the log ends; warnings do not end a machine."""
    ending = [event for event in before if event.kind not in _NO_END]
    if not ending:
        return None
    last = ending[-1]
    if line_count - last.end_line > _LINES_AFTER:
        return None
    family = next((kinds for kinds in (_STALLS, _HANGS, _DAMAGE) if last.kind in kinds), frozenset((last.kind,)))
    return next(event for event in ending if event.kind in family and _near(event, last, _SAME_HANG))


def _near(event: LogEvent, later: LogEvent, nanoseconds: int) -> bool:
    """Whether one followed the other within a time; without time stamps, within some pages of text."""
    if event.timestamp is None or later.timestamp is None:
        return later.line - event.line <= 500
    return later.timestamp - event.timestamp <= nanoseconds
