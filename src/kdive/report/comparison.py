"""A comparison of two crashes as a page section, and its first line in words."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.facts.comparison import DIFFERENT, LIKELY_SAME, RELATED, SAME, UNKNOWN, Comparison, Difference
from kdive.report.blocks import Items, Section, Table

_ANSWERS = {
    SAME: "The same bug",
    LIKELY_SAME: "Most likely the same bug",
    RELATED: "Different functions on the same path: perhaps related",
    DIFFERENT: "Different bugs",
    UNKNOWN: "It cannot be told whether they are the same bug",
}
_SAME = {True: "same", False: "differs", None: "unknown"}


def answer(comparison: Comparison) -> str:
    """The answer in one line."""
    return _ANSWERS[comparison.answer]


def comparison_sections(comparison: Comparison) -> tuple[Section, ...]:
    """Why, the levels of the signature, and what else differs."""
    levels = tuple((level.name, _SAME[level.same], _sides(level.first, level.second)) for level in comparison.levels)
    return (
        Section("Why", (Items(comparison.why),)),
        Section("Signature", (Table(("level", "", "first -> second"), levels),)),
        *difference_sections(comparison.differences),
    )


def difference_sections(differences: Sequence[Difference]) -> tuple[Section, ...]:
    """What differs, one line each."""
    if not differences:
        return ()
    rows = tuple((one.name, _sides(one.first, one.second)) for one in differences)
    return (Section("What differs", (Table(("", "first -> second"), rows),)),)


def _sides(first: str, second: str) -> str:
    return first if first == second else f"{first or 'none'} -> {second or 'none'}"
