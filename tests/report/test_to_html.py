"""The HTML page: one file, nothing from elsewhere, and nothing in the dump is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from kdive.facts.verdict import Report
from kdive.report.to_html import render
from tests.report.build_report import bare_report, hostile_report, sample_report

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and checks that every tag is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def close(self) -> None:
        super().close()
        assert not self._open


def read(report: Report) -> Reader:
    reader = Reader()
    reader.feed(render(report))
    reader.close()
    return reader


@pytest.mark.parametrize("report", [sample_report(), hostile_report(), bare_report()])
def test_the_page_is_well_formed_and_needs_nothing_else(report: Report) -> None:
    reader = read(report)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(reader.tags)
    assert not {"src", "href", "srcset", "style", "onclick", "onload"} & {name for name, _ in reader.attributes}
    assert "url(" not in render(report)
    assert "@import" not in render(report)


def test_the_verdict_comes_first_and_everything_is_there() -> None:
    reader = read(sample_report())
    text = reader.text.split("</style>")[-1]
    assert text.index("zoo_bug_leaf") < text.index("What happened") < text.index("Evidence")
    for part in ("LOAD AVERAGE", "E2", "<- guilty", "skipped: T0.exception", "kernel BUG at crashzoo.c:59!", "rm200"):
        assert part in text


def test_text_of_the_dump_is_shown_and_is_no_markup() -> None:
    page = render(hostile_report())
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)


def test_the_page_is_made_for_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in render(sample_report())
