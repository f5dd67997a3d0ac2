"""The kernel's own reports in a log, each with the lines that belong to it.

`LogEvent.kind` is a class id where the headline names one: null-deref, page-fault, gpf, kasan-uaf, kasan-oob,
kasan-invalid-free, kasan-null-deref, kasan-wild-access, kfence, kmsan, kcsan, ubsan, slab-corruption, mm-corruption,
list-corruption, usercopy, refcount, refcount-leak, memory-leak, kernel-bug, warning, lockdep, atomic-context,
soft-lockup, hard-lockup, rcu-stall, hung-task, workqueue-lockup, io-hang, fs-panic, oom-panic, stack-overflow,
stack-protector, double-fault, divide-error, cpu-trap, nx-smep-cfi, serror, external-abort, mce, memory-failure, pcie,
nmi, rust-panic, init-died, boot-failure, sysrq, firmware. The others: "panic" (a `Kernel panic - not syncing:` that
names no class itself, see details["reason"]; details["implies"] is the class that a line like "softlockup: hung tasks"
stands for), "oops" (a bare Oops header) and "oom-kill" (the OOM killer, without a panic). PanicChain.first_fault never
has one of these: it is "panic-other" or "other" then.

Details, where they are known: reason, implies, what, file, line, function, offset, size, module, seconds, error_code,
trap, kdump ("loaded"), release; alloc_function, alloc_module, alloc_pid, free_…, object_size, cache (sanitizers);
task, blocker (hung tasks); cpus, waits (RCU stalls); killed (OOM); count (lines of a storm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kdive.facts.log import Log, LogEvent, LogRecord
from kdive.log.event_fields import event_of
from kdive.log.grouping import group
from kdive.log.headlines import Headline, find_headlines
from kdive.log.interleaved import untangled
from kdive.log.panic_trace import with_traces_of_panics
from kdive.log.render import lines_with_records
from kdive.log.report_block import block_end


def find_events(log: Log) -> tuple[LogEvent, ...]:
    """All reports of the kernel in `log`, in order."""
    pairs = list(lines_with_records(log))
    return events_in([text for text, _ in pairs], [record for _, record in pairs])


def events_in(lines: Sequence[str], records: Sequence[LogRecord]) -> tuple[LogEvent, ...]:
    """As find_events, from lines and the record of each."""
    headlines = find_headlines(lines, records)
    order = untangled(lines, records, headlines)
    if order is None:
        return _events(lines, records, headlines)
    lines, records = [lines[number] for number in order], [records[number] for number in order]
    events = _events(lines, records, find_headlines(lines, records))
    return tuple(sorted((_restored(event, order) for event in events), key=lambda event: event.line))


def _events(lines: Sequence[str], records: Sequence[LogRecord], headlines: Sequence[Headline]) -> tuple[LogEvent, ...]:
    reports = group(lines, headlines)
    events = []
    for number, report in enumerate(reports):
        limit = reports[number + 1].line if number + 1 < len(reports) else len(lines)
        end = block_end(lines, report.last_headline, limit)
        event = event_of(report, lines[report.line : end])
        timestamp = next((r.timestamp for r in records[report.line : end] if r.timestamp is not None), None)
        events.append(replace(event, timestamp=timestamp))
    return with_traces_of_panics(events)


def _restored(event: LogEvent, order: Sequence[int]) -> LogEvent:
    """`event` with the numbers that its lines have in the log."""
    return replace(event, line=order[event.line], end_line=max(order[event.line : event.end_line]) + 1)
