"""The report as text: for a terminal, a file, or a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from kdive.facts.verdict import Report
from kdive.report.blocks import GUILTY, HEADLINE, SKIPPED, Block, Fields, Items, Paragraph, Row, Rows, Section, Table
from kdive.report.escape import printable
from kdive.report.page import make_page
from kdive.report.verdict import brief as brief_lines
from kdive.report.verdict import title

_WIDEST = 110  # columns of running text: longer lines are hard to read
_NARROWEST = 40
_BOLD, _DIM, _RED, _YELLOW, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[33m", "\x1b[0m"
_MARKS = {GUILTY: _RED, HEADLINE: _YELLOW, SKIPPED: _DIM}


def render_sections(title_line: str, sections: Sequence[Section], width: int, colour: bool) -> str:
    """Sections below a title: what `render` does for a report, for anything else."""
    writer = TextWriter(width, colour)
    writer.line(title_line, _BOLD)
    for section in sections:
        writer.section(section)
    return writer.text()


def render(report: Report, width: int, colour: bool, brief: bool) -> str:
    """The report in lines of about `width` columns; lines of the dump (log, stack, banner) are never broken."""
    writer = TextWriter(width, colour)
    if brief:
        writer.line(title(report), _RED)
        for line in brief_lines(report):
            writer.wrapped(line, "  ", "    ")
        return writer.text()
    page = make_page(report)
    writer.line(page.title, _RED)
    if not colour:
        writer.line("=" * min(len(page.title), writer.width))
    writer.fields(page.verdict)
    for section in page.sections:
        writer.section(section)
    return writer.text()


class TextWriter:
    """Collects lines; the one place where text from a dump is escaped for terminals."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(_NARROWEST, min(width, _WIDEST))
        self._colour = colour
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def line(self, text: str, style: str = "") -> None:
        safe = printable(text)
        self._lines.append(f"{style}{safe}{_PLAIN}" if style and self._colour else safe)

    def wrapped(self, text: str, first: str, rest: str) -> None:
        """`text` broken at spaces, the first line after `first`, the others after `rest`."""
        broken = textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self._lines += broken or [first.rstrip()]

    def section(self, section: Section) -> None:
        if section.title:
            self._lines.append("")
            self.line(section.title, _BOLD)
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
