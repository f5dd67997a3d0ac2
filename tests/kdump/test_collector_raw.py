"""A dump on a partition without a file system, and how it comes off it on the next boot."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.engine.manifest import check_files
from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.capture_plan import CapturePlan, Place
from kdive.kdump.collector.raw_layout import BLOCK_BYTES, HEADER_BYTES, MAGIC, BlockReader, BlockWriter, RawHeader, pack
from kdive.kdump.collector.recover import recover_raw
from kdive.kdump.dumps import read_dump
from tests.build_dump import flatten
from tests.kdump.capture_tree import MB, Tree, kdive, loop_device, make_tree, modes, unfiltered

PLAN = CapturePlan("web1", "5.10.0-32-cloud-amd64", (Place("raw", device="/dev/vda"),))


@pytest.fixture
def tree(tmp_path: Path, sample_vmcore: Path) -> Tree:
    return make_tree(tmp_path / "root", sample_vmcore)


def captured(tree: Tree, device: str) -> None:
    tree.add_device("vda", device)
    code, said = tree.collect(PLAN)
    assert code == 0, said


def test_dump_log_and_manifest_come_off_the_partition_once(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 64 * MB) as device:
        captured(tree, device)
        folder = recover_raw(Path(device), tmp_path / "crash")
        assert not isinstance(folder, Missing)
        assert modes(folder) == dict.fromkeys(("manifest.json", "vmcore", "vmcore-dmesg.txt"), 0o600)
        assert check_files([folder / "vmcore", folder / "vmcore-dmesg.txt"]).problems == ()
        found = read_dump(folder)
        assert found is not None and found.complete and found.level == 31
        assert "BUG in zoo_bug_leaf" in kdive("report", "--brief", str(folder))
        assert recover_raw(Path(device), tmp_path / "crash") == Missing(f"there is no dump on {device}")


def test_of_a_dump_cut_short_what_an_older_one_left_behind_it_is_not_taken(tree: Tree, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with loop_device(disk, 64 * MB) as device:
        captured(tree, device)
        os.sync()
        older = disk.read_bytes()
        assert tree.collect(PLAN)[0] == 0
        with open(device, "r+b") as file:  # the second was written up to there, and its header not again
            size = int.from_bytes(file.read(len(MAGIC) + 8)[len(MAGIC) :], "little")
            header = json.loads(file.read(size))
            header["stream_bytes"] = 0
            text = json.dumps(header).encode()
            file.seek(0)
            file.write((MAGIC + len(text).to_bytes(8, "little") + text).ljust(HEADER_BYTES, b"\0"))
            file.seek(6 * MB)
            file.write(older[6 * MB :])
        folder = recover_raw(Path(device), tmp_path / "crash")
        assert not isinstance(folder, Missing)
        assert set(modes(folder)) == {"manifest.json", "vmcore-incomplete", "vmcore-dmesg.txt"}
        manifest = json.loads((folder / "manifest.json").read_text())
        assert (manifest["complete"], manifest["reason"]) == (False, "the stream ends within a piece")
        assert "zoo_bug_leaf" in kdive("report", str(folder / "vmcore-incomplete"))


def test_what_does_not_fit_on_the_partition_is_saved_at_the_highest_level(tmp_path: Path, sample_vmcore: Path) -> None:
    tree = make_tree(tmp_path / "whole", unfiltered(sample_vmcore, tmp_path / "vmcore"))
    with loop_device(tmp_path / "disk", 57 * MB) as device:
        tree.add_device("vda", device)
        assert tree.collect(replace(PLAN, core_collector="makedumpfile -d 0"))[0] == 0
        folder = recover_raw(Path(device), tmp_path / "crash")
        assert not isinstance(folder, Missing)
        found = read_dump(folder)
        assert found is not None and (found.complete, found.level) == (True, 31)


def test_a_partition_with_a_file_system_is_not_touched(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 64 * MB, "mke2fs", "-q", "-F", "-t", "ext4") as device:
        before = (tmp_path / "disk").read_bytes()
        tree.add_device("vda", device)
        code, said = tree.collect(PLAN)
        assert code == 1
        assert "holds a file system (ext4)" in said
        assert (tmp_path / "disk").read_bytes() == before


@given(st.lists(st.binary(max_size=3000), max_size=6), st.integers(0, 4 * BLOCK_BYTES))
@settings(max_examples=30, deadline=None)
def test_blocks_give_the_stream_back_and_of_a_cut_one_its_start(pieces: list[bytes], kept: int) -> None:
    device, mark = io.BytesIO(), bytes(range(16))
    writer = BlockWriter(device, mark)
    for piece in pieces:
        writer.write(piece * 400)
    writer.end()
    stream = b"".join(piece * 400 for piece in pieces)
    assert BlockReader(io.BytesIO(device.getvalue()), mark).read() == stream
    cut = BlockReader(io.BytesIO(device.getvalue()[:kept]), mark).read()
    assert stream.startswith(cut)
    assert len(cut) >= min(len(stream), kept // BLOCK_BYTES * (BLOCK_BYTES - 24))
    assert BlockReader(io.BytesIO(device.getvalue()), bytes(16)).read() == b""


def test_a_stream_that_asks_for_a_file_without_end_leaves_nothing(tmp_path: Path) -> None:
    disk, device = tmp_path / "disk", io.BytesIO()
    mark = bytes(range(16))
    writer = BlockWriter(device, mark)
    writer.write(flatten(b"KDUMP   ", end_marker=False))
    writer.write((1 << 44).to_bytes(8, "big") + (8).to_bytes(8, "big") + b"far away")
    writer.end()
    start = pack(RawHeader("web1-2026-11-23-05:07:08", stream_offset=BLOCK_BYTES, mark=mark.hex()))
    disk.write_bytes(start.ljust(BLOCK_BYTES, b"\0") + device.getvalue())
    with pytest.raises(KdiveError, match="limit"):
        recover_raw(disk, tmp_path / "crash")
    assert list((tmp_path / "crash").iterdir()) == []
    assert disk.read_bytes().startswith(MAGIC)


@pytest.mark.parametrize(
    "header",
    [
        MAGIC + b"\xff" * 8,
        MAGIC + (2).to_bytes(8, "little") + b"{}",
        MAGIC + (60).to_bytes(8, "little") + b'{"name": "../../etc", "log_bytes": 1}'.ljust(60),
        MAGIC + (60).to_bytes(8, "little") + b'{"name": "a", "log_bytes": -1}'.ljust(60),
        MAGIC + (60).to_bytes(8, "little") + b'{"name": "a", "stream_offset": 9, "mark": "xy"}'.ljust(60),
    ],
)
def test_a_damaged_header_is_told_and_left_there(header: bytes, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(header.ljust(MB, b"\0"))
    with pytest.raises(KdiveError, match="damaged"):
        recover_raw(disk, tmp_path / "crash")
    assert disk.read_bytes().startswith(header)
