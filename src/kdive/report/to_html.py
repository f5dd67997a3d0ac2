"""The report as one HTML page that needs nothing else: no script, no font, no other file."""

from __future__ import annotations

from typing import Any

from kdive import __version__
from kdive.facts.verdict import Report
from kdive.report.escape import printable
from kdive.report.page import make_page


def render(report: Report) -> str:
    """The page; the template escapes every value, and `printable` has made it one safe line before."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kdive.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    environment.tests["block"] = lambda block, kind: type(block).__name__ == kind
    template = environment.get_template("report.html.j2")
    return template.render(page=make_page(report), schema=report.schema, version=__version__)


def _safe(value: Any) -> Any:
    # Markup is what the template itself made; only plain strings are values.
    return printable(value) if type(value) is str else value
