"""The report as Markdown, to be pasted into a ticket."""

from __future__ import annotations

import re

from kdive.facts.verdict import Report
from kdive.report.blocks import GUILTY, HEADLINE, Block, Fields, Items, Paragraph, Rows, Section
from kdive.report.brief import brief as brief_lines
from kdive.report.brief import title
from kdive.report.escape import printable
from kdive.report.page import make_page

# Only what would be markup where it stands: an underscore inside a name, or [module], is none.
_SPECIAL = re.compile(r"[\\`*<|$]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|#(?=\d)|~(?=~)|&(?=#?\w+;)")
_AT_START = re.compile(r"^([-+>#=]|\d+(?=[.)]\s))")


def render(report: Report, brief: bool = False) -> str:
    """The report, or (`brief`) its answer in a few lines; text of the dump stands in code, or is escaped."""
    if brief:
        return (
            "\n".join([f"**{_plain(title(report))}**", "", *(f"- {_plain(line)}" for line in brief_lines(report))])
            + "\n"
        )
    page = make_page(report)
    parts = [f"## {_plain(page.title)}", _block(page.verdict)]
    parts += [_section(section) for section in page.sections]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    return "\n\n".join([f"### {_plain(section.title)}", *map(_block, section.blocks)])


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Items):
        return "\n".join(
            f"{number}. {_plain(item)}" if block.numbered else f"- {_plain(item)}"
            for number, item in enumerate(block.items, 1)
        )
    if isinstance(block, Fields):
        return _banner(block) if block.banner else _table(("", ""), block.rows)
    if isinstance(block, Rows):
        return _rows(block)
    return _table(block.columns, block.rows)


def _plain(text: str) -> str:
    """`text` as running text in which nothing is markup, a link or a mention."""
    escaped = _SPECIAL.sub(r"\\\g<0>", printable(text)).replace("@", "@\u2060")
    return _AT_START.sub(_escape_start, escaped.lstrip())


def _escape_start(match: re.Match[str]) -> str:
    return match[0] + "\\" if match[0].isdecimal() else "\\" + match[0]


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = ["| " + " | ".join(map(_plain, columns)) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in rows]
    return "\n".join(lines)


def _banner(block: Fields) -> str:
    return _code([f"{name:>12}: {value}" for name, value in block.rows])


def _rows(block: Rows) -> str:
    label = max((len(row.label) for row in block.rows), default=0)
    return _code(
        [
            f"{'>' if row.mark in (GUILTY, HEADLINE) else ' '} {row.label:<{label}}  {row.text}  {row.note}".rstrip()
            for row in block.rows
        ]
    )


def _code(lines: list[str]) -> str:
    """A block of code whose fence is longer than any run of backticks in it."""
    safe = [printable(line) for line in lines]
    longest = max((len(run) for line in safe for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence + "text", *safe, fence])
