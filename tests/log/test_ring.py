"""The ring of 5.10 and later, in built dumps; what is in them is known because it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import DumpDamagedError, KdiveError, NoVerdictError
from kdive.facts.log import Log, LogRecord
from kdive.formats.record import ByteOrder
from tests.log.build_log import ON_CPU, Ring, dump_of
from tests.log.reading import log_of, log_or_error

TEXTS = st.lists(st.binary(max_size=200).filter(lambda text: b"\0" not in text), min_size=1, max_size=200)


def texts(log: Log) -> list[str]:
    return [record.text for record in log.records]


def filled(count: int, *, count_bits: int = 6, size_bits: int = 11) -> Ring:
    ring = Ring(count_bits=count_bits, size_bits=size_bits)
    for number in range(count):
        ring.add(b"record %d of the log" % number, ts_nsec=number * 1000)
    return ring


def test_all_parts_of_a_record_are_read(tmp_path: Path) -> None:
    ring = Ring()
    ring.add(b"first\nsecond line\n third", ts_nsec=1234567890, level=3, facility=0, caller_id=104)
    ring.add(b"from user space", ts_nsec=2 << 40, level=5, facility=1, caller_id=ON_CPU | 3)
    assert log_of(tmp_path, ring.dump()).records == (
        LogRecord("first\nsecond line\n third", 1234567890, 3, 0, "T104", 0),  # type: ignore[arg-type]
        LogRecord("from user space", 2 << 40, 5, 1, "C3", 1),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("word_size", "order"), [(4, "<"), (4, ">"), (8, ">")])
def test_other_word_sizes_and_byte_orders_are_read(tmp_path: Path, word_size: int, order: ByteOrder) -> None:
    ring = Ring(word_size=word_size, order=order)
    for number in range(100):
        ring.add(b"%d" % number * 10, level=number % 8, ts_nsec=number << 33)
    log = log_of(tmp_path, ring.dump())
    assert texts(log)[-1] == "99" * 10
    assert len(log.records) + log.lost_records == 100
    assert [(record.level, record.timestamp) for record in log.records[-2:]] == [(2, 98 << 33), (3, 99 << 33)]


def test_a_ring_that_wrapped_gives_the_newest_records_and_counts_the_others(tmp_path: Path) -> None:
    log = log_of(tmp_path, filled(1000, count_bits=10, size_bits=11).dump())
    first = 1000 - len(log.records)
    assert 30 < len(log.records) < 70
    assert texts(log) == [f"record {number} of the log" for number in range(first, 1000)]
    assert (log.lost_records, log.notes) == (first, ())


def test_records_without_text_are_empty_lines_and_those_that_found_no_room_are_lost(tmp_path: Path) -> None:
    ring = Ring()
    ring.add(b"before")
    ring.add(b"")
    ring.add(b"does not fit", room=False)
    ring.add(b"after")
    log = log_of(tmp_path, ring.dump())
    assert texts(log) == ["before", "", "after"]
    assert (log.lost_records, log.notes) == (1, ("1 of 4 log records could not be read",))


def test_a_record_that_is_being_written_is_left_out_and_an_open_one_is_not(tmp_path: Path) -> None:
    ring = Ring()
    ring.add(b"final")
    ring.add(b"committed, may be continued", state=1)
    ring.add(b"half wri", state=0)
    log = log_of(tmp_path, ring.dump())
    assert texts(log) == ["final", "committed, may be continued"]
    assert log.lost_records == 0


def test_text_that_belongs_to_another_record_is_not_taken(tmp_path: Path) -> None:
    ring = filled(3)
    ring.text[0] ^= 1  # the id before the first text
    log = log_of(tmp_path, ring.dump())
    assert texts(log) == ["record 1 of the log", "record 2 of the log"]
    assert log.lost_records == 1


def test_bytes_that_are_no_text_are_shown_as_escapes(tmp_path: Path) -> None:
    ring = Ring()
    ring.add(b"caf\xc3\xa9 \xff\xfe")
    assert texts(log_of(tmp_path, ring.dump())) == ["café \\xff\\xfe"]


@pytest.mark.parametrize("how", ["excluded", "lost"])
@pytest.mark.parametrize("array", [0, 2])
def test_a_page_that_cannot_be_read_costs_its_records_and_no_more(tmp_path: Path, array: int, how: str) -> None:
    ring = filled(400, count_bits=9, size_bits=15)
    page = ring.places()[array] // 4096 + 1
    log = log_of(tmp_path, ring.dump(excluded=[page]) if how == "excluded" else ring.dump(lost=[page]))
    lost = 400 - len(log.records)
    assert 0 < lost < 250
    assert log.lost_records == lost
    assert log.notes == (f"{lost} of 400 log records could not be read",)
    assert all(record.text == f"record {record.sequence} of the log" for record in log.records)


def test_texts_are_kept_where_only_time_and_level_cannot_be_read(tmp_path: Path) -> None:
    ring = filled(400, count_bits=9, size_bits=15)
    log = log_of(tmp_path, ring.dump(excluded=[ring.places()[1] // 4096]))
    assert texts(log) == [f"record {number} of the log" for number in range(400)]
    untimed = sum(record.timestamp is None for record in log.records)
    assert 40 < untimed < 50
    assert (log.lost_records, log.notes) == (0, (f"time and level of {untimed} log records could not be read",))


def test_a_ring_of_which_nothing_can_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    ring = filled(20)
    with pytest.raises(DumpDamagedError, match="no record of the log can be read: 20 of 20"):
        log_of(tmp_path, ring.dump(excluded=[ring.places()[2] // 4096]))
    with pytest.raises(KdiveError, match="was excluded"):
        log_of(tmp_path, ring.dump(excluded=[0]))


def test_an_empty_ring_says_that_it_is_empty(tmp_path: Path) -> None:
    with pytest.raises(NoVerdictError, match="the log is empty"):
        log_of(tmp_path, Ring().dump())


@pytest.mark.parametrize(("head_id", "tail_id"), [(0, 0), (5, (1 << 62) - 1), (1 << 61, 3)])
def test_with_a_damaged_head_the_records_are_found_by_themselves(tmp_path: Path, head_id: int, tail_id: int) -> None:
    ring = filled(500, count_bits=6, size_bits=11)
    ring.head_id, ring.tail_id = head_id, tail_id
    log = log_of(tmp_path, ring.dump())
    assert len(log.records) > 30
    assert texts(log) == [f"record {number} of the log" for number in range(500 - len(log.records), 500)]


def test_texts_that_overlap_are_not_read_without_end(tmp_path: Path) -> None:
    ring = filled(5000, count_bits=12, size_bits=16)
    for index, (state_var, _, _) in enumerate(ring.descs):
        ring.descs[index] = (2 << 62 | state_var & ring.id_mask, index * 8, index * 8 + (1 << 15))
        ring.text[index * 8 : index * 8 + 8] = (state_var & ring.id_mask).to_bytes(8, "little")
        ring.infos[index] = ring.infos[index][:16] + b"\xff\xff" + ring.infos[index][18:]
    ring.tail_id = (ring.head_id - ring.count + 1) & ring.id_mask
    log = log_or_error(tmp_path, ring.dump())
    assert isinstance(log, Log)
    assert log.lost_records > 4000


@pytest.mark.parametrize("bits", [0, 21, 31, 2**32 - 1])
def test_a_ring_of_absurd_size_is_an_error(tmp_path: Path, bits: int) -> None:
    ring = filled(3)
    ring.count_bits = bits
    with pytest.raises(DumpDamagedError, match=r"the log claims 2\^"):
        log_of(tmp_path, dump_of(ring.memory(), ring.info()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(added=TEXTS, count_bits=st.integers(2, 7), size_bits=st.integers(10, 13), word_size=st.sampled_from([4, 8]))
def test_what_the_kernel_kept_is_read_back(
    tmp_path: Path, added: list[bytes], count_bits: int, size_bits: int, word_size: int
) -> None:
    ring = Ring(count_bits=count_bits, size_bits=size_bits, word_size=word_size)
    for text in added:
        ring.add(text)
    kept = sum(state_var >> ring.state_shift == 2 for state_var, _, _ in ring.descs)
    log = log_of(tmp_path, ring.dump())
    expected = [text.decode("utf-8", "backslashreplace") for text in added]
    assert texts(log) == expected[len(expected) - len(log.records) :]
    assert len(log.records) + log.lost_records == len(added)
    assert len(log.records) == kept


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_damaged_rings_give_a_log_or_an_error_in_bounded_time(tmp_path: Path, data: st.DataObject) -> None:
    ring = filled(100, count_bits=6, size_bits=12)
    memory = bytearray(ring.memory())
    for at in data.draw(st.lists(st.integers(0, len(memory) - 1) | st.integers(64, 144), min_size=1, max_size=40)):
        memory[at] = data.draw(st.integers(0, 255))
    info = ring.info().split("\n")
    if data.draw(st.booleans()):
        line = data.draw(st.integers(0, len(info) - 2))
        info[line] = f"{info[line].split('=')[0]}={data.draw(st.integers(-8, 1 << 66))}"
    result = log_or_error(tmp_path, dump_of(bytes(memory), "\n".join(info) + "\n"))
    assert isinstance(result, KdiveError) or result.records
