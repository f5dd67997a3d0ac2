"""Header layouts, checked against the sizes that C compilers give them."""

from __future__ import annotations

import pytest

from kdive.errors import DumpError
from kdive.formats import kdump_compressed as layout
from kdive.formats.record import ByteOrder
from tests.build_dump import build_kdump


def test_sizes_are_those_of_the_c_structures() -> None:
    assert layout.header_bytes(8) == 464
    assert layout.header_bytes(4) == 452
    assert layout.SubHeader64.size() == 104
    assert layout.SubHeaderPacked32.size() == 80
    assert layout.SubHeaderAligned32.size() == 96
    assert layout.PageDescriptor.size() == 24


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("word_size", [8, 4])
def test_word_size_and_byte_order_are_found(order: ByteOrder, word_size: int) -> None:
    header = layout.read_header(build_kdump({1: b""}, order=order, word_size=word_size)[:512])
    assert (header.order, header.word_size) == (order, word_size)
    assert layout.text(header.start.machine) == "x86_64"


@pytest.mark.parametrize("length", [0, 8, 400, 451])
def test_a_short_header_is_an_error(length: int) -> None:
    with pytest.raises(DumpError, match="damaged or cut short"):
        layout.read_header(build_kdump({1: b""})[:length])
