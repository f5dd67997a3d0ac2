"""Crash folders as kdump services leave them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.dumpfile.recognise import recognise
from kdive.errors import DumpError
from tests.build_dump import build_elf, build_kdump, flatten

DUMP = build_kdump({1: b"page"})


def write(folder: Path, name: str, data: bytes = DUMP) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["vmcore", "vmcore-dmesg.txt", "kexec-dmesg.log"], "vmcore"),
        (["dump.202601011200", "dmesg.202601011200"], "dump.202601011200"),
        (["vmcore-incomplete", "vmcore-dmesg.txt"], "vmcore-incomplete"),
        (["vmcore", "vmcore-incomplete"], "vmcore"),
        (["vmcore.flat"], "vmcore.flat"),
        (["anything", "README"], "anything"),
    ],
)
def test_the_dump_is_picked_by_its_name(tmp_path: Path, names: list[str], meant: str) -> None:
    for name in names:
        is_dump = "dmesg" not in name and name != "README"
        write(tmp_path, name, DUMP if is_dump else b"[    1.000000] x: y\n")
    with open_dump(tmp_path) as dump:
        assert dump.path == tmp_path / meant
    found = recognise(tmp_path)
    assert (found.kind, found.path) == ("dump", tmp_path / meant)


def test_a_file_named_vmcore_that_is_none_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "vmcore", b"")
    write(tmp_path, "vmcore.flat", flatten(DUMP))
    write(tmp_path, "vmlinux", build_elf({1: b"x"}, e_type=2))
    with open_dump(tmp_path) as dump:
        assert dump.path.name == "vmcore.flat"


def test_the_only_subfolder_with_a_dump_is_entered(tmp_path: Path) -> None:
    inner = write(tmp_path, "127.0.0.1-2026-01-01-12:00:00/vmcore")
    (tmp_path / "empty").mkdir()
    with open_dump(tmp_path) as dump:
        assert dump.path == inner


def test_more_dumps_than_one_are_listed_newest_first(tmp_path: Path) -> None:
    old, new = write(tmp_path, "a-old/vmcore"), write(tmp_path, "b-new/vmcore")
    os.utime(old.parent, (1000, 1000))
    with pytest.raises(DumpError, match="a folder with 2 dumps") as caught:
        open_dump(tmp_path)
    assert caught.value.hint == f"name one of them: {new}, {old}"
    assert recognise(tmp_path).kind == "other"


@pytest.mark.parametrize("name", ["vmcore-dmesg.txt", "dmesg.202601011200", "vmcore-dmesg-incomplete.txt"])
def test_a_folder_with_only_a_log_is_a_log(tmp_path: Path, name: str) -> None:
    log = write(tmp_path, name, b"[    1.000000] x: y\n")
    found = recognise(tmp_path)
    assert (found.kind, found.path) == ("log", log)
    with pytest.raises(DumpError, match="a folder without a dump") as caught:
        open_dump(tmp_path)
    assert str(log) in caught.value.hint


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    found = recognise(tmp_path)
    assert (found.kind, found.what) == ("other", "a folder without a dump")
