"""Whatever stored facts hold, every renderer makes a report of it."""

from __future__ import annotations

import json
import re

from hypothesis import HealthCheck, given, settings

from kdive.facts.verdict import Report
from kdive.report import to_html, to_json, to_markdown, to_text
from tests.facts.strategies import values_of

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")

few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(values_of(Report))
def test_text_is_made_of_any_report(report: Report) -> None:
    for brief in (False, True):
        shown = to_text.render(report, 80, False, brief)
        assert shown.strip()
        assert not _CONTROLS.search(shown)


@few
@given(values_of(Report))
def test_markdown_is_made_of_any_report(report: Report) -> None:
    assert not _CONTROLS.search(to_markdown.render(report))


@few
@given(values_of(Report))
def test_html_is_made_of_any_report(report: Report) -> None:
    assert to_html.render(report).rstrip().endswith("</html>")


@few
@given(values_of(Report))
def test_json_is_made_of_any_report(report: Report) -> None:
    assert json.loads(to_json.render(report))["schema"] == report.schema
