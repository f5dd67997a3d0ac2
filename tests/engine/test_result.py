"""What a writer says of its work, and what the files say of themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kdive.dumpfile.containers.elf import ElfDump
from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind
from kdive.engine.open_pages import open_pages
from kdive.engine.write import write_dump
from kdive.engine.writing import Progress
from kdive.errors import DumpError
from kdive.formats import elf
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump
from tests.engine.copying import copy, pages_of, quick, windows

PAGES = {pfn: bytes([pfn + 1]) * PAGE_SIZE for pfn in range(10)}
KINDS = {2: PageKind.CACHE, 3: PageKind.USER, 4: PageKind.FREE, 5: PageKind.HWPOISON, 6: PageKind.UNKNOWN}


def test_pages_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_kdump(PAGES | {9: b""}, ram=range(14)))
    result = copy(tmp_path / "in", tmp_path / "out", quick(level=25), KINDS)
    assert result.pages == 14
    assert result.pages_of_kind == {"kept": 9, "cache": 1, "user": 1, "free": 1, "hwpoison": 1, "unknown": 1}
    assert result.excluded_of_kind == {"user": 1, "free": 1, "hwpoison": 1}
    assert (result.zero, result.kept, result.unavailable, result.lost) == (1, 6, 4, 0)
    assert result.written == (tmp_path / "out").stat().st_size
    assert result.paths == (str(tmp_path / "out"),)
    assert set(pages_of(tmp_path / "out")) == {0, 1, 2, 6, 7, 8, 9}
    with open_dump(tmp_path / "out") as dump:
        assert (dump.container.pages_total, dump.container.pages_kept, dump.container.dump_level) == (14, 7, 31)


def test_progress_ends_where_the_work_does(tmp_path: Path, sample_vmcore: Path) -> None:
    seen: list[Progress] = []
    with open_dump(sample_vmcore) as dump:
        result = write_dump(open_memory(dump), windows(dump), tmp_path / "out", quick(), seen.append)
    writing = [progress for progress in seen if progress.phase == "writing"]
    assert len(writing) > 2
    assert [progress.done_pages for progress in writing] == sorted(progress.done_pages for progress in writing)
    assert writing[-1].done_pages == writing[-1].total_pages == result.zero + result.kept
    assert writing[-1].written == result.written


def test_pages_of_zeros_share_one(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 500):
        (tmp_path / "in").write_bytes(build_kdump(dict.fromkeys(range(count), b"")))
        copy(tmp_path / "in", tmp_path / f"out{count}", quick(level=0))
        assert pages_of(tmp_path / f"out{count}") == {pfn: bytes(PAGE_SIZE) for pfn in range(count)}
        sizes.append((tmp_path / f"out{count}").stat().st_size)
    assert sizes[1] - sizes[0] == 499 * 24


def test_noise_is_stored_as_it_is(tmp_path: Path) -> None:
    noise = {pfn: os.urandom(PAGE_SIZE) for pfn in range(5)}
    (tmp_path / "in").write_bytes(build_kdump(noise))
    for codec in ("zstd", "zlib", "lzo", "snappy"):
        copy(tmp_path / "in", tmp_path / codec, quick(level=0, compression=codec))
        assert pages_of(tmp_path / codec) == noise
        assert (tmp_path / codec).stat().st_size == 5 * PAGE_SIZE + 5 * 24 + 5 * PAGE_SIZE


def test_elf_keeps_short_runs_of_excluded_pages_and_drops_long_ones(tmp_path: Path) -> None:
    pages = dict.fromkeys(range(600), b"x")
    (tmp_path / "in").write_bytes(build_elf(pages))
    kinds = dict.fromkeys(range(10, 265), PageKind.FREE) | dict.fromkeys(range(300, 556), PageKind.FREE)
    copy(tmp_path / "in", tmp_path / "out", quick(level=16, format="elf"), kinds)
    assert set(pages_of(tmp_path / "out")) == set(range(300)) | set(range(556, 600))
    copy(tmp_path / "in", tmp_path / "strict", quick(level=16, format="elf", dropped_run_pages=1), kinds)
    assert set(pages_of(tmp_path / "strict")) == set(pages) - set(kinds)


def test_broken_pages_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_elf(PAGES))
    kinds = {3: PageKind.HWPOISON, 5: PageKind.OFFLINE}
    for format_ in ("kdump", "elf"):
        copy(tmp_path / "in", tmp_path / format_, quick(level=0, format=format_), kinds)
        assert set(pages_of(tmp_path / format_)) == set(PAGES) - {3, 5}


def test_elf_of_many_segments_counts_them_in_its_section(tmp_path: Path) -> None:
    pages = dict.fromkeys(range(0, 2 * 65540, 2), b"")
    (tmp_path / "in").write_bytes(build_kdump(pages, codec=""))
    copy(tmp_path / "in", tmp_path / "out", quick(level=0, format="elf"))
    with open(tmp_path / "out", "rb") as file:
        ehdr = elf.read_ehdr(file.read(64))
    assert ehdr.e_phnum == elf.PN_XNUM
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.pages_kept == 65540
        assert open_pages(dump).holds(131078, 2).tolist() == [True, False]


def test_elf_says_where_the_kernel_mapped_memory(tmp_path: Path, sample_vmcore: Path) -> None:
    """A compressed dump does not say it: a pointer to memory of the boot allocator does."""
    copy(sample_vmcore, tmp_path / "out", quick(format="elf"))
    with open_dump(tmp_path / "out") as dump:
        assert isinstance(dump, ElfDump)
        memory = open_memory(dump)
        segments = [segment for segment in dump.segments() if segment.virtual is not None]
        assert len(segments) == len(dump.segments())
        for segment in segments:
            assert segment.virtual is not None
            assert memory.translate(segment.virtual) == segment.physical


def test_memory_beyond_any_machine_is_refused(tmp_path: Path) -> None:
    data = bytearray(build_elf({0: b"x"}))
    data[64 + 56 + 24 : 64 + 56 + 32] = (1 << 60).to_bytes(8, "little")  # p_paddr
    (tmp_path / "in").write_bytes(data)
    with pytest.raises(DumpError, match="memory ends"):
        copy(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("changes", [{"compression": "zlib"}, {"compression": "lzo"}, {"format": "elf"}])
def test_makedumpfile_reads_what_was_written(tmp_path: Path, sample_vmcore: Path, changes: dict[str, str]) -> None:
    program = shutil.which("makedumpfile")
    if program is None:
        pytest.skip("makedumpfile is not installed")
    dump, log, again = tmp_path / "dump", tmp_path / "log", tmp_path / "again"
    copy(sample_vmcore, dump, quick(level=0, **changes))
    subprocess.run([program, "--dump-dmesg", dump, log], check=True, capture_output=True)
    assert b"Linux version 5.10" in log.read_bytes()
    # Its memory map of an ELF file ends too early where excluded pages are followed by others.
    subprocess.run([program, "--non-mmap", "-l", "-d0", dump, again], check=True, capture_output=True)
    assert pages_of(again) == pages_of(sample_vmcore)
