"""The plain buffer of kernels before 3.5, in built dumps."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import KdiveError, NoVerdictError
from kdive.facts.log import LogRecord
from tests.build_dump import PAGE_SIZE
from tests.log.build_log import dump_of, plain_buffer, virtual
from tests.log.reading import log_of, log_or_error

PRINTED = (
    b"<5>[    0.000000] Linux version 2.6.32-754.el6.x86_64\n"
    b"<6>[    1.234567] a line\n"
    b"<4>no time here\n"
    b"no level either\n"
    b"<30>[12345.000001] from a daemon\n"
    b"<0>[12346.000000] Kernel panic - not syncing: Fatal exception"
)


def test_level_facility_and_time_come_from_the_line(tmp_path: Path) -> None:
    log = log_of(tmp_path, plain_buffer(PRINTED, PAGE_SIZE))
    assert (log.source, log.lost_records, log.notes) == ("buffer", 0, ())
    assert log.records == (
        LogRecord("Linux version 2.6.32-754.el6.x86_64", 0, 5, 0),  # type: ignore[arg-type]
        LogRecord("a line", 1234567000, 6, 0),  # type: ignore[arg-type]
        LogRecord("no time here", None, 4, 0),
        LogRecord("no level either", None, None, None),
        LogRecord("from a daemon", 12345000001000, 6, 3),  # type: ignore[arg-type]
        LogRecord("Kernel panic - not syncing: Fatal exception", 12346000000000, 0, 0),  # type: ignore[arg-type]
    )


def test_a_buffer_that_wrapped_starts_with_its_first_whole_line(tmp_path: Path) -> None:
    printed = b"".join(b"<6>[%5d.000000] line %d\n" % (number, number) for number in range(1000))
    log = log_of(tmp_path, plain_buffer(printed, PAGE_SIZE))
    first = 1000 - len(log.records)
    assert len(log.records) == PAGE_SIZE // len("<6>[  999.000000] line 999\n")
    assert [record.text for record in log.records] == [f"line {number}" for number in range(first, 1000)]
    assert log.lost_records == 1


def test_a_page_that_cannot_be_read_costs_its_lines(tmp_path: Path) -> None:
    printed = b"".join(b"<6>[%5d.000000] line %d\n" % (number, number) for number in range(500))
    log = log_of(tmp_path, plain_buffer(printed, 4 * PAGE_SIZE, excluded=[2]))
    assert log.notes == ("4096 bytes of the log could not be read",)
    assert log.lost_records == 1
    assert log.records[-1].text == "line 499"
    assert 300 < len(log.records) < 400


def test_pages_that_were_never_written_are_not_missed(tmp_path: Path) -> None:
    log = log_of(tmp_path, plain_buffer(PRINTED, 4 * PAGE_SIZE, excluded=[2, 3, 4]))
    assert (len(log.records), log.lost_records, log.notes) == (6, 0, ())


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="the log is empty"):
        log_of(tmp_path, plain_buffer(b"", PAGE_SIZE))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(variables=st.binary(min_size=20, max_size=20), content=st.binary(max_size=300))
def test_any_bytes_give_a_log_or_an_error(tmp_path: Path, variables: bytes, content: bytes) -> None:
    names = ("log_buf", "log_buf_len", "log_end", "logged_chars")
    info = "".join(f"SYMBOL({name})={virtual(at):x}\n" for name, at in zip(names, (0, 8, 12, 16), strict=True))
    pointer = virtual(PAGE_SIZE).to_bytes(8, "little") if variables[0] & 1 else variables[:8]
    memory = (pointer + variables[8:]).ljust(PAGE_SIZE, b"\0") + content
    result = log_or_error(tmp_path, dump_of(memory, info))
    assert isinstance(result, KdiveError) or result.records
