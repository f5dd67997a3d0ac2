"""Where in a log the kernel's reports begin: the patterns of data/headlines.txt, found fast.

Compiling a hundred patterns would take longer than reading a log, and trying them on each line longer still.
So each pattern names an anchor, a plain text that must occur; only then is it compiled, for that line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from kdive.facts.log import LogRecord

KEPT_AT_EACH_END = 1000  # headlines; an endless log of warnings is cut in the middle
_CANDIDATES_PER_ANCHOR = 20_000  # lines that may be looked at, from each end

_DATA = Path(__file__).parent / "data" / "headlines.txt"
_FUNCTION = (
    r"(?P<function>[\w.$]+)(?:\+(?P<offset>0x[0-9a-f]{1,16})/(?P<size>0x[0-9a-f]{1,16}))?"
    r"(?:\(\))?(?: \[(?P<module>[\w-]+)\])?"
)
_NOT_REPORTS = ("Kernel command line:", "Command line:", "Unknown kernel command line", "Unknown command line")


@dataclass(frozen=True)
class Pattern:
    """One row of the table."""

    kind: str
    anchor: str
    pattern: str
    implies: str = ""  # the class whose report this panic line only repeats

    def match(self, line: str) -> re.Match[str] | None:
        return _compiled(self.pattern).search(line)


@dataclass(frozen=True)
class Headline:
    """A line that begins a report, or that is part of one that has begun."""

    line: int  # index in the log's lines
    kind: str
    implies: str
    groups: dict[str, str]  # those that took part in the match


@cache
def patterns() -> tuple[Pattern, ...]:
    """The table, in its order."""
    rows, kind = [], ""
    for row in _DATA.read_text(encoding="ascii").split("\n"):
        if row.startswith("#"):
            continue
        if " => " not in row:
            kind = row.strip("[]") or kind
        else:
            anchor, pattern, *implies = row.split(" => ")
            rows.append(Pattern(kind, anchor, pattern, implies[0].removeprefix("implies ") if implies else ""))
    return tuple(rows)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("<FN>", _FUNCTION))


def find_headlines(lines: Sequence[str], records: Sequence[LogRecord | None] = ()) -> list[Headline]:
    """The headlines in `lines`, in order; what user space wrote into the log (by its facility) is passed over."""
    text = "\n".join(lines)
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    found = []
    for number, rows in sorted(_candidates(text, starts).items()):
        line = lines[number].lstrip()
        record = records[number] if records else None
        if line.startswith(_NOT_REPORTS) or (record is not None and record.facility):
            continue
        for row in sorted(rows):
            pattern = patterns()[row]
            if match := pattern.match(line):
                groups = {name: value for name, value in match.groupdict().items() if value is not None}
                found.append(Headline(number, pattern.kind, pattern.implies, groups))
                break
    if len(found) > 2 * KEPT_AT_EACH_END:
        return found[:KEPT_AT_EACH_END] + found[-KEPT_AT_EACH_END:]
    return found


def _candidates(text: str, starts: list[int]) -> dict[int, list[int]]:
    """Line number to the rows of the table whose anchor occurs in that line."""
    rows_by_anchor: dict[str, list[int]] = {}
    for row, pattern in enumerate(patterns()):
        rows_by_anchor.setdefault(pattern.anchor, []).append(row)
    candidates: dict[int, list[int]] = {}
    for anchor, rows in rows_by_anchor.items():
        for number in _lines_with(anchor, text, starts):
            candidates.setdefault(number, []).extend(rows)
    return candidates


def _lines_with(anchor: str, text: str, starts: list[int]) -> set[int]:
    found: set[int] = set()
    at = text.find(anchor)
    while at >= 0 and len(found) < _CANDIDATES_PER_ANCHOR:
        number = bisect_right(starts, at) - 1
        found.add(number)
        at = text.find(anchor, starts[number + 1])
    if at < 0:
        return found
    end = len(text)  # too many: those at the end matter more than those in the middle
    for _ in range(_CANDIDATES_PER_ANCHOR):
        at = text.rfind(anchor, 0, end)
        if at < 0:
            break
        number = bisect_right(starts, at) - 1
        found.add(number)
        end = starts[number]
    return found
