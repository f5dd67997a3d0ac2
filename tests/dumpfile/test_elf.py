"""ELF vmcores, QEMU's dumps and the live kernel's memory."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.elf_headers import read_headers
from kdive.dumpfile.open import open_dump
from kdive.dumpfile.opened import open_layers
from kdive.dumpfile.vmcoreinfo_scan import live_vmcoreinfo
from kdive.errors import DumpDamagedError, DumpError, PageAbsentError, PageExcludedError
from kdive.facts.missing import Missing
from kdive.formats.record import ByteOrder
from tests.build_dump import PAGE_SIZE, RELEASE, VMCOREINFO, build_elf, note, prstatus_note

PAGES = {16: b"first", 17: b"second", 400: b"far"}
DIRECT_MAP = 0xFFFF888000000000


def open_bytes(tmp_path: Path, data: bytes, name: str = "vmcore") -> Dump:
    path = tmp_path / name
    path.write_bytes(data)
    return open_dump(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("word_size", "e_machine", "arch"), [(8, 62, "x86_64"), (4, 40, "arm"), (8, 22, "s390x")])
@pytest.mark.parametrize("xnum", [False, True])
def test_pages_are_read_in_every_class_and_byte_order(
    tmp_path: Path, order: ByteOrder, word_size: int, e_machine: int, arch: str, xnum: bool
) -> None:
    data = build_elf(PAGES, order=order, word_size=word_size, e_machine=e_machine, xnum=xnum)
    with open_bytes(tmp_path, data) as dump:
        assert (dump.container.format, dump.arch, dump.order, dump.word_size) == ("elf", arch, order, word_size)
        assert dump.read_physical(17 * PAGE_SIZE, 6) == b"second"
        assert dump.read_physical(16 * PAGE_SIZE, 2 * PAGE_SIZE)[PAGE_SIZE:].startswith(b"second")
        assert (dump.container.pages_total, dump.container.pages_kept) == (3, 3)
        assert not isinstance(dump.vmcoreinfo, Missing)
        assert dump.vmcoreinfo["OSRELEASE"] == RELEASE
        assert dump.native


def test_a_32_bit_kernels_dump_in_elf64_has_32_bit_words(tmp_path: Path) -> None:
    with open_bytes(tmp_path, build_elf(PAGES, e_machine=3)) as dump:
        assert (dump.arch, dump.word_size) == ("i686", 4)


def test_the_tail_that_is_not_in_the_file_is_excluded_not_zeros(tmp_path: Path) -> None:
    with open_bytes(tmp_path, build_elf(PAGES, excluded=range(18, 300))) as dump:
        with pytest.raises(PageExcludedError):
            dump.read_physical(18 * PAGE_SIZE, 8)
        with pytest.raises(PageExcludedError):
            dump.read_physical(17 * PAGE_SIZE, PAGE_SIZE + 1)
        with pytest.raises(PageAbsentError):
            dump.read_physical(300 * PAGE_SIZE, 8)
        assert not dump.native
        assert (dump.container.pages_total, dump.container.pages_kept) == (285, 3)


def test_segments_say_where_the_kernel_mapped_them(tmp_path: Path) -> None:
    with open_bytes(tmp_path, build_elf(PAGES)) as dump:
        assert [(segment.physical, segment.size, segment.virtual) for segment in dump.segments()] == [
            (16 * PAGE_SIZE, 2 * PAGE_SIZE, DIRECT_MAP + 16 * PAGE_SIZE),
            (400 * PAGE_SIZE, PAGE_SIZE, DIRECT_MAP + 400 * PAGE_SIZE),
        ]


def test_makedumpfile_s_flag_and_a_short_file_are_incomplete(tmp_path: Path) -> None:
    with open_bytes(tmp_path, build_elf(PAGES, incomplete=True)) as dump:
        assert "header says so" in dump.container.incomplete
    with open_bytes(tmp_path, build_elf(PAGES)[: -PAGE_SIZE // 2]) as dump:
        assert "cut short" in dump.container.incomplete
        assert dump.read_physical(16 * PAGE_SIZE, 5) == b"first"
        with pytest.raises(DumpDamagedError):
            dump.read_physical(400 * PAGE_SIZE, PAGE_SIZE)


def test_the_name_vmcore_incomplete_is_believed(tmp_path: Path) -> None:
    with open_bytes(tmp_path, build_elf(PAGES), "vmcore-incomplete") as dump:
        assert "name says so" in dump.container.incomplete


def test_a_count_of_2_to_the_32_segments_is_bounded_by_the_file(tmp_path: Path) -> None:
    data = bytearray(build_elf(PAGES, xnum=True))
    (section,) = struct.unpack_from("<Q", data, 40)
    struct.pack_into("<I", data, section + 44, 2**32 - 1)
    with open_bytes(tmp_path, bytes(data)) as dump:
        assert any("4294967295 segments" in damage for damage in dump.container.damage)
        assert dump.read_physical(16 * PAGE_SIZE, 5) == b"first"


def qemu_dump(pages: dict[int, bytes]) -> bytes:
    notes = prstatus_note(1, {"rip": 0x10}) + prstatus_note(2, {"rip": 0x20}) + note("QEMU", 0, bytes(440))
    return build_elf(pages, vmcoreinfo="", notes=notes, virtual=None)


def test_a_hypervisor_s_dump_without_the_note_is_searched_for_vmcoreinfo(tmp_path: Path) -> None:
    decoy = b"OSRELEASE=not this\n"
    page = VMCOREINFO.encode()
    with open_bytes(tmp_path, qemu_dump({1: decoy, 2: b"", 3: page, 900: decoy})) as dump:
        assert not isinstance(dump.vmcoreinfo, Missing)
        assert dump.vmcoreinfo["OSRELEASE"] == RELEASE
        assert dump.vmcoreinfo_text == page
        assert not dump.native


def test_vmcoreinfo_that_lies_across_pages_is_found(tmp_path: Path) -> None:
    text = VMCOREINFO.encode()
    pages = {7: b"\x01" * (PAGE_SIZE - 10) + text[:10], 8: text[10:]}
    with open_bytes(tmp_path, qemu_dump(pages)) as dump:
        assert dump.vmcoreinfo_text == text


def test_a_dump_without_any_vmcoreinfo_says_so(tmp_path: Path) -> None:
    with open_bytes(tmp_path, qemu_dump({1: b"x"})) as dump:
        assert isinstance(dump.vmcoreinfo, Missing)
        assert not dump.native


def test_a_live_kernel_s_note_is_found_through_sysfs(tmp_path: Path) -> None:
    place = tmp_path / "vmcoreinfo"
    place.write_text("3000 400\n")
    page = note("VMCOREINFO", 0, VMCOREINFO.encode())
    with open_bytes(tmp_path, qemu_dump({3: page})) as dump:
        assert live_vmcoreinfo(dump, place) == VMCOREINFO.encode()
        place.write_text("nonsense")
        assert live_vmcoreinfo(dump, place) == b""


def test_segments_of_unknown_physical_address_are_left_out(tmp_path: Path) -> None:
    data = bytearray(build_elf(PAGES))
    second_load = 64 + 2 * 56
    struct.pack_into("<Q", data, second_load + 24, 2**64 - 1)
    with open_bytes(tmp_path, bytes(data)) as dump:
        assert [segment.physical for segment in dump.segments()] == [16 * PAGE_SIZE]


def test_the_core_of_a_process_is_refused_by_name(tmp_path: Path) -> None:
    prpsinfo = bytes(40) + b"nginx".ljust(16, b"\0") + b"nginx: worker".ljust(80, b"\0")
    notes = note("CORE", 3, prpsinfo) + note("CORE", 0x46494C45, bytes(16))
    data = bytearray(build_elf({0: b"a", 5: b"b"}, vmcoreinfo="", notes=notes))
    struct.pack_into("<Q", data, 64 + 2 * 56 + 24, 0)
    with pytest.raises(DumpError, match=r"core file of a process \(nginx\)") as caught:
        open_bytes(tmp_path, bytes(data))
    assert "gdb" in caught.value.hint


def test_headers_that_are_cut_short_are_an_error_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    for length in (1, 15, 16, 63):
        path.write_bytes(build_elf(PAGES)[:length])
        with pytest.raises(DumpError):
            read_headers(open_layers(path).source)
