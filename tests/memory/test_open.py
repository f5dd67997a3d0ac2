"""The bundled sample by virtual address: values known from drgn, readelf and the console log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import PageAbsentError, PageExcludedError
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory


@pytest.fixture
def memory(sample_vmcore: Path) -> Iterator[Memory]:
    with open_dump(sample_vmcore) as dump:
        yield open_memory(dump)


def symbol(memory: Memory, name: str) -> int:
    assert not isinstance(memory.dump.vmcoreinfo, Missing)
    return int(memory.dump.vmcoreinfo[f"SYMBOL({name})"], 16)


def test_kaslr_offset_and_phys_base_are_those_of_vmcoreinfo(memory: Memory) -> None:
    assert (memory.kaslr_offset, memory.phys_base) == (0xA200000, -58720256)


def test_the_kernel_image_is_read_where_its_page_tables_say(memory: Memory) -> None:
    address = symbol(memory, "init_uts_ns")
    assert memory.translate(address) == address - 0xFFFFFFFF80000000 - 58720256
    assert memory.read_string(address + 4 + 2 * 65, 65) == "5.10.0-32-cloud-amd64"


def test_the_direct_map_is_read(memory: Memory) -> None:
    # mem_section is a pointer into memory that memblock gave out, at ffff9843c0000000 + physical
    address = symbol(memory, "mem_section")
    assert memory.translate(address) == 0x17FD9000
    assert memory.read_word(address) == memory.read_u64(address)


def test_an_unmapped_address_is_absent(memory: Memory) -> None:
    for address in (0, 0x1000, 0xFFFF800000000000, 0x8000000000000000, 1 << 64, -8):
        with pytest.raises(PageAbsentError):
            memory.read(address, 8)


def test_an_excluded_page_is_named_with_its_address(memory: Memory) -> None:
    direct_map = symbol(memory, "mem_section") - 0x17FD9000
    excluded = next(
        page for page in range(0x100000, 0x4000000, 4096) if memory.read_with_holes(direct_map + page, 1)[1]
    )
    with pytest.raises(PageExcludedError, match=f"address {direct_map + excluded:#x}: page .* was excluded"):
        memory.read(direct_map + excluded, 8)


def test_holes_are_zeros_and_are_told(memory: Memory) -> None:
    start = symbol(memory, "mem_section") - 0x17FD9000 + 0x100000
    data, holes = memory.read_with_holes(start + 100, 0x400000)
    assert len(data) == 0x400000
    assert holes
    assert all(not any(data[first:end]) for first, end in holes)
    assert all(one[1] < other[0] for one, other in pairwise(holes))
