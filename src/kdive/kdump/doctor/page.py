"""What the checks found, as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from kdive.facts.codec import to_json
from kdive.kdump.doctor.examine import SCHEMA, Checked, worst

_INDENT = " " * 6
_SUMMARIES = {
    "fail": "a crash of this machine would not be captured",
    "warn": "a crash would be captured, with reservations",
    "ok": "this machine will capture its crashes",
    "skip": "nothing could be checked",
}


def as_json(checked: Sequence[Checked], root: str) -> str:
    """Everything, for programs."""
    head = {"schema": SCHEMA, "root": root, "result": worst(checked)}
    return json.dumps({**head, "checks": to_json(tuple(checked))}, indent=2)


def as_text(checked: Sequence[Checked], width: int, full: bool = False) -> str:
    """What is wrong first, with evidence and what to do; then a line for each other. `full` explains all of them."""
    ranks = ("fail", "warn", "ok", "skip")
    lines: list[str] = []
    for one in sorted(checked, key=lambda one: ranks.index(one.result)):
        lines += _lines(one, width, full or one.result in ("fail", "warn"), full)
    return "\n".join([*lines, "", _summary(checked)])


def _lines(one: Checked, width: int, evidence: bool, why: bool) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{one.id}: {one.reason}", width, initial_indent=f"{one.result:6}", subsequent_indent=_INDENT
    )
    if why:
        yield from _wrapped("", f"{one.what}. {one.why}", width)
    if evidence:
        for piece in one.evidence:
            yield from _wrapped("  ", piece, width)
    if one.fix:
        by_itself = f"; `kdive doctor --fix {one.id}` does that" if one.fixable else ""
        yield from _wrapped("fix: ", one.fix + by_itself, width)


def _wrapped(mark: str, text: str, width: int) -> list[str]:
    indent = _INDENT + " " * len(mark)
    return textwrap.wrap(text, width, initial_indent=_INDENT + mark, subsequent_indent=indent)


def _summary(checked: Sequence[Checked]) -> str:
    counts = Counter(one.result for one in checked)
    named = ", ".join(f"{counts[name]} {name}" for name in ("fail", "warn", "ok", "skip") if counts[name])
    return f"{named}: {_SUMMARIES[worst(checked)]}"
