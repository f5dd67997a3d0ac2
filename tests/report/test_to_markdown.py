"""The Markdown report: fit for a ticket, and nothing in the dump is markup."""

from __future__ import annotations

import re
from dataclasses import replace

from kdive.facts.crash import PanicChain
from kdive.facts.log import Log, LogRecord
from kdive.report.to_markdown import render
from tests.report.build_report import bare_report, hostile_report, report_with, sample_report


def test_the_verdict_is_the_heading_and_its_fields_a_table() -> None:
    lines = render(sample_report()).splitlines()
    assert lines[0] == "## kernel BUG in zoo_bug_leaf [crashzoo]"
    assert "| Class | kernel-bug |" in lines


def test_brief_is_a_title_and_a_list() -> None:
    lines = render(sample_report(), brief=True).splitlines()
    assert lines[0] == "**kernel BUG in zoo_bug_leaf [crashzoo]**"
    assert lines[2] == "- kernel-bug in zoo_bug_leaf [crashzoo]; certain (2 pieces of evidence)"


def test_stack_log_and_banner_stand_in_code() -> None:
    code = "\n".join(re.findall(r"```text\n(.*?)```", render(sample_report()), re.DOTALL))
    assert "> #1  zoo_bug_leaf+0x16/0x20 [crashzoo]  <- guilty" in code
    assert "> 2  [    9.000000] kernel BUG at crashzoo.c:59!" in code
    assert "    DUMPFILE: sample.vmcore  [PARTIAL DUMP]" in code


def test_names_with_underscores_stay_readable() -> None:
    assert "zoo\\_" not in render(sample_report())


def test_text_of_the_dump_is_no_markup() -> None:
    outside = re.sub(r"```+text\n.*?```+\n", "", render(hostile_report()), flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<script", outside)
    assert not re.search(r"(?<!\\)`", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "@all" not in outside
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", outside)


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n?)+", render(hostile_report()), re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(cells) == 1, table


def test_a_fence_is_longer_than_the_backticks_inside() -> None:
    report = report_with(None)
    log = Log((LogRecord("kernel BUG"), LogRecord("`````\n</details>")), "ring")
    chain = PanicChain(())
    report = replace(report, facts=replace(report.facts, log=log, panic_chain=chain))
    assert "\n``````text\n  0  kernel BUG\n  1  `````\n  2  </details>\n``````\n" in render(report)


def test_a_dump_that_says_nothing_still_gives_a_report() -> None:
    assert render(bare_report()).startswith("## No verdict")
