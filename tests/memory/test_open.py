"""The bundled sample by virtual address: values known from drgn, readelf and the console log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError, PageAbsentError, PageExcludedError, ReadError
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from tests.build_dump import build_elf, build_kdump


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


def test_a_read_of_an_absurd_size_is_refused(memory: Memory) -> None:
    for size in (-1, 1 << 40, 1 << 63):
        with pytest.raises(ReadError, match="no structure of a kernel"):
            memory.read(symbol(memory, "_stext"), size)
        with pytest.raises(ReadError, match="no structure of a kernel"):
            memory.read_with_holes(symbol(memory, "_stext"), size)


def opened(tmp_path: Path, content: bytes) -> Memory:
    path = tmp_path / "vmcore"
    path.write_bytes(content)
    return open_memory(open_dump(path))


def test_segments_of_a_32_bit_elf_dump_serve_its_linear_mapping(tmp_path: Path) -> None:
    dump = build_elf({2: b"\x78\x56\x34\x12lowmem\0"}, word_size=4, e_machine=3, virtual=0xC0000000)
    memory = opened(tmp_path, dump)
    assert memory.read_word(0xC0002000) == 0x12345678
    assert memory.read_string(0xC0002004, 100) == "lowmem"
    with pytest.raises(PageAbsentError):
        memory.read(0x1_C000_2000, 4)


def test_numbers_are_read_in_the_byte_order_of_the_machine(tmp_path: Path) -> None:
    dump = build_elf({2: bytes(range(1, 9)) + b"\xff" * 4}, order=">", e_machine=22, virtual=0x100000)
    memory = opened(tmp_path, dump)
    assert memory.dump.arch == "s390x"
    assert memory.read_u16(0x102000) == 0x0102
    assert memory.read_u64(0x102000) == 0x0102030405060708
    assert memory.read_s32(0x102008) == -1


def test_an_unknown_architecture_is_an_error_only_where_it_matters(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump({2: b"here"}, machine="sparc64"))
    assert memory.read_physical(0x2000, 4) == b"here"
    with pytest.raises(ReadError, match="page tables of sparc64 are not understood"):
        memory.read_with_holes(0x402000, 4)


NUMBERS = st.integers(-(1 << 66), 1 << 66) | st.sampled_from([0, 1, 12, 39, 48, 52, 1 << 30, 0xFFFFFFFF80000000])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2000)
@given(
    machine=st.sampled_from(["x86_64", "aarch64", "riscv64", "s390x", "ppc64le", "i686", "mips64", ""]),
    values=st.lists(NUMBERS, min_size=14, max_size=14),
    left_out=st.sets(st.integers(0, 13)),
    address=st.integers(0, (1 << 64) - 1) | st.sampled_from([0xFFFFFFFF80002000, 0xFFFF800000002000, 0xC0002000]),
)
def test_lying_vmcoreinfo_gives_bytes_or_an_error(
    tmp_path: Path, machine: str, values: list[int], left_out: set[int], address: int
) -> None:
    keys = [
        *(("SYMBOL", name) for name in ("init_uts_ns", "_stext", "init_top_pgt", "swapper_pg_dir")),
        *(("NUMBER", name) for name in ("phys_base", "KERNEL_IMAGE_SIZE", "pgtable_l5_enabled", "sme_mask")),
        *(("NUMBER", name) for name in ("VA_BITS", "TCR_EL1_T1SZ", "kimage_voffset", "PHYS_OFFSET")),
        *(("NUMBER", name) for name in ("PAGE_OFFSET", "phys_ram_base")),
    ]
    info = "OSRELEASE=built\nPAGESIZE=4096\n" + "".join(
        f"{kind}({name})={value:{'x' if kind == 'SYMBOL' else ''}}\n"
        for index, ((kind, name), value) in enumerate(zip(keys, values, strict=True))
        if index not in left_out
    )
    memory = opened(tmp_path, build_kdump({2: b"here"}, vmcoreinfo=info, machine=machine))
    for size in (8, 5000):
        try:
            assert len(memory.read(address, size)) == size
        except KdiveError as error:
            assert error.message


def test_large_reads_fill_a_buffer_across_pages(tmp_path: Path) -> None:
    (tmp_path / "vmcore").write_bytes(build_elf({1: b"one", 2: b"two", 4: b"four"}))
    with open_dump(tmp_path / "vmcore") as dump:
        memory = open_memory(dump)
        buffer = bytearray(8192)
        memory.read_into(0xFFFF888000001000, memoryview(buffer))
        assert bytes(buffer) == memory.read(0xFFFF888000001000, 8192)
        with pytest.raises(PageAbsentError):
            memory.read_into(0xFFFF888000002000, memoryview(buffer))
