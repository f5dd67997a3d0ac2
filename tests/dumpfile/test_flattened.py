"""Flattened files read without being put in order first."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdive.dumpfile.flattened import FlattenedSource
from kdive.dumpfile.open import open_dump
from kdive.dumpfile.source import FileSource
from kdive.errors import DumpDamagedError, DumpError
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, flatten

PAGES = {1: b"one " * 500, 2: b"two", 9000: b"far"}


def source_of(tmp_path: Path, data: bytes) -> FlattenedSource:
    path = tmp_path / "vmcore.flat"
    path.write_bytes(data)
    return FlattenedSource(FileSource(path))


@pytest.mark.parametrize("record_size", [100, 4096, 1 << 20])
@pytest.mark.parametrize("rewrite_header", [False, True])
def test_content_is_what_was_flattened(tmp_path: Path, record_size: int, rewrite_header: bool) -> None:
    content = build_kdump(PAGES)
    source = source_of(tmp_path, flatten(content, record_size=record_size, rewrite_header=rewrite_header))
    assert source.size == len(content)
    assert source.read(0, source.size) == content
    assert source.read(4000, 300) == content[4000:4300]
    assert source.incomplete == ""


@pytest.mark.parametrize(("content", "inner"), [(build_kdump(PAGES), "kdump-compressed"), (build_elf(PAGES), "elf")])
def test_both_containers_open_within_a_flattened_file(tmp_path: Path, content: bytes, inner: str) -> None:
    path = tmp_path / "vmcore.flat"
    path.write_bytes(flatten(content, record_size=1000))
    with open_dump(path) as dump:
        assert dump.container.format == f"{inner} (flattened)"
        assert dump.container.size == path.stat().st_size
        assert dump.read_physical(9000 * PAGE_SIZE, 3) == b"far"
        assert not dump.native


def test_later_records_overwrite_parts_of_earlier_ones(tmp_path: Path) -> None:
    def record(offset: int, data: bytes) -> bytes:
        return struct.pack(">qq", offset, len(data)) + data

    stream = flatten(b"")[:4096]
    stream += record(0, b"aaaaaaaaaa") + record(3, b"bbbb") + record(5, b"c") + record(20, b"d") + record(-1, b"")[:8]
    stream += struct.pack(">q", -1)
    source = source_of(tmp_path, stream)
    assert source.read(0, 21) == b"aaabbcbaaa" + bytes(10) + b"d"


def test_a_stream_without_its_end_marker_is_incomplete_but_opens(tmp_path: Path) -> None:
    path = tmp_path / "vmcore.flat"
    path.write_bytes(flatten(build_kdump(PAGES), end_marker=False, rewrite_header=False))
    with open_dump(path) as dump:
        assert "no end marker" in dump.container.incomplete
        assert dump.read_physical(2 * PAGE_SIZE, 3) == b"two"


def test_a_record_cut_short_keeps_what_is_there(tmp_path: Path) -> None:
    content = bytes(range(256)) * 40
    whole = flatten(content, record_size=4096, end_marker=False, rewrite_header=False)
    source = source_of(tmp_path, whole[:-100])
    assert source.size == len(content) - 100
    assert source.read(0, source.size) == content[:-100]
    assert "no end marker" in source.incomplete


def test_a_flattened_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(flatten(b"not a dump"))
    with pytest.raises(DumpError, match=f"{path}: a flattened file without a dump in it"):
        open_dump(path)


@pytest.mark.parametrize("values", [(2**62, 2**62), (-5, 10), (0, -7), (2**63 - 1, 1)])
def test_a_hostile_record_ends_the_stream(tmp_path: Path, values: tuple[int, int]) -> None:
    stream = flatten(b"good", end_marker=False, rewrite_header=False) + struct.pack(">qq", *values) + bytes(64)
    source = source_of(tmp_path, stream)
    assert source.read(0, 4) == b"good"
    assert "damaged at offset" in source.incomplete


def test_a_huge_hole_is_damage_not_memory(tmp_path: Path) -> None:
    stream = flatten(b"start", end_marker=False, rewrite_header=False)
    stream += struct.pack(">qq", 2**40, 1) + b"x" + struct.pack(">qq", -1, -1)
    source = source_of(tmp_path, stream)
    with pytest.raises(DumpDamagedError, match="no record"):
        source.read(0, 1 << 25)
