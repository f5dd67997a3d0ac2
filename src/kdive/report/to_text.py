"""The report as text: for a terminal, a file, or a mail."""

from __future__ import annotations

from kdive.facts.verdict import Report
from kdive.report.brief import brief as brief_lines
from kdive.report.brief import title
from kdive.report.lines import RED, Lines


def render(report: Report, width: int, colour: bool, brief: bool) -> str:
    """The report in lines of about `width` columns, or (`brief`) its answer in a few of them."""
    if not brief:
        from kdive.report.page import make_page
        from kdive.report.text_page import render_page

        return render_page(make_page(report), width, colour)
    lines = Lines(width, colour)
    lines.line(title(report), RED)
    for line in brief_lines(report):
        lines.wrapped(line, "  ", "    ")
    return lines.text()
