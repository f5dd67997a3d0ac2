"""The lines of the log that decide."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent, LogRecord
from kdive.facts.missing import Missing
from kdive.facts.verdict import Report
from kdive.log.render import lines_with_records
from kdive.report import words
from kdive.report.blocks import HEADLINE, Row, Rows, Section

_MOST_OF_FIRST = 8  # lines of the first fault: it explains most
_MOST_EVIDENCE = 12  # lines that a verdict rests on
_LAST_LINES = 12  # of a log in which nothing stands out

# Registers, code bytes and the names of the hardware are in other places; the trace is the stack.
_NOISE = re.compile(r"[A-Z][A-Z0-9]{1,3}: {1,2}[0-9a-f]{4}|[xr]\d+ ?:|(?:Code|Hardware name|PKRU|Modules linked in):")
_TRACE = re.compile(r"(?:Call Trace|Call trace|Backtrace|Stack):")
_IP = re.compile(r"(?:RIP|EIP|pc|PC) ?[:(]")


def log_section(report: Report) -> tuple[Section, ...]:
    """The first fault, the last oops, the panic, and what else the verdict rests on; else the end of the log."""
    log, chain = report.facts.log, report.facts.panic_chain
    if isinstance(log, Missing):
        return ()
    lines = list(lines_with_records(log))
    headlines = _headlines(chain, len(lines))
    shown = set(headlines)
    if headlines and not isinstance(chain, Missing) and chain.first_fault:
        shown.update(_first_lines(chain.first_fault, lines))
    shown.update(index for index in _evidence(report) if index < len(lines))
    if not shown:
        shown = set(range(max(0, len(lines) - _LAST_LINES), len(lines)))
    rows: list[Row] = []
    before = None
    for index in sorted(shown):
        if before is not None and index > before + 1:
            rows.append(Row("", "..."))
        rows.append(Row(str(index), _text(*lines[index]), mark=HEADLINE if index in headlines else ""))
        before = index
    title = f"The log: {words.count(len(shown), 'line')} of {len(lines)}"
    return (Section(title, (Rows(tuple(rows)),)),) if rows else ()


def _headlines(chain: PanicChain | Missing, end: int) -> set[int]:
    """Where the reports begin that matter."""
    events = () if isinstance(chain, Missing) else (chain.first_fault, chain.last_oops, chain.panic)
    return {event.line for event in events if event and 0 <= event.line < end}


def _first_lines(event: LogEvent, lines: Sequence[tuple[str, LogRecord]]) -> list[int]:
    """The first lines of a report that are not to be found elsewhere on the page."""
    found: list[int] = []
    for index in range(max(0, event.line), min(event.end_line, len(lines))):
        text = lines[index][0].strip()
        if len(found) == _MOST_OF_FIRST or _TRACE.match(text):
            break
        if _IP.match(text) or not _NOISE.match(text):
            found.append(index)
    return found


def _evidence(report: Report) -> list[int]:
    """Lines that the verdict names."""
    verdict = report.diagnosis.verdict
    sources = [item.source for item in verdict.evidence] if verdict else []
    return [
        int(found[1]) for source in sources[:_MOST_EVIDENCE] if (found := re.fullmatch(r"log:([0-9]{1,9})", source))
    ]


def _text(text: str, record: LogRecord) -> str:
    return text if record.timestamp is None else f"{words.timestamp(record.timestamp)} {text}"
