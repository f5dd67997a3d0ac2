"""A dump made smaller: pages that are compressed as wanted are copied, and the file is the same to the byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdive.engine.kinds import PageKind
from kdive.engine.verify import check, compare
from tests.build_dump import PAGE_SIZE, build_kdump, split_kdump
from tests.engine.copying import copy, pages_of, quick

CODECS = ("zstd", "zlib", "lzo", "snappy")
# Pages that shrink, that shrink to next to nothing without being zeros, that do not shrink, and zeros.
PAGES = {pfn: (os.urandom(900) + b"text" * 700, b"\1", os.urandom(PAGE_SIZE), b"")[pfn % 4] for pfn in range(2500)}


@pytest.mark.parametrize("codec", CODECS)
def test_pages_copied_and_pages_compressed_anew_give_the_same_file(tmp_path: Path, codec: str) -> None:
    kinds = dict.fromkeys([*range(100, 130), *range(900, 903), 2499], PageKind.FREE)
    (tmp_path / "in").write_bytes(build_kdump(PAGES, codec=""))
    copy(tmp_path / "in", tmp_path / "whole", quick(level=0, compression=codec))
    anew = copy(tmp_path / "in", tmp_path / "anew", quick(level=16, compression=codec), kinds)
    copied = copy(tmp_path / "whole", tmp_path / "copied", quick(level=16, compression=codec), kinds)
    assert (copied.zero, copied.kept, copied.lost) == (anew.zero, anew.kept, anew.lost)
    assert (tmp_path / "copied").read_bytes() == (tmp_path / "anew").read_bytes()


@pytest.mark.parametrize("codec", CODECS)
def test_pages_of_zeros_that_were_compressed_become_one(tmp_path: Path, codec: str) -> None:
    (tmp_path / "in").write_bytes(build_kdump(dict.fromkeys(range(50), b"") | {50: b"x" * 99}, codec=codec))
    result = copy(tmp_path / "in", tmp_path / "out", quick(level=1, compression=codec))
    assert (result.zero, result.kept) == (50, 1)
    assert pages_of(tmp_path / "out") == pages_of(tmp_path / "in")


def test_parts_of_a_split_set_are_copied_into_one(tmp_path: Path) -> None:
    for index, part in enumerate(split_kdump(PAGES, [700, 1800], codec="zstd")):
        (tmp_path / f"part{index}").write_bytes(part)
    copy(tmp_path / "part0", tmp_path / "out", quick(level=0))
    assert compare(tmp_path / "part0", tmp_path / "out").equal == len(PAGES)
    assert check(tmp_path / "out").whole


def test_a_damaged_page_that_is_copied_is_damaged_in_the_copy(tmp_path: Path) -> None:
    data = bytearray(build_kdump(PAGES, codec="zlib"))
    first = 4 * PAGE_SIZE + len(PAGES) * 24
    data[first] ^= 0xFF
    (tmp_path / "in").write_bytes(data)
    copy(tmp_path / "in", tmp_path / "out", quick(level=0, compression="zlib"))
    assert check(tmp_path / "out").unreadable.ranges == check(tmp_path / "in").unreadable.ranges == ((0, 1),)
