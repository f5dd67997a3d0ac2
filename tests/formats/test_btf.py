from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import DumpDamagedError, KdiveError
from kdive.formats.btf import Btf, Header, Kind, Member
from tests.formats.build_btf import BtfBuilder


def _some_types() -> BtfBuilder:
    builder = BtfBuilder()
    builder.integer("int", 4, signed=True)
    builder.enum("", [("PIDTYPE_PID", 0), ("PIDTYPE_TGID", 1)])
    builder.enum("error", [("E_NONE", 0), ("E_LOST", -5)], signed=True)
    builder.enum64("wide", [("WIDE_TOP", 1 << 40), ("WIDE_LOW", -1)], signed=True)
    builder.struct("pair", 8, [("first", 1, 0), ("bits", 1, 3 << 24 | 32)], flag=True)
    builder.typedef("pair", 5)
    builder.add(Kind.DATASEC, ".data..percpu", 0, [6, 0, 8], 1)
    builder.var("this_pair", 6)
    return builder


def test_types_are_found_by_name_and_kind() -> None:
    btf = Btf(_some_types().data(), "<")
    assert btf.find("pair", (Kind.STRUCT,)) == 5
    assert btf.find("pair", (Kind.TYPEDEF,)) == 6
    assert btf.find("pair", (Kind.UNION,)) is None
    assert btf.find("pai", (Kind.STRUCT,)) is None
    assert btf.find("this_pair", (Kind.VAR,)) == 8


def test_members_of_a_struct_with_bit_fields() -> None:
    btf = Btf(_some_types().data(), "<")
    assert list(btf.members(5)) == [Member("first", 1, 0, 0), Member("bits", 1, 32, 3)]


def test_constants_of_all_enums_are_found_signed_ones_too() -> None:
    btf = Btf(_some_types().data(), "<")
    assert btf.constant("PIDTYPE_TGID") == (2, 1)
    assert btf.constant("E_LOST") == (3, -5)
    assert btf.constant("WIDE_TOP") == (4, 1 << 40)
    assert btf.constant("WIDE_LOW") == (4, -1)
    assert btf.constant("pair") is None


def test_signs_of_enums_are_told_by_their_values_where_nothing_else_does() -> None:
    builder = BtfBuilder()
    builder.enum("error", [("E_LOST", -5)])
    builder.enum("flags", [("TOP_BIT", 0x80000000), ("TYPE_SOFT_RESERVED", 0xEFFFFFFF)])
    btf = Btf(builder.data(), "<")
    assert btf.enumerators(1) == [("E_LOST", -5)]
    assert btf.enumerators(2) == [("TOP_BIT", 0x80000000), ("TYPE_SOFT_RESERVED", 0xEFFFFFFF)]


def test_split_btf_refers_to_types_and_strings_of_its_base() -> None:
    base_builder = _some_types()
    base = Btf(base_builder.data(), "<")
    builder = BtfBuilder(base.end_id - 1, base.end_string)
    pointer = builder.ptr(5)
    struct = builder.struct("module_thing", 8, [("pair", pointer, 0)])
    split = Btf(builder.data(), "<", base)
    assert split.find("module_thing", (Kind.STRUCT,)) == struct
    assert split.name(split.target(pointer)) == "pair"
    assert split.find("pair", (Kind.STRUCT,)) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"magic": 0x1234}, "magic"),
        ({"version": 2}, "magic"),
        ({"hdr_len": 4}, "header"),
        ({"type_len": 0xFFFFFFFC}, "past its end"),
        ({"type_off": 0xFFFFFFFF}, "past its end"),
        ({"str_len": 0x7FFFFFFF}, "past its end"),
        ({"type_len": 8}, "do not end"),
    ],
)
def test_header_that_lies_is_refused(change: dict[str, int], words: str) -> None:
    data = _some_types().data()
    header = Header.read(data, 0, "<")
    lying = Header(**(vars(header) | change)).pack("<") + data[Header.size() :]
    with pytest.raises(DumpDamagedError, match=words):
        Btf(lying, "<")


def test_vlen_past_the_end_is_refused() -> None:
    builder = BtfBuilder()
    builder.add(Kind.STRUCT, "huge", 8, (), 0xFFFF)
    with pytest.raises(DumpDamagedError, match="do not end"):
        Btf(builder.data(), "<")


def test_unknown_kind_is_refused() -> None:
    builder = BtfBuilder()
    builder.add(31, "future", 8)
    with pytest.raises(DumpDamagedError, match="kind 31"):
        Btf(builder.data(), "<")


def test_type_that_does_not_exist_is_refused_when_it_is_asked_for() -> None:
    builder = BtfBuilder()
    builder.typedef("t", 77)
    btf = Btf(builder.data(), "<")
    with pytest.raises(DumpDamagedError, match="77"):
        btf.kind(btf.target(1))


@given(st.integers(0, 400), st.integers(0, 255))
def test_flipped_bytes_give_types_or_an_error(position: int, value: int) -> None:
    data = bytearray(_some_types().data())
    data[position % len(data)] = value
    try:
        btf = Btf(bytes(data), "<")
        for type_id in range(1, btf.end_id):
            btf.kind(type_id)
            btf.name(type_id)
        btf.constant("PIDTYPE_PID")
    except KdiveError:
        pass


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    with pytest.raises(KdiveError):
        Btf(data, "<")
