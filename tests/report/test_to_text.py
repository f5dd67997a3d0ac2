"""The text report: most important first, crash's banner, safe on any terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kdive.facts.crash import PanicChain
from kdive.facts.log import Log, LogEvent, LogRecord
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.facts.verdict import Finding
from kdive.report.to_text import render
from tests.report.build_report import LOG_LINES, VERDICT, bare_report, hostile_report, report_with, sample_report


def text(width: int = 100, colour: bool = False, brief: bool = False) -> str:
    return render(sample_report(), width, colour, brief)


def test_the_verdict_comes_first() -> None:
    lines = text().splitlines()
    assert lines[0] == "kernel BUG in zoo_bug_leaf [crashzoo]"
    assert "  Guilty      zoo_bug_leaf [crashzoo], a module that is out of tree, unsigned" in lines[:6]


def test_sections_go_from_the_answer_to_the_details() -> None:
    headings = [line for line in text().splitlines()[2:] if line and line[0] not in " >"]
    assert [heading.split(" ")[0] for heading in headings] == (
        [
            "What",
            "Next",
            "Evidence",
            "Stack",
            "The",
            "The",
            "CPUs",
            "Blocked",
            "Modules",
            "Memory",
            "The",
            "What",
            "How",
        ]
    )


def test_the_guilty_frame_and_the_skipped_one_are_marked() -> None:
    assert re.search(r"^> #1  zoo_bug_leaf\+0x16/0x20 \[crashzoo\]\s+<- guilty", text(), re.MULTILINE)
    assert re.search(r"^  #0  exc_invalid_op\+0x4e/0x70\s+skipped: T0\.exception", text(), re.MULTILINE)


def test_registers_and_what_nobody_reads_are_left_out_of_the_log() -> None:
    report = sample_report()
    noise = ("RAX: 0000000000000000 RBX: 00000000000000a0", "Code: e8 df ff", "Call Trace:", " zoo_bug+0xc/0x20")
    log = Log(tuple(LogRecord(line) for line in (*LOG_LINES[:6], *noise)), "ring")
    event = LogEvent("bug-at", 2, 10, LOG_LINES[2])
    chain = PanicChain((event,), first_fault=event)
    report = replace(report, facts=replace(report.facts, log=log, panic_chain=chain))
    shown = render(report, 80, False, False).split("The log: 4 lines of 10\n")[1].split("\n\n")[0].splitlines()
    assert [line[2:3] for line in shown] == ["2", "3", "4", "5"]


def test_a_log_without_reports_shows_its_end() -> None:
    report = report_with(None)
    log = Log(tuple(LogRecord(f"line {number}") for number in range(100)), "console")
    report = replace(report, facts=replace(report.facts, log=log, panic_chain=PanicChain(())))
    assert "  88  line 88\n" in render(report, 80, False, False)
    assert "line 87\n" not in render(report, 80, False, False)


def test_a_stack_that_overflowed_shows_its_ends() -> None:
    frames = tuple(Frame(f"f{number}") for number in range(500))
    shown = render(replace(sample_report(), stack=frames), 80, False, False)
    assert "#39   f39\n" in shown
    assert "... 448 more frames ..." in shown
    assert "#488  f488\n" in shown
    assert "f40\n" not in shown


def test_the_headline_of_the_log_is_marked() -> None:
    assert "> 2  [    9.000000] kernel BUG at crashzoo.c:59!" in text()


def test_the_banner_has_the_names_order_and_layout_of_crash() -> None:
    banner = text().split("The machine\n")[1].split("\n\n")[0].splitlines()
    assert banner == [
        "        KERNEL: (unknown: no debuginfo)",
        "      DUMPFILE: sample.vmcore  [PARTIAL DUMP]",
        "          CPUS: 2 [OFFLINE: 1]",
        "          DATE: Sun Nov 23 10:00:00 UTC 2025",
        "        UPTIME: 2 days, 00:00:09",
        "  LOAD AVERAGE: 0.08, 0.02, 0.01",
        "         TASKS: 63",
        "      NODENAME: zoo",
        "       RELEASE: 5.10.0-32-cloud-amd64",
        "       VERSION: #1 SMP Debian 5.10.223-1 (2024-08-10)",
        "       MACHINE: x86_64  (2445 Mhz)",
        "        MEMORY: 384 MB",
        '         PANIC: "kernel BUG at crashzoo.c:59!"',
        "           PID: 104",
        '       COMMAND: "insmod"',
        "          TASK: ffff9843c2f90000  [THREAD_INFO: ffff9843c2f90000]",
        "           CPU: 0",
        "         STATE: TASK_RUNNING (PANIC)",
    ]


def test_an_incomplete_dump_is_named_in_the_banner() -> None:
    report = sample_report()
    banner = replace(report.facts.banner, incomplete=True)
    report = replace(report, facts=replace(report.facts, banner=banner))
    assert "DUMPFILE: sample.vmcore  [PARTIAL DUMP]  [INCOMPLETE]" in render(report, 80, False, False)


def test_blocked_tasks_with_the_same_stack_share_a_line() -> None:
    assert re.search(r"2 +rm200 \(200\), rm201 \(201\) +00:02:05 +__schedule < rwsem_down_write_slowpath", text())


def test_a_cpu_that_did_not_answer_is_named() -> None:
    assert "No answer from CPU 1 when it was asked to stop" in text()


def test_what_could_not_be_read_is_gathered_by_its_reason() -> None:
    report = replace(sample_report(), missing=("banner.pid: page excluded", "banner.cpu: page excluded"))
    assert "  - pid, cpu: page excluded" in render(report, 80, False, False)


def test_running_text_keeps_to_the_width_and_lines_of_the_dump_stay_whole() -> None:
    long = replace(VERDICT, explanation="many words " * 40)
    lines = render(report_with(long), 60, False, False).splitlines()
    assert all(len(line) <= 60 for line in lines if "many words" in line)
    assert any("Tainted: G           OE     5.10.0-32-cloud-amd64 #1" in line for line in lines)


def test_brief_is_the_answer_in_a_few_lines() -> None:
    assert text(brief=True).splitlines() == [
        "kernel BUG in zoo_bug_leaf [crashzoo]",
        "  kernel-bug in zoo_bug_leaf [crashzoo]; certain (2 pieces of evidence)",
        "  task: insmod, PID 104, on CPU 0",
        "  when: Sun Nov 23 10:00:00 UTC 2025, 2 days, 00:00:09 after boot",
        "  kernel: 5.10.0-32-cloud-amd64 on zoo (x86_64)",
        "  next: Give this report to the people who make the module crashzoo.",
    ]


def test_without_colour_there_is_no_escape_and_with_it_nothing_but_colour_is_added() -> None:
    assert "\x1b" not in text()
    coloured = re.sub("\x1b\\[[0-9;]*m", "", text(colour=True))
    assert coloured.splitlines()[0] == text().splitlines()[0]
    assert coloured.splitlines()[1:] == text().splitlines()[2:]  # no underline below the title


@pytest.mark.parametrize("brief", [False, True])
def test_text_of_the_dump_cannot_drive_the_terminal(brief: bool) -> None:
    shown = render(hostile_report(), 80, False, brief)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "\\x1b]0;owned\\x07" in shown


@pytest.mark.parametrize("brief", [False, True])
def test_a_dump_that_says_nothing_still_gives_a_report(brief: bool) -> None:
    assert render(bare_report(), 80, False, brief).startswith("No verdict: neither the log nor the stack")


def test_a_log_without_a_crash_names_no_culprit() -> None:
    quiet = Finding("none", "No crash in this log", "certain", ())
    shown = render(report_with(quiet), 80, False, False)
    assert "Guilty" not in shown
    assert re.search(r"^  Class +none$", shown, re.MULTILINE)


def test_the_wrapper_that_ended_the_machine_is_kept_apart_from_the_cause() -> None:
    panic = "Kernel panic - not syncing: Fatal exception"
    shown = render(report_with(replace(VERDICT, panic_reason=panic)), 80, False, False)
    assert f"  Ended by    {panic}" in shown


def test_missing_values_say_why() -> None:
    report = sample_report()
    banner = replace(report.facts.banner, date=Missing("page excluded"), machine=Missing("no utsname"))
    shown = render(replace(report, facts=replace(report.facts, banner=banner)), 80, False, False)
    assert "DATE: (unknown: page excluded)" in shown
    assert "MACHINE: (unknown: no utsname)" in shown
