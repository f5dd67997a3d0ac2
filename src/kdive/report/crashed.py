"""What the crashed task was doing: its stack."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.facts.verdict import Finding, Report
from kdive.report import words
from kdive.report.blocks import GUILTY, SKIPPED, Paragraph, Row, Rows, Section
from kdive.report.brief import who

_INNERMOST, _OUTERMOST = 40, 12  # frames of a long stack


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


def _shortened(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The two ends of a long stack: what overflows repeats itself in between."""
    left_out = len(rows) - _INNERMOST - _OUTERMOST
    if left_out <= 1:
        return rows
    return (*rows[:_INNERMOST], Row("", f"... {left_out} more frames ..."), *rows[-_OUTERMOST:])


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
