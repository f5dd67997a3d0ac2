"""Dumps checked by themselves, and against others."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kdive.engine.kinds import PageKind
from kdive.engine.verify import check, compare
from kdive.errors import DumpError, KdiveError
from kdive.formats import elf
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, flatten, split_kdump
from tests.engine.copying import copy, pages_of, quick

PAGES = {pfn: f"page {pfn} ".encode() * 400 for pfn in range(12)}
DESCRIPTOR_BYTES = 24


def built(tmp_path: Path, data: bytes, name: str = "dump") -> Path:
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def parts_of(data: bytes) -> tuple[int, int]:
    """Where the table of pages starts, and where the pages do."""
    table = PAGE_SIZE * (1 + 1 + 2)
    return table, table + len(PAGES) * DESCRIPTOR_BYTES


def flipped(data: bytes, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def test_the_sample_is_whole(sample_vmcore: Path) -> None:
    found = check(sample_vmcore)
    assert found.whole
    assert found.pages == 14449
    assert found.format == "kdump-compressed"


@pytest.mark.parametrize("codec", ["zlib", "zstd", "lzo", "snappy", ""])
def test_whatever_is_changed_in_the_table_of_pages_is_found(tmp_path: Path, codec: str) -> None:
    data = build_kdump(PAGES, codec=codec)
    assert check(built(tmp_path, data)).whole
    start, end = parts_of(data)
    for bit in range(8 * start, 8 * end, 7):  # 7 and 192 have no common divisor: each bit of a descriptor comes up
        assert not check(built(tmp_path, flipped(data, bit))).whole, bit - 8 * start


def test_whatever_is_changed_in_a_page_is_found_by_its_checksum_and_by_comparing(tmp_path: Path) -> None:
    pages = {pfn: os.urandom(PAGE_SIZE) for pfn in range(4)}
    data = build_kdump(pages)
    whole = built(tmp_path, data, "whole")
    entry = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": "kdive-capture/1", "files": {"vmcore": entry}}))
    assert check(built(tmp_path, data, "vmcore")).checksums == ("vmcore",)
    start = len(data) - 4 * PAGE_SIZE
    for bit in range(8 * start, 8 * len(data), 3001):
        damaged = built(tmp_path, flipped(data, bit), "vmcore")
        found = check(damaged)
        assert (found.whole, found.checksums) == (False, ())
        assert "checksum" in found.problems[0]
        different = compare(whole, damaged).different
        pfn = (bit // 8 - start) // PAGE_SIZE
        assert (different.pages, different.ranges) == (1, ((pfn, pfn + 1),))


def test_a_page_that_does_not_decompress_is_named(tmp_path: Path) -> None:
    data = build_kdump(PAGES, codec="zlib")
    _, first = parts_of(data)
    found = check(built(tmp_path, flipped(data, 8 * first)))
    assert (found.pages, found.unreadable.ranges) == (11, ((0, 1),))


def test_pages_that_were_never_written_are_named(tmp_path: Path) -> None:
    found = check(built(tmp_path, build_kdump(PAGES, lost=[2, 3, 7], incomplete=True)))
    assert not found.whole
    assert (found.lost.pages, found.lost.ranges) == (3, ((2, 4), (7, 8)))
    assert "not written to the end" in found.problems[0]


def test_a_file_cut_short_is_not_whole(tmp_path: Path) -> None:
    for data in (build_kdump(PAGES), build_elf(PAGES), flatten(build_kdump(PAGES))):
        for size in (len(data) - 1, len(data) // 2):
            try:
                assert not check(built(tmp_path, data[:size])).whole
            except DumpError:
                continue


def test_every_container_can_be_whole_and_they_are_all_the_same(tmp_path: Path) -> None:
    reference = built(tmp_path, build_kdump(PAGES, codec=""), "reference")
    (tmp_path / "split").mkdir()
    for index, part in enumerate(split_kdump(PAGES, [5, 8])):
        built(tmp_path, part, f"split/part{index}")
    for name, data in (("elf", build_elf(PAGES)), ("flat", flatten(build_kdump(PAGES))), ("split/part0", None)):
        path = tmp_path / name if data is None else built(tmp_path, data, name)
        assert check(path).whole
        found = compare(reference, path)
        assert (found.same, found.equal) == (True, len(PAGES))


def test_pages_that_only_one_has_are_named_on_the_side_that_lacks_them(tmp_path: Path) -> None:
    first = built(tmp_path, build_kdump({pfn: PAGES[pfn] for pfn in (0, 1, 2, 5)}, ram=range(12)), "first")
    second = built(tmp_path, build_kdump(PAGES | {2: b"other"}), "second")
    found = compare(first, second)
    assert found.equal == 3
    assert found.different.ranges == ((2, 3),)
    assert (found.missing[0].ranges, found.missing[1].pages) == (((3, 5), (6, 12)), 0)
    assert compare(second, first).missing[1] == found.missing[0]


def test_a_page_of_zeros_that_the_level_left_out_is_equal(tmp_path: Path) -> None:
    raw = built(tmp_path, build_elf(PAGES | {3: b"", 4: b""}), "raw")
    copy(raw, tmp_path / "elf", quick(level=1, format="elf", dropped_run_pages=1))
    copy(raw, tmp_path / "kdump", quick(level=1))
    found = compare(raw, tmp_path / "elf")
    assert (found.same, found.equal, found.equal_zero) == (True, 12, 2)
    assert compare(raw, tmp_path / "kdump").equal == 12
    kept = {pfn: content for pfn, content in PAGES.items() if pfn not in (3, 4)}
    strict = built(tmp_path, build_kdump(kept, ram=range(12), dump_level=0), "strict")
    assert compare(raw, strict).missing[1].ranges == ((3, 5),)


def test_missing_pages_are_told_by_their_kind(tmp_path: Path, sample_vmcore: Path) -> None:
    pages = pages_of(sample_vmcore)
    left_out = dict.fromkeys([pfn for pfn in sorted(pages) if any(pages[pfn])][500:510], PageKind.FREE)
    copy(sample_vmcore, tmp_path / "less", quick(level=31), left_out)
    found = compare(tmp_path / "less", sample_vmcore)
    assert (found.equal, found.missing[0].pages) == (14439, 10)
    # The struct pages of the dump itself say that these are pages of the kernel.
    assert found.missing[0].of_kind == {"kept": 10}
    assert found.missing_by_level == (0, 0)


def test_dumps_of_other_machines_and_hostile_files_are_errors(tmp_path: Path) -> None:
    first = built(tmp_path, build_kdump(PAGES), "first")
    other = built(tmp_path, build_kdump(PAGES, machine="aarch64"), "other")
    with pytest.raises(DumpError, match="aarch64"):
        compare(first, other)
    with pytest.raises(DumpError):
        check(built(tmp_path, b"no dump", "none"))
    data = bytearray(build_elf({0: b"x"}))
    size = data.index(PAGE_SIZE.to_bytes(8, "little"), 64 + elf.Phdr64.size())
    data[size : size + 16] = ((1 << 62).to_bytes(8, "little")) * 2  # p_filesz, p_memsz
    try:
        assert not check(built(tmp_path, bytes(data), "huge")).whole
    except KdiveError:
        return


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"schema": 1}', '{"schema": "kdive-capture/1", "files": {"vmcore": 3}}']
)
def test_a_manifest_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    found = check(built(tmp_path, build_kdump(PAGES), "vmcore"))
    assert not found.whole
    assert "manifest.json" in found.problems[0]


def test_makedumpfile_and_kdive_keep_the_same_pages(tmp_path: Path, sample_vmcore: Path) -> None:
    program = shutil.which("makedumpfile")
    if program is None:
        pytest.skip("makedumpfile is not installed")
    copy(sample_vmcore, tmp_path / "ours", quick(level=31, compression="lzo"))
    for options in (["-l", "-d31"], ["-c", "-d1"], ["-d0"], ["--split", "-c", "-d31"]):
        names = ["p1", "p2"] if "--split" in options else ["theirs"]
        paths = [tmp_path / name for name in names]
        subprocess.run([program, "-f", *options, tmp_path / "ours", *paths], check=True, capture_output=True)
        assert check(paths[0]).whole
        found = compare(tmp_path / "ours", paths[0])
        assert (found.same, found.equal) == (True, 14449)
