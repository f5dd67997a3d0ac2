"""Sections and blocks as text."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.report.blocks import (
    GUILTY,
    HEADLINE,
    SKIPPED,
    Block,
    Fields,
    Items,
    Page,
    Paragraph,
    Row,
    Rows,
    Section,
    Table,
)
from kdive.report.escape import printable
from kdive.report.lines import BOLD, DIM, RED, YELLOW, Lines

_MARKS = {GUILTY: RED, HEADLINE: YELLOW, SKIPPED: DIM}


def render_page(page: Page, width: int, colour: bool) -> str:
    """The page; lines of the dump (log, stack, banner) are never broken."""
    writer = _PageWriter(width, colour)
    writer.line(page.title, RED)
    if not colour:
        writer.line("=" * min(len(page.title), writer.width))
    writer.fields(page.verdict)
    for section in page.sections:
        writer.section(section)
    return writer.text()


def render_sections(title: str, sections: Sequence[Section], width: int, colour: bool) -> str:
    """Sections below a title, for what is no report."""
    writer = _PageWriter(width, colour)
    writer.line(title, BOLD)
    for section in sections:
        writer.section(section)
    return writer.text()


class _PageWriter(Lines):
    def section(self, section: Section) -> None:
        if section.title:
            self.lines.append("")
            self.line(section.title, BOLD)
        for block in section.blocks:
            self._block(block)

    def fields(self, block: Fields) -> None:
        longest = max((len(name) for name, _ in block.rows), default=0)
        for name, value in block.rows:
            if block.banner:
                self.line(f"{name:>{longest + 2}}: {value}")
            else:
                indent = " " * (longest + 4)
                self.wrapped(value, f"  {name:<{longest}}  ", indent)

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self.wrapped(block.text, "  ", "  ")
        elif isinstance(block, Items):
            for number, item in enumerate(block.items, 1):
                bullet = f"  {number}. " if block.numbered else "  - "
                self.wrapped(item, bullet, " " * len(bullet))
        elif isinstance(block, Fields):
            self.fields(block)
        elif isinstance(block, Rows):
            self._rows(block.rows)
        else:
            self._table(block)

    def _rows(self, rows: tuple[Row, ...]) -> None:
        label = max((len(row.label) for row in rows), default=0)
        text = min(max((len(row.text) for row in rows if row.note), default=0), self.width - label - 16)
        for row in rows:
            sign = ">" if row.mark in (GUILTY, HEADLINE) else " "
            note = f"{'':{max(0, text - len(row.text))}}  {row.note}" if row.note else ""
            self.line(f"{sign} {row.label:<{label}}  {row.text}{note}".rstrip(), _MARKS.get(row.mark, ""))

    def _table(self, table: Table) -> None:
        """Columns as wide as what is in them; the last one is broken where it does not fit."""
        rows = [tuple(map(printable, row)) for row in (table.columns, *table.rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns) - 1)]
        indent = " " * (2 + sum(width + 2 for width in widths))
        for row in rows:
            first = "  " + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
            self.wrapped(row[-1], first, indent)
