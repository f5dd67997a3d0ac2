"""kdump-compressed dumps of every version, word size, byte order and codec."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import DumpDamagedError, DumpError, PageAbsentError, PageExcludedError
from kdive.facts.missing import Missing
from kdive.formats.record import ByteOrder
from tests.build_dump import CRASH_TIME, PAGE_SIZE, RELEASE, VMCOREINFO, build_kdump, flatten, note, prstatus_note

PAGES = {
    1: b"compressible " * 300,
    2: bytes(PAGE_SIZE),
    9: bytes(index * 7919 % 251 for index in range(PAGE_SIZE)),
    70000: b"far away",
}


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "vmcore"
    path.write_bytes(data)
    return path


def padded(page: bytes, page_size: int = PAGE_SIZE) -> bytes:
    return page.ljust(page_size, b"\0")


@pytest.mark.parametrize("codec", ["", "zlib", "lzo", "snappy", "zstd"])
def test_pages_of_every_codec_are_read_back(tmp_path: Path, codec: str) -> None:
    with open_dump(write(tmp_path, build_kdump(PAGES, codec=codec))) as dump:
        for pfn, page in PAGES.items():
            assert dump.read_physical(pfn * PAGE_SIZE, PAGE_SIZE) == padded(page)
        assert dump.container.codecs == ((codec,) if codec else ())
        assert dump.container.pages_kept == len(PAGES)


@pytest.mark.parametrize("version", range(1, 7))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("word_size", "aligned"), [(8, False), (4, False), (4, True)])
def test_every_header_is_understood(
    tmp_path: Path, version: int, order: ByteOrder, word_size: int, aligned: bool
) -> None:
    machine = {8: "s390x", 4: "armv7l" if aligned else "i686"}[word_size]
    data = build_kdump(
        PAGES, version=version, order=order, word_size=word_size, aligned=aligned, machine=machine, phys_base=-4096
    )
    with open_dump(write(tmp_path, data)) as dump:
        assert (dump.order, dump.word_size, dump.container.version) == (order, word_size, version)
        assert dump.identity.release == RELEASE
        assert dump.identity.crash_time == CRASH_TIME
        assert dump.physical_base == -4096
        assert dump.arch == {"armv7l": "arm"}.get(machine, machine)
        assert dump.read_physical(70000 * PAGE_SIZE, 8) == b"far away"
        assert isinstance(dump.vmcoreinfo, Missing) == (version < 3)
        assert bool(dump.notes) == (version >= 4)
        assert dump.container.damage == ()


def test_pages_of_64_kib_are_read(tmp_path: Path) -> None:
    with open_dump(write(tmp_path, build_kdump({3: b"big"}, page_size=65536, machine="ppc64le"))) as dump:
        assert dump.read_physical(3 * 65536, 65536) == padded(b"big", 65536)


def test_excluded_absent_and_lost_pages_are_told_apart(tmp_path: Path) -> None:
    data = build_kdump(PAGES, ram=range(64), lost=[9], dump_level=17, incomplete=True)
    with open_dump(write(tmp_path, data)) as dump:
        with pytest.raises(PageExcludedError, match="dump level 17"):
            dump.read_physical(3 * PAGE_SIZE, 1)
        with pytest.raises(PageAbsentError):
            dump.read_physical(64 * PAGE_SIZE, 1)
        with pytest.raises(DumpDamagedError, match="never written"):
            dump.read_physical(9 * PAGE_SIZE, 1)
        assert dump.container.incomplete
        assert [(segment.physical, segment.size) for segment in dump.segments()] == [
            (0, 64 * PAGE_SIZE),
            (70000 * PAGE_SIZE, PAGE_SIZE),
        ]


def test_a_read_that_starts_in_a_kept_page_fails_for_the_excluded_one_after_it(tmp_path: Path) -> None:
    with open_dump(write(tmp_path, build_kdump(PAGES, ram=range(64)))) as dump:
        assert dump.read_physical(2 * PAGE_SIZE - 4, 8) == bytes(8)
        with pytest.raises(PageExcludedError):
            dump.read_physical(3 * PAGE_SIZE - 4, 8)


def test_vmcoreinfo_and_other_notes_are_kept_apart(tmp_path: Path) -> None:
    data = build_kdump(PAGES, notes=prstatus_note(7, {"rip": 1}))
    with open_dump(write(tmp_path, data)) as dump:
        assert [note.name for note in dump.notes] == ["CORE", "VMCOREINFO"]
        assert not isinstance(dump.vmcoreinfo, Missing)
        assert dump.vmcoreinfo["OSRELEASE"] == RELEASE
        assert dump.vmcoreinfo_text.startswith(b"OSRELEASE=")


@pytest.mark.parametrize("ram_start", [0, 0x60000])
def test_the_bitmaps_of_arm_start_at_phys_base_or_at_zero(tmp_path: Path, ram_start: int) -> None:
    data = build_kdump(
        {ram_start: b"first", ram_start + 5: b"fifth"},
        ram=range(ram_start, ram_start + 64),
        word_size=4,
        aligned=True,
        machine="armv7l",
        phys_base=0x60000 * PAGE_SIZE,
    )
    with open_dump(write(tmp_path, data)) as dump:
        assert dump.segments()[0].physical == 0x60000 * PAGE_SIZE
        assert next(dump.kept_ranges()) == (0x60000 * PAGE_SIZE, PAGE_SIZE)
        assert dump.read_physical(0x60005 * PAGE_SIZE, 5) == b"fifth"
        with pytest.raises(PageExcludedError, match="0x60006"):
            dump.read_physical(0x60006 * PAGE_SIZE, 5)
        with pytest.raises(PageAbsentError):
            dump.read_physical(5 * PAGE_SIZE, 5)


def test_a_read_of_no_sensible_size_is_refused(tmp_path: Path) -> None:
    with open_dump(write(tmp_path, build_kdump(PAGES))) as dump:
        for size in (-1, 1 << 40):
            with pytest.raises(DumpDamagedError, match="no sensible read"):
                dump.read_physical(PAGE_SIZE, size)
        assert dump.read_physical(PAGE_SIZE, 0) == b""


def test_a_damaged_header_names_the_file(tmp_path: Path) -> None:
    data = bytearray(build_kdump(PAGES))
    data[428:432] = b"\xff" * 4
    with pytest.raises(DumpError, match=r"/vmcore: the header of the kdump-compressed dump is damaged"):
        open_dump(write(tmp_path, bytes(data)))


@pytest.mark.parametrize(("word_size", "arch"), [(8, "x86_64"), (4, "i686")])
def test_a_hypervisor_knows_neither_release_nor_phys_base(tmp_path: Path, word_size: int, arch: str) -> None:
    data = flatten(
        build_kdump(
            PAGES | {3: VMCOREINFO.encode()},
            vmcoreinfo="",
            notes=note("QEMU", 0, bytes(440)),
            dump_level=1,
            release="",
            nodename="",
            crash_time=0,
            word_size=word_size,
        )
    )
    with open_dump(write(tmp_path, data)) as dump:
        assert (dump.arch, dump.physical_base, dump.identity.crash_time) == (arch, None, None)
        assert dump.vmcoreinfo_text == VMCOREINFO.encode()
        assert not dump.native


def test_a_diskdump_is_read_without_its_sub_header(tmp_path: Path) -> None:
    data = build_kdump(PAGES, signature=b"DISKDUMP", version=2, phys_base=12345, word_size=4, machine="i686")
    with open_dump(write(tmp_path, data)) as dump:
        assert dump.read_physical(70000 * PAGE_SIZE, 8) == b"far away"
        assert (dump.physical_base, dump.container.dump_level, dump.notes) == (0, None, ())
        assert not dump.native
