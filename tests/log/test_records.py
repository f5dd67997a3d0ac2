"""The records of 3.5 to 5.9, in built dumps: CentOS 7's 3.10 and a 5.4."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import DumpDamagedError, KdiveError, NoVerdictError
from kdive.facts.log import Log, LogRecord
from kdive.formats.record import ByteOrder
from tests.build_dump import PAGE_SIZE
from tests.log.build_log import ON_CPU, Records, dump_of
from tests.log.reading import log_of, log_or_error

NEWLINE, PREFIX, CONT = 2, 4, 8
CENTOS_7 = "3.10.0-1160.el7.x86_64"


def texts(log: Log) -> list[str]:
    return [record.text for record in log.records]


def filled(count: int, size: int = 1024) -> Records:
    records = Records(size=size)
    for number in range(count):
        records.add(b"record %d of the log" % number, ts_nsec=number * 1000)
    return records


def test_the_log_of_centos_7_is_read(tmp_path: Path) -> None:
    records = Records(name="log")
    records.add(b"Linux version 3.10.0-1160.el7.x86_64 (mockbuild@kbuilder)", level=5)
    records.add(b"pci 0000:00:1f.0: enabled", ts_nsec=123456789, dictionary=b"SUBSYSTEM=pci\0DEVICE=+pci:0000:00:1f.0")
    records.add(b"SysRq : Trigger a crash", ts_nsec=2 << 40, level=0)
    info = f"OSRELEASE={CENTOS_7}\nSYMBOL(log_end)=ffffffff81f00000\n{records.info()}"
    log = log_of(tmp_path, dump_of(records.memory(), info))
    assert log.source == "records"
    assert log.records == (
        LogRecord("Linux version 3.10.0-1160.el7.x86_64 (mockbuild@kbuilder)", 0, 5, 0),  # type: ignore[arg-type]
        LogRecord("pci 0000:00:1f.0: enabled", 123456789, 6, 0),  # type: ignore[arg-type]
        LogRecord("SysRq : Trigger a crash", 2 << 40, 0, 0),  # type: ignore[arg-type]
    )


def test_callers_are_read_where_the_kernel_keeps_them(tmp_path: Path) -> None:
    records = Records(with_caller=True)
    records.add(b"by a task\nin two lines", caller_id=104, facility=1)
    records.add(b"by a CPU", caller_id=ON_CPU | 7)
    log = log_of(tmp_path, records.dump())
    assert [(r.text, r.caller, r.facility) for r in log.records] == [
        ("by a task\nin two lines", "T104", 1),
        ("by a CPU", "C7", 0),
    ]


@pytest.mark.parametrize(("word_size", "order"), [(4, "<"), (4, ">"), (8, ">")])
def test_other_word_sizes_and_byte_orders_are_read(tmp_path: Path, word_size: int, order: ByteOrder) -> None:
    records = Records(word_size=word_size, order=order)
    records.add(b"text", level=3, facility=2, ts_nsec=5 << 32)
    (record,) = log_of(tmp_path, records.dump()).records
    assert (record.text, record.level, record.facility, record.timestamp) == ("text", 3, 2, 5 << 32)


def test_a_buffer_that_wrapped_is_read_across_its_end(tmp_path: Path) -> None:
    log = log_of(tmp_path, filled(100).dump())
    first = 100 - len(log.records)
    assert 15 < len(log.records) < 30
    assert texts(log) == [f"record {number} of the log" for number in range(first, 100)]
    assert (log.lost_records, log.notes) == (0, ())


def test_fragments_of_one_line_become_one_record(tmp_path: Path) -> None:
    records = Records()
    records.add(b"Freeing memory:", flags=CONT | PREFIX, ts_nsec=5)
    records.add(b" 10K", flags=CONT, ts_nsec=6)
    records.add(b" done", flags=CONT | NEWLINE, ts_nsec=7)
    records.add(b"another line", flags=NEWLINE | PREFIX, ts_nsec=8)
    records.add(b"interrupted", flags=CONT | PREFIX, ts_nsec=9)
    records.add(b"by this", flags=NEWLINE | PREFIX, ts_nsec=10)
    log = log_of(tmp_path, records.dump())
    assert [(record.text, record.timestamp) for record in log.records] == [
        ("Freeing memory: 10K done", 5),
        ("another line", 8),
        ("interrupted", 9),
        ("by this", 10),
    ]


@pytest.mark.parametrize("how", ["excluded", "lost"])
def test_a_page_that_cannot_be_read_costs_its_records_and_no_more(tmp_path: Path, how: str) -> None:
    records = filled(1000, size=8 * PAGE_SIZE)
    dump = records.dump(excluded=[3]) if how == "excluded" else records.dump(lost=[3])
    log = log_of(tmp_path, dump)
    found = [int(text.split()[1]) for text in texts(log)]
    lost = sorted(set(range(found[0], 1000)) - set(found))
    assert lost == list(range(lost[0], lost[-1] + 1))
    assert 4096 // 40 < len(lost) < 4096 // 36 + 3
    assert log.lost_records == 1
    assert log.notes[0].endswith("bytes of the log could not be read")


def test_a_damaged_record_is_stepped_over(tmp_path: Path) -> None:
    records = filled(20)
    records.buffer[5 * 36 + 8] ^= 0xFF  # record 5's length
    log = log_of(tmp_path, records.dump())
    assert texts(log) == [f"record {number} of the log" for number in range(20) if number != 5]
    assert (log.lost_records, log.notes) == (1, ("36 bytes of the log could not be read",))


def test_indexes_that_cannot_be_are_not_needed(tmp_path: Path) -> None:
    records = filled(20)
    records.next_idx = 1 << 30
    log = log_of(tmp_path, records.dump())
    assert texts(log) == [f"record {number} of the log" for number in range(20)]
    assert log.lost_records > 0


def test_an_empty_log_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="the log is empty"):
        log_of(tmp_path, Records().dump())


@pytest.mark.parametrize("size", [0, (1 << 32) - 1])
def test_a_buffer_of_absurd_size_is_an_error(tmp_path: Path, size: int) -> None:
    records = filled(3)
    records.size = size
    with pytest.raises(DumpDamagedError, match=f"buffer of {size} bytes"):
        log_of(tmp_path, records.dump())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(added=st.lists(st.binary(max_size=200), min_size=1, max_size=60), size=st.sampled_from([512, 1024, 4096]))
def test_what_the_kernel_kept_is_read_back(tmp_path: Path, added: list[bytes], size: int) -> None:
    records = Records(size=size)
    for text in added:
        records.add(text)
    log = log_of(tmp_path, records.dump())
    expected = [text.decode("utf-8", "backslashreplace") for text in added]
    assert len(log.records) == records.count
    assert texts(log) == expected[len(expected) - records.count :]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_damaged_records_give_a_log_or_an_error_in_bounded_time(tmp_path: Path, data: st.DataObject) -> None:
    records = filled(100)
    memory = bytearray(records.memory())
    for at in data.draw(st.lists(st.integers(0, len(memory) - 1) | st.integers(0, 20), min_size=1, max_size=40)):
        memory[at] = data.draw(st.integers(0, 255))
    info = records.info().split("\n")
    if data.draw(st.booleans()):
        line = data.draw(st.integers(0, len(info) - 2))
        info[line] = f"{info[line].split('=')[0]}={data.draw(st.integers(-8, 1 << 66))}"
    result = log_or_error(tmp_path, dump_of(bytes(memory), "\n".join(info) + "\n"))
    assert isinstance(result, KdiveError) or result.records


def test_a_buffer_of_noise_is_searched_in_bounded_time(tmp_path: Path) -> None:
    records = Records(size=1 << 22)
    records.buffer[:] = bytes((at * 7919 >> 3) & 0xFF for at in range(1 << 12)) * (1 << 10)
    records.next_idx = 1 << 22
    assert isinstance(log_or_error(tmp_path, records.dump(), limit_s=3), DumpDamagedError)
