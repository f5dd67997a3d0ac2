"""Pages in large reads, from every container."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import zstandard

from kdive.dumpfile.open import open_dump
from kdive.engine.open_pages import open_pages
from kdive.errors import KdiveError
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, flatten, split_kdump

PAGES = {pfn: f"page {pfn} ".encode() * 100 for pfn in (0, 1, 5, 7, 8, 9, 300)}


def assert_reads(path: Path, held: set[int]) -> None:
    with open_dump(path) as dump:
        reader = open_pages(dump)
        pages, good = reader.read(0, 310)
        assert set(np.flatnonzero(good).tolist()) == held
        assert set(np.flatnonzero(reader.holds(0, 310)).tolist()) == held
        for pfn in range(310):
            content = PAGES[pfn] if pfn in held else b""
            assert pages[pfn].tobytes() == content.ljust(PAGE_SIZE, b"\0")


@pytest.mark.parametrize("codec", ["zstd", "zlib", "lzo", "snappy", ""])
def test_compressed_pages(tmp_path: Path, codec: str) -> None:
    (tmp_path / "dump").write_bytes(build_kdump(PAGES, codec=codec, ram=range(310)))
    assert_reads(tmp_path / "dump", set(PAGES))


def test_pages_that_were_never_written_are_not_held(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(build_kdump(PAGES, lost=[5, 9], incomplete=True))
    assert_reads(tmp_path / "dump", set(PAGES) - {5, 9})


def test_pages_of_a_flattened_file(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(flatten(build_kdump(PAGES), record_size=100))
    assert_reads(tmp_path / "dump", set(PAGES))


def test_pages_of_a_split_set_and_of_one_with_a_part_missing(tmp_path: Path) -> None:
    parts = split_kdump(PAGES, [6, 8])
    for number, data in enumerate(parts):
        (tmp_path / f"part{number}").write_bytes(data)
    assert_reads(tmp_path / "part1", set(PAGES))
    (tmp_path / "part1").unlink()
    assert_reads(tmp_path / "part2", set(PAGES) - {7})


def test_pages_of_an_elf_file(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(build_elf(PAGES, excluded=[2, 3, 10]))
    assert_reads(tmp_path / "dump", set(PAGES))


def test_file_that_was_cut_short_holds_what_is_left(tmp_path: Path) -> None:
    data = build_elf(PAGES)
    (tmp_path / "dump").write_bytes(data[: -PAGE_SIZE - 1])
    with open_dump(tmp_path / "dump") as dump:
        held = open_pages(dump).holds(0, 310)
        assert set(np.flatnonzero(held).tolist()) == set(PAGES) - {9, 300}  # half of page 9 is there
        _, good = open_pages(dump).read(0, 310)
        assert set(np.flatnonzero(good).tolist()) == set(PAGES) - {9, 300}


def test_page_that_is_corrupt_is_not_good_and_its_neighbours_are(tmp_path: Path) -> None:
    data = bytearray(build_kdump(PAGES, codec="zstd"))
    frame = data.rfind(zstandard.FRAME_HEADER)  # of the last page
    data[frame + 6] ^= 0xFF
    (tmp_path / "dump").write_bytes(data)
    with open_dump(tmp_path / "dump") as dump:
        _, good = open_pages(dump).read(0, 310)
    assert set(np.flatnonzero(good).tolist()) == set(PAGES) - {300}


def test_pages_are_those_that_single_reads_give(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        reader = open_pages(dump)
        for segment in dump.segments():
            first, count = segment.physical // PAGE_SIZE, segment.size // PAGE_SIZE
            for pfn in range(first, first + count, 4096):
                pages, good = reader.read(pfn, min(64, first + count - pfn))
                for index, page in enumerate(pages):
                    try:
                        expected = dump.read_physical((pfn + index) * PAGE_SIZE, PAGE_SIZE)
                    except KdiveError:
                        assert not good[index]
                    else:
                        assert good[index] and page.tobytes() == expected


def test_threads_share_a_reader(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        reader = open_pages(dump)
        firsts = [segment.physical // PAGE_SIZE + step for segment in dump.segments() for step in (0, 300, 40000)]
        alone = [reader.read(first, 200) for first in firsts]
        with open_dump(sample_vmcore) as again, ThreadPoolExecutor(4) as threads:
            shared = open_pages(again)
            together = list(threads.map(lambda first: shared.read(first, 200), firsts * 4))
    for (pages, good), (other_pages, other_good) in zip(alone * 4, together, strict=True):
        assert (pages == other_pages).all() and (good == other_good).all()
