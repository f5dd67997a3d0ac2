"""What the crashed task was doing: its stack, and the lines of the log that decide."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.facts.log import LogEvent, LogRecord
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.facts.verdict import Finding, Report
from kdive.report import words
from kdive.report.blocks import GUILTY, HEADLINE, SKIPPED, Paragraph, Row, Rows, Section
from kdive.report.brief import who

_BEFORE, _AFTER = 1, 8  # lines of the log around the first fault
_INNERMOST, _OUTERMOST = 40, 12  # frames of a long stack
_LAST_LINES = 12  # of a log in which nothing stands out


def stack_section(report: Report) -> tuple[Section, ...]:
    """The crashed task's frames, with the guilty one and those that were passed over marked."""
    if not report.stack:
        return ()
    task = f" of {who(report)}" if who(report) else ""
    source = {"memory": ", from memory", "log": ", as the log has it"}.get(report.stack_source, "")
    crashed = None if isinstance(report.facts.stacks, Missing) else report.facts.stacks.crashed
    notes = crashed.notes if crashed and report.stack_source == "memory" else ()
    rows = Rows(_shortened(_frame_rows(report.stack, report.diagnosis.verdict)))
    return (Section(f"Stack{task}{source}", (rows, *(Paragraph(note) for note in notes))),)


def log_section(report: Report) -> tuple[Section, ...]:
    """The lines of the log around the first fault, the last oops and the panic."""
    log, chain = report.facts.log, report.facts.panic_chain
    if isinstance(log, Missing):
        return ()
    from kdive.log.render import lines_with_records

    lines = list(lines_with_records(log))
    shown: dict[int, bool] = {}  # index → is a headline
    if not isinstance(chain, Missing):
        for event in (chain.first_fault, chain.last_oops, chain.panic):
            _show_event(event, len(lines), shown)
    if not shown:
        shown = dict.fromkeys(range(max(0, len(lines) - _LAST_LINES), len(lines)), False)
    rows: list[Row] = []
    before = None
    for index in sorted(shown):
        if before is not None and index > before + 1:
            rows.append(Row("", "..."))
        rows.append(Row(str(index), _log_line(*lines[index]), mark=HEADLINE if shown[index] else ""))
        before = index
    return (Section("The log", (Rows(tuple(rows)),)),) if rows else ()


def _log_line(text: str, record: LogRecord) -> str:
    return text if record.timestamp is None else f"{words.timestamp(record.timestamp)} {text}"


def _shortened(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The two ends of a long stack: what overflows repeats itself in between."""
    left_out = len(rows) - _INNERMOST - _OUTERMOST
    if left_out <= 1:
        return rows
    return (*rows[:_INNERMOST], Row("", f"... {left_out} more frames ..."), *rows[-_OUTERMOST:])


def _show_event(event: LogEvent | None, end: int, shown: dict[int, bool]) -> None:
    if event is None or not 0 <= event.line < end:
        return
    more = 1 if shown else _AFTER  # the first fault at length, what followed by its headline
    for index in range(max(0, event.line - (0 if shown else _BEFORE)), min(end, event.end_line, event.line + more)):
        shown.setdefault(index, False)
    shown[event.line] = True


def _frame_rows(frames: Sequence[Frame], verdict: Finding | None) -> tuple[Row, ...]:
    tiers = {(_bare(skip.function), skip.module): skip.tier for skip in verdict.skipped} if verdict else {}
    sought = (_bare(verdict.function), verdict.module or "") if verdict and verdict.function else None
    rows = []
    context = "task"
    for index, frame in enumerate(frames):
        key = (_bare(frame.function), frame.module)
        notes, mark = [], ""
        if sought and key == sought and frame.reliable:
            notes, mark, sought = ["<- guilty"], GUILTY, None
        elif key in tiers and (sought or verdict is None or not verdict.function):
            notes, mark = [f"skipped: {tiers[key]}"], SKIPPED
        if frame.context and frame.context != context:
            context = frame.context
            notes.append(f"({context} context)")
        if frame.how == "inline":
            notes.append("(inlined)")
        if frame.how == "scan":
            notes.append("(found by scanning)")
        rows.append(Row(f"#{index}", words.frame(frame), "  ".join(notes), mark))
    return tuple(rows)


def _bare(function: str) -> str:
    """The name without what the compiler appends: "f.isra.0" is "f"."""
    return function.split(".", 1)[0]
