"""Values in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.report import words
from kdive.report.escape import printable
from kdive.units import Address


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536 << 20, "1.5 GB"),
        (384 << 20, "384 MB"),
        (402259968, "384 MB"),
        ((1 << 20) - 1, "1 MB"),
        (1 << 64, "16 EB"),
    ],
)
def test_sizes_are_said_as_crash_says_them(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(9, "00:00:09"), (86400, "1 day, 00:00:00"), (2 * 86400 + 3661, "2 days, 01:01:01")]
)
def test_durations_are_said_as_crash_says_them(seconds: int, text: str) -> None:
    assert words.duration(seconds * 10**9) == text


@pytest.mark.parametrize(("values", "text"), [([], ""), ([3], "3"), ([0, 1], "0-1"), ([8, 0, 1, 2, 3], "0-3,8")])
def test_numbers_in_a_row_are_drawn_together(values: list[int], text: str) -> None:
    assert words.numbers(values) == text


@given(st.integers())
def test_any_number_of_seconds_is_a_date_or_said_as_it_is(seconds: int) -> None:
    assert words.date(seconds)


def test_a_missing_value_says_why() -> None:
    assert words.or_unknown(Missing("page excluded"), words.size) == "(unknown: page excluded)"


def test_a_frame_reads_as_in_the_traces_of_the_kernel() -> None:
    assert words.frame(Frame("f", "m", Address(1), 0x16, 0x20)) == "f+0x16/0x20 [m]"
    assert words.frame(Frame("", pc=Address(0xFFFFFFFFC0091000))) == "0xffffffffc0091000"
    assert words.frame(Frame("f", reliable=False, source="fs/open.c:12")) == "? f  fs/open.c:12"


@given(st.text())
def test_printable_text_is_one_line_without_controls(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)


def test_plain_text_stays_as_it_is() -> None:
    assert printable("CPU: 0 PID: 104 Comm: ünïcödé 日本") == "CPU: 0 PID: 104 Comm: ünïcödé 日本"
