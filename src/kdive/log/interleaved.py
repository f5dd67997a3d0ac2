"""Reports that two threads printed at once, told apart by the caller that printk recorded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kdive.facts.log import LogRecord
from kdive.log.headlines import Headline
from kdive.log.report_block import is_report_line

_REACH = 150  # lines in which a report goes on after another one has begun


def untangled(lines: Sequence[str], records: Sequence[LogRecord], headlines: Sequence[Headline]) -> list[int] | None:
    """The order in which to read the lines so that each report is in one piece; None where each is."""
    tangles: list[list[int]] = []  # first line and end
    for first, second in pairwise(headlines):
        end = _tangle_end(lines, records, first.line, second.line)
        if end and tangles and first.line < tangles[-1][1]:
            tangles[-1][1] = max(end, tangles[-1][1])
        elif end:
            tangles.append([first.line, end])
    if not tangles:
        return None
    order = list(range(len(lines)))
    for start, end in tangles:
        turn: dict[str, int] = {}
        for number in range(start, end):
            turn.setdefault(records[number].caller, len(turn))
        order[start:end] = sorted(range(start, end), key=lambda number: turn[records[number].caller])
    return order


def _tangle_end(lines: Sequence[str], records: Sequence[LogRecord], first: int, second: int) -> int:
    """The end of both reports where the one that begins at `second` cuts the one from `first` in two; else 0."""
    caller, other = records[first].caller, records[second].caller
    if not caller or not other or caller == other:
        return 0
    for number in range(first, second):
        if records[number].caller == caller and lines[number].startswith("---[ end"):
            return 0
    end, cut = 0, False
    for number in range(second + 1, min(second + _REACH, len(lines))):
        if records[number].caller in (caller, other) and is_report_line(lines[number]):
            end, cut = number + 1, cut or records[number].caller == caller
    return end if cut else 0
