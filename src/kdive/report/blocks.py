"""A report as a page of sections and blocks: what the text, Markdown and HTML renderers have in common.

Strings are as they came, from us or from a dump: each renderer escapes them, once, for its own format.
"""

from __future__ import annotations

from dataclasses import dataclass

GUILTY, SKIPPED, HEADLINE = "guilty", "skipped", "headline"  # marks of a row


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Items:
    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Fields:
    """Names and values. `banner`: laid out as crash does, names to the right."""

    rows: tuple[tuple[str, str], ...]
    banner: bool = False


@dataclass(frozen=True)
class Row:
    """A line to be shown as it is, with what stands beside it."""

    label: str  # "#0", "log:412"
    text: str
    note: str = ""  # ours: "guilty", "skipped: T0.panic"
    mark: str = ""  # GUILTY, SKIPPED, HEADLINE or ""


@dataclass(frozen=True)
class Rows:
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Paragraph | Items | Fields | Rows | Table


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]
    detail: bool = False  # for the reader who digs; HTML folds it


@dataclass(frozen=True)
class Page:
    title: str  # the verdict in one line
    verdict: Fields  # class, function, confidence …
    sections: tuple[Section, ...]
