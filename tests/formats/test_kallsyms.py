from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import DumpDamagedError
from kdive.formats.integers import integers
from kdive.formats.kallsyms import AddressForms, Kallsyms, Tokens, split_names
from tests.formats.build_kallsyms import compress_names

_names = st.lists(st.from_regex(r"[TtDdBbRr][a-z_][a-z_0-9.]{0,20}", fullmatch=True), min_size=1, max_size=40)


def _tokens(expansions: list[bytes]) -> Tokens:
    index, table = [], b""
    for expansion in expansions:
        index.append(len(table))
        table += expansion + b"\0"
    return Tokens.read(table, index)


def _kallsyms(names: list[str], addresses: list[int]) -> Kallsyms:
    tokens, compressed = compress_names([name.encode() for name in names])
    return Kallsyms(_tokens(tokens), compressed, AddressForms.absolute(addresses))


@given(_names)
def test_every_name_is_found_at_its_address(names: list[str]) -> None:
    kallsyms = _kallsyms(names, list(range(0x1000, 0x1000 + len(names))))
    for index, name in enumerate(names):
        assert kallsyms.name(index) == name[1:]
        assert kallsyms.type(index) == name[0]
        assert index in kallsyms.find_all(name[1:])


@given(_names)
def test_names_are_found_without_their_compression_being_understood(names: list[str]) -> None:
    kallsyms = _kallsyms(names, list(range(len(names))))
    kallsyms._compressible = False
    assert all(kallsyms.find(name[1:]) is not None for name in names)


def test_global_symbol_is_found_before_a_local_one_of_the_same_name() -> None:
    kallsyms = _kallsyms(["tinit", "Tpanic", "Tinit"], [0x10, 0x20, 0x30])
    assert kallsyms.find("init") == 2
    assert kallsyms.find_all("init") == [0, 2]
    assert kallsyms.find("init_") is None


def test_address_between_symbols_belongs_to_the_one_before_and_aliases_to_the_first() -> None:
    kallsyms = _kallsyms(["Tfirst", "Tname", "talias", "Tlast"], [0x10, 0x20, 0x20, 0x40])
    assert kallsyms.at(0xF) is None
    assert kallsyms.at(0x3F) == 1
    assert kallsyms.end(1) == 0x40
    assert kallsyms.end(3) == 0x40


def test_name_longer_than_127_codes_has_two_length_bytes() -> None:
    assert split_names(b"\x01A" + b"\x82\x01" + b"x" * 130, 2) == ([b"A", b"x" * 130], 134)


def test_address_forms_give_what_the_kernel_would() -> None:
    base = 0xFFFFFFFF81000000
    offsets = integers("i", (0x20).to_bytes(4, "little") + (-0x11 & 0xFFFFFFFF).to_bytes(4, "little"), "<")
    percpu = AddressForms.absolute_percpu(offsets, base)
    assert [percpu(0), percpu(1)] == [0x20, base + 0x10]
    assert AddressForms.base_relative(offsets, base)(0) == base + 0x20
    assert AddressForms.place_relative(offsets, base)(1) == base + 4 - 0x11


@given(st.binary(max_size=600), st.lists(st.integers(0, 700), min_size=250, max_size=256))
def test_token_table_that_lies_is_refused(table: bytes, index: list[int]) -> None:
    try:
        tokens = Tokens.read(table, index)
    except DumpDamagedError:
        return
    assert len(tokens.expansions) == 256


@given(st.binary(max_size=300), st.integers(0, 1 << 32))
def test_names_that_do_not_fit_are_refused(data: bytes, count: int) -> None:
    try:
        names, end = split_names(data, count)
    except DumpDamagedError:
        return
    assert len(names) == count
    assert end <= len(data)


def test_empty_name_is_refused() -> None:
    with pytest.raises(DumpDamagedError, match="empty"):
        split_names(bytes(64), 2)
