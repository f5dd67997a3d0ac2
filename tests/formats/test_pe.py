"""Portable executables: what is written is read back, and damage is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.errors import DumpDamagedError
from kdive.formats.pe import is_pe, read_pe
from tests.kexec.images import portable

NAMES = st.text("abcdefghijklmnopqrstuvwxyz.", min_size=1, max_size=8)


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=1500), max_size=8), st.booleans())
def test_sections_and_signature_are_read_back(sections: dict[str, bytes], signed: bool) -> None:
    data = portable(sections, signed=signed)
    program = read_pe(data)
    assert {one.name: program.section(data, one.name) for one in program.sections} == sections
    assert (program.signed, program.arch) == (signed, "x86_64")


def test_padding_in_the_file_is_not_part_of_a_section() -> None:
    data = portable({".cmdline": b"ro"})
    assert read_pe(data).section(data, ".cmdline") == b"ro"
    assert read_pe(data).section(data, ".linux") is None


def test_a_section_that_reaches_past_the_end_is_refused() -> None:
    with pytest.raises(DumpDamagedError, match=r"section \.linux reaches past the end"):
        read_pe(portable({".linux": b"k" * 4096})[:-1])


@pytest.mark.parametrize("data", [b"", b"MZ", b"MZ" + bytes(100), b"MZ".ljust(0x3C, b"\0") + b"\xff\xff\xff\xff"])
def test_what_only_begins_like_one_is_none(data: bytes) -> None:
    assert not is_pe(data)
