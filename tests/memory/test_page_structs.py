"""Where struct pages lie; that what is found there is right, the tests of the selection show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.facts.missing import Missing
from kdive.memory.open import open_memory
from kdive.memory.page_structs import PageStructs, Span, find_page_structs
from tests.build_dump import build_elf

INFO = {
    "OSRELEASE": "built",
    "PAGESIZE": "4096",
    "NUMBER(phys_base)": "0",
    "SIZE(page)": "64",
    "SYMBOL(mem_section)": "ffff888000001000",
    "LENGTH(mem_section)": "2048",
    "SIZE(mem_section)": "16",
    "OFFSET(mem_section.section_mem_map)": "0",
    "NUMBER(SECTION_SIZE_BITS)": "27",
    "NUMBER(MAX_PHYSMEM_BITS)": "46",
}
DIRECT = 0xFFFF888000000000
ROOT = DIRECT + 0x2000
MAP = DIRECT + 0x100000


TABLE = ROOT.to_bytes(8, "little")


def found(tmp_path: Path, root: bytes, changed: Mapping[str, str] | None = None, table: bytes = TABLE) -> object:
    """The spans of the first two sections, or why there are none; what `changed` has "" for is not named."""
    text = "".join(f"{key}={value}\n" for key, value in {**INFO, **(changed or {})}.items() if value)
    (tmp_path / "vmcore").write_bytes(build_elf({0: b"", 1: table, 2: root}, vmcoreinfo=text, excluded=range(3, 1024)))
    with open_dump(tmp_path / "vmcore") as dump:
        structs = find_page_structs(open_memory(dump))
        return list(structs.spans(0, 1 << 16)) if isinstance(structs, PageStructs) else structs


def entries(*flags: int) -> bytes:
    return b"".join((MAP + flag).to_bytes(8, "little") + bytes(8) for flag in flags)


def test_sections_lie_where_their_maps_say(tmp_path: Path) -> None:
    assert found(tmp_path, entries(3, 3)) == [Span(0, 32768, MAP), Span(32768, 65536, MAP + 32768 * 64)]


def test_no_flag_of_a_section_is_taken_for_a_part_of_its_address(tmp_path: Path) -> None:
    """Bit 5, SECTION_IS_VMEMMAP_PREINIT, came with v6.15."""
    assert found(tmp_path, entries(0x3F)) == [Span(0, 32768, MAP)]


@pytest.mark.parametrize("flags", [0, 1, 2])
def test_sections_without_memory_have_no_struct_pages(tmp_path: Path, flags: int) -> None:
    assert found(tmp_path, entries(3, flags)) == [Span(0, 32768, MAP)]


def test_kernels_that_do_not_name_the_size_of_sections_have_those_of_their_architecture(tmp_path: Path) -> None:
    """Before v5.9 and v5.13."""
    changed = {"NUMBER(SECTION_SIZE_BITS)": "", "NUMBER(MAX_PHYSMEM_BITS)": ""}
    assert found(tmp_path, entries(3), changed) == [Span(0, 32768, MAP)]


def test_a_table_that_does_not_fit_the_memory_is_not_believed(tmp_path: Path) -> None:
    reason = Missing("mem_section does not fit the machine's memory")
    assert found(tmp_path, entries(0, 3)) == reason
    assert found(tmp_path, entries(3), {"LENGTH(mem_section)": "100"}) == reason
    assert found(tmp_path, entries(3), table=bytes(8)) == reason


def test_the_array_that_all_struct_pages_are_mapped_into_serves_where_the_table_does_not(tmp_path: Path) -> None:
    spans = found(tmp_path, b"", {"SYMBOL(vmemmap)": f"{MAP:x}"}, table=bytes(8))
    assert spans == [Span(0, 1024, MAP)]


def test_a_kernel_that_names_no_map_of_memory_has_none(tmp_path: Path) -> None:
    assert isinstance(found(tmp_path, b"", {"SYMBOL(mem_section)": ""}), Missing)
    only_part = {"SYMBOL(mem_section)": "", "OFFSET(pglist_data.node_mem_map)": "0"}
    assert found(tmp_path, b"", only_part) == Missing("VMCOREINFO does not say which pages a node has")
