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
