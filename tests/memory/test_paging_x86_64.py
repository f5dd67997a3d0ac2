"""Translation on x86-64, over built dumps: the mappings are known because they were written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.dumpfile.open import open_dump
from kdive.errors import DumpDamagedError, KdiveError, PageAbsentError, PageExcludedError
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from tests.build_dump import build_elf, build_kdump
from tests.memory.build_tables import build_tables

IMAGE = 0xFFFFFFFF80000000
PHYS_BASE = 0x3000000
ROOT = PHYS_BASE + 0x1800000  # where the image's top table lies
ROOT_SYMBOL = IMAGE + 0x1800000
UTS_SYMBOL = IMAGE + 0x1810000
DIRECT = 0xFFFF9843C0000000
VMALLOC = 0xFFFFB3C000000000
FOUR = (39, 30, 21, 12)
FIVE = (48, *FOUR)
SME = 1 << 47

MAPPED = {
    ROOT_SYMBOL: (ROOT & -(1 << 21), 21),
    DIRECT: (0, 30),
    VMALLOC: (0x5000, 12),
    VMALLOC + 0x1000: (0x9000, 12),
    VMALLOC + 0x2000: (0x6000, 12),
}
UTS = b"\x02\0\0\0" + b"".join(
    text.ljust(65, b"\0") for text in (b"Linux", b"built", b"3.10.0-1160.el7.x86_64", b"#1 SMP", b"x86_64")
)
DATA = {0x5: b"five", 0x6: b"six", 0x9: b"nine", (UTS_SYMBOL - IMAGE + PHYS_BASE) >> 12: UTS}


def tables(
    mapped: Mapping[int, tuple[int, int]] = MAPPED, shifts: tuple[int, ...] = FOUR, sme: int = 0
) -> dict[int, bytes]:
    return build_tables(
        mapped,
        root=ROOT,
        shifts=shifts,
        first_free=0x100000,
        table_entry=lambda physical: physical | 0x67 | sme,
        leaf_entry=lambda physical, shift: physical | 1 << 63 | (0x63 if shift == 12 else 0xE3) | sme,
    )


def info(**more: str) -> str:
    lines = {
        "OSRELEASE": "3.10.0-1160.el7.x86_64",
        "PAGESIZE": "4096",
        "SYMBOL(init_uts_ns)": f"{UTS_SYMBOL:x}",
        "SYMBOL(_stext)": f"{IMAGE + 0x1000000:x}",
        "SYMBOL(init_top_pgt)": f"{ROOT_SYMBOL:x}",
        "NUMBER(phys_base)": str(PHYS_BASE),
        "NUMBER(KERNEL_IMAGE_SIZE)": str(1 << 30),
        **{key.replace("__", "(") + (")" if "__" in key else ""): value for key, value in more.items()},
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items() if value)


def opened(tmp_path: Path, content: bytes) -> Memory:
    path = tmp_path / "vmcore"
    path.write_bytes(content)
    return open_memory(open_dump(path))


@pytest.mark.parametrize(("shifts", "five"), [(FOUR, "0"), (FIVE, "1"), (FIVE, ""), (FOUR, "")])
def test_pages_of_all_sizes_are_found_with_four_and_five_levels(
    tmp_path: Path, shifts: tuple[int, ...], five: str
) -> None:
    memory = opened(
        tmp_path, build_kdump({**DATA, **tables(shifts=shifts)}, vmcoreinfo=info(NUMBER__pgtable_l5_enabled=five))
    )
    assert memory.read(VMALLOC, 4) == b"five"
    assert memory.read(VMALLOC + 0x1000, 4) == b"nine"
    assert memory.read(DIRECT + 0x6000, 3) == b"six"
    assert memory.read(UTS_SYMBOL, len(UTS)) == UTS
    assert memory.translate(DIRECT + 0x12345678) == 0x12345678


def test_a_read_across_pages_follows_the_mapping(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump({**DATA, **tables()}, vmcoreinfo=info()))
    data = memory.read(VMALLOC, 3 * 4096)
    assert (data[:4], data[4096:4100], data[8192:8195], len(data)) == (b"five", b"nine", b"six", 3 * 4096)
    with pytest.raises(PageAbsentError, match="is not mapped"):
        memory.read(VMALLOC, 3 * 4096 + 1)


def test_the_encryption_bit_is_no_part_of_an_address(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump({**DATA, **tables(sme=SME)}, vmcoreinfo=info(NUMBER__sme_mask=str(SME))))
    assert memory.read(VMALLOC, 4) == b"five"


def test_a_negative_phys_base_is_added(tmp_path: Path) -> None:
    shift = PHYS_BASE + 0x1000000  # the image is linked at 16 MiB and may be loaded below that
    pages = {pfn - (shift >> 12): data for pfn, data in {**DATA, **tables({})}.items() if pfn >= shift >> 12}
    memory = opened(tmp_path, build_kdump(pages, vmcoreinfo=info(NUMBER__phys_base=str(PHYS_BASE - shift))))
    assert memory.phys_base == -0x1000000
    assert memory.read(UTS_SYMBOL, 9)[4:] == b"Linux"


def test_a_table_that_was_excluded_falls_back_on_what_the_container_knows(tmp_path: Path) -> None:
    kept = {pfn: data for pfn, data in tables().items() if pfn == ROOT >> 12}
    with_segments = opened(
        tmp_path, build_elf({**DATA, **kept}, vmcoreinfo=info(), excluded=range(0x100, 0x104), virtual=DIRECT)
    )
    assert with_segments.read(DIRECT + 0x6000, 3) == b"six"
    assert with_segments.read(UTS_SYMBOL, 9)[4:] == b"Linux"
    with pytest.raises(PageExcludedError, match=f"page table for {VMALLOC:#x}: page 0x10[0-9] was excluded"):
        with_segments.read(VMALLOC, 4)


def lose(pages: Mapping[int, bytes], lost: Collection[int]) -> bytes:
    return build_kdump(pages, vmcoreinfo=info(), lost=lost)


def test_a_lost_table_is_damage_and_the_image_is_still_read(tmp_path: Path) -> None:
    pages = {**DATA, **tables()}
    memory = opened(tmp_path, lose(pages, [ROOT >> 12]))
    assert memory.read(UTS_SYMBOL, 9)[4:] == b"Linux"
    with pytest.raises(DumpDamagedError, match="page table for"):
        memory.read(VMALLOC, 4)


def test_tables_that_do_not_map_themselves_come_after_the_image(tmp_path: Path) -> None:
    damaged = {**DATA, **tables(), ROOT >> 12: bytes(4096)}
    memory = opened(tmp_path, build_kdump(damaged, vmcoreinfo=info()))
    assert memory.read(UTS_SYMBOL, 9)[4:] == b"Linux"
    with pytest.raises(PageAbsentError):
        memory.read(VMALLOC, 4)


@pytest.mark.parametrize("header_base", [PHYS_BASE, 0, 0x5000000])
def test_phys_base_of_a_kernel_that_exports_only_its_symbol_is_found(tmp_path: Path, header_base: int) -> None:
    text = info(NUMBER__phys_base="", SYMBOL__phys_base="ffffffff81400010", NUMBER__KERNEL_IMAGE_SIZE="")
    memory = opened(tmp_path, build_kdump({**DATA, **tables()}, vmcoreinfo=text, phys_base=header_base))
    assert memory.phys_base == PHYS_BASE
    assert memory.read(VMALLOC, 4) == b"five"


def test_phys_base_that_cannot_be_found_is_missing_and_reads_say_so(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump({5: b"five"}, vmcoreinfo=info(NUMBER__phys_base="")))
    assert memory.phys_base == Missing("no phys_base in VMCOREINFO, and the kernel's release was not found in memory")
    with pytest.raises(KdiveError, match="no phys_base in VMCOREINFO"):
        memory.read(VMALLOC, 4)
    assert memory.read_physical(0x5000, 4) == b"five"


def test_kaslr_offset_is_deduced_from_stext(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump(DATA, vmcoreinfo=info(SYMBOL__swapper_pg_dir="", KERNELOFFSET="")))
    assert memory.kaslr_offset == 0
    moved = info(KERNELOFFSET="", SYMBOL___stext=f"{IMAGE + 0x1000000 + 0x2C00190:x}")
    assert opened(tmp_path, build_kdump(DATA, vmcoreinfo=moved)).kaslr_offset == 0x2C00000
    known = info(KERNELOFFSET="2a00000")
    assert opened(tmp_path, build_kdump(DATA, vmcoreinfo=known)).kaslr_offset == 0x2A00000


def test_without_vmcoreinfo_reads_say_that_it_is_missing(tmp_path: Path) -> None:
    memory = opened(tmp_path, build_kdump({5: b"five"}, vmcoreinfo=""))
    assert isinstance(memory.kaslr_offset, Missing)
    with pytest.raises(KdiveError, match="VMCOREINFO"):
        memory.read(VMALLOC, 4)
    assert memory.read_physical(0x5000, 4) == b"five"


@settings(max_examples=60, deadline=2000)
@given(damage=st.lists(st.tuples(st.integers(0, 511), st.integers(0, 2**64 - 1)), max_size=8), at=st.integers(0, 5))
def test_lying_page_tables_give_bytes_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]], at: int
) -> None:
    pages = {**DATA, **tables()}
    pfn = sorted(tables())[at % len(tables())]
    page = bytearray(pages[pfn])
    for index, entry in damage:
        page[index * 8 : index * 8 + 8] = entry.to_bytes(8, "little")
    memory = opened(tmp_path_factory.mktemp("dump"), build_kdump({**pages, pfn: bytes(page)}, vmcoreinfo=info()))
    for address in (VMALLOC, DIRECT + 0x6000, UTS_SYMBOL, ROOT_SYMBOL):
        try:
            assert len(memory.read(address, 64)) == 64
        except KdiveError as error:
            assert error.message
