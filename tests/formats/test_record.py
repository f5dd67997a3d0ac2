"""Declared structures: what they read, and what they refuse."""

from __future__ import annotations

import pytest

from kdive.errors import DumpDamagedError
from kdive.formats.record import S64, U16, U32, Record


class Sample(Record, source="this test"):
    small: U16
    wide: U32
    signed: S64


def test_fields_are_read_in_order_without_padding_in_both_byte_orders() -> None:
    assert Sample.size() == 14
    little = bytes.fromhex("0100 02000000 ffffffffffffffff")
    assert Sample.read(b"??" + little, 2, "<") == Sample(small=1, wide=2, signed=-1)
    assert Sample.read(little, 0, ">") == Sample(small=0x100, wide=0x2000000, signed=-1)


def test_pack_gives_the_bytes_that_were_read() -> None:
    data = bytes(range(14))
    assert Sample.read(data, 0, ">").pack(">") == data


@pytest.mark.parametrize("offset", [-1, 1, 14, 2**63])
def test_a_record_past_the_end_is_damage_not_an_index_error(offset: int) -> None:
    with pytest.raises(DumpDamagedError, match="Sample at offset"):
        Sample.read(bytes(14), offset, "<")


def test_records_compare_by_value_and_cannot_be_changed() -> None:
    record = Sample(1, 2, -3)
    assert record == Sample(small=1, wide=2, signed=-3) != Sample(1, 2, 3)
    assert repr(record) == "Sample(small=1, wide=2, signed=-3)"
    with pytest.raises(AttributeError, match="frozen"):
        record.small = 7  # type: ignore[misc]


def test_rows_are_the_whole_records_of_a_table() -> None:
    table = Sample(1, 2, 3).pack("<") + Sample(4, 5, 6).pack("<") + b"cut"
    assert Sample.rows(table, "<") == [(1, 2, 3), (4, 5, 6)]


def test_a_record_is_not_made_from_too_few_values() -> None:
    with pytest.raises(TypeError, match="takes the fields small, wide, signed"):
        Sample(1, 2)  # type: ignore[call-arg]
