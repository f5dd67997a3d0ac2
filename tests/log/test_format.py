"""The log as dmesg prints it."""

from __future__ import annotations

from kdive.facts.log import Log, LogRecord
from kdive.log.format import human, raw
from kdive.units import Nanoseconds

LOG = Log(
    (
        LogRecord("Linux version 6.1", Nanoseconds(0), 5, 0, "T0"),
        LogRecord("two\nlines", Nanoseconds(12_345_678_901_234), 6, 0, "C12"),
        LogRecord("from a daemon", Nanoseconds(9_694_292_999), 3, 3),
        LogRecord("", Nanoseconds(100_000_000_000_000), 4, 0),
        LogRecord("no time", None, 2, 0),
        LogRecord("nothing known"),
    ),
    "ring",
)


def test_human_lines_are_those_of_dmesg() -> None:
    assert list(human(LOG)) == [
        "[    0.000000] Linux version 6.1",
        "[12345.678901] two",
        "[12345.678901] lines",
        "[    9.694292] from a daemon",
        "[100000.000000] ",
        "no time",
        "nothing known",
    ]


def test_raw_lines_carry_facility_and_level() -> None:
    assert list(raw(LOG)) == [
        "<5>[    0.000000] Linux version 6.1",
        "<6>[12345.678901] two",
        "<6>[12345.678901] lines",
        "<27>[    9.694292] from a daemon",
        "<4>[100000.000000] ",
        "<2>no time",
        "nothing known",
    ]


def test_the_caller_stands_where_the_kernel_prints_it() -> None:
    assert list(human(LOG, caller=True))[:4] == [
        "[    0.000000][    T0] Linux version 6.1",
        "[12345.678901][   C12] two",
        "[12345.678901][   C12] lines",
        "[    9.694292] from a daemon",
    ]
