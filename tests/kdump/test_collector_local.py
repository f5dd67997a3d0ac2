"""The capture to a file system of the machine: what lies there afterwards, whatever was wrong with the disk."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from kdive import programs
from kdive.engine.manifest import check_files
from kdive.kdump.capture_plan import CapturePlan, Place
from kdive.kdump.dumps import read_dump
from tests.kdump.capture_tree import MB, Tree, kdive, loop_device, make_tree, modes, mounted, script, unfiltered

UUID = "0f0e0d0c-1111-2222-3333-444455556666"
EXT4 = ("mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID)
PLACE = Place("local", device=f"UUID={UUID}", folder="/var/crash")
PLAN = CapturePlan("web1", "5.10.0-32-cloud-amd64", (PLACE,), machine_id="m1", reserve=2 * MB)


@pytest.fixture
def tree(tmp_path: Path, sample_vmcore: Path) -> Tree:
    return make_tree(tmp_path / "root", sample_vmcore)


def only_folder(root: Path) -> Path:
    (folder,) = (root / "var/crash").iterdir()
    return folder


@pytest.mark.parametrize(
    ("fstype", "mkfs"),
    [
        ("ext4", EXT4),
        ("xfs", ("mkfs.xfs", "-q", "-m", f"uuid={UUID}")),
        ("", ("mkfs.btrfs", "-q", "-U", UUID)),
    ],
)
def test_log_dump_and_manifest_lie_in_a_private_folder(
    fstype: str, mkfs: tuple[str, ...], tree: Tree, tmp_path: Path
) -> None:
    with loop_device(tmp_path / "disk", 320 * MB, *mkfs) as device:
        tree.add_device("vda", device)
        plan = replace(PLAN, places=(replace(PLACE, fstype=fstype),))
        code, _ = tree.collect(plan)
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            assert code == 0
            assert re.fullmatch(r"127\.0\.0\.1-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d", folder.name)
            assert folder.stat().st_mode & 0o777 == 0o700
            assert modes(folder) == dict.fromkeys(
                ("kexec-dmesg.log", "manifest.json", "vmcore", "vmcore-dmesg.txt"), 0o600
            )
            checked = check_files([folder / "vmcore", folder / "vmcore-dmesg.txt"])
            assert (checked.agreeing, checked.problems) == (("vmcore", "vmcore-dmesg.txt"), ())
            manifest = json.loads((folder / "manifest.json").read_text())
            assert (manifest["complete"], manifest["level"], manifest["machine_id"]) == (True, 31, "m1")
            assert manifest["pages"]["machine"] == 61149
            assert manifest["capture_memory"]["peak_used"] == 70000 << 10
            assert "kernel BUG at" in (folder / "vmcore-dmesg.txt").read_text()
            found = read_dump(folder)
            assert found is not None and found.complete and found.kernel == PLAN.kernel
    assert tree.said.splitlines()[0] == "<5>kdive: web1 (5.10.0-32-cloud-amd64) has crashed: its dump is being saved"
    assert (tree.root / "dev/watchdog0").read_text().startswith(".")


def test_what_does_not_fit_is_saved_at_the_highest_level(tmp_path: Path, sample_vmcore: Path) -> None:
    tree = make_tree(tmp_path / "whole", unfiltered(sample_vmcore, tmp_path / "vmcore"))
    with loop_device(tmp_path / "disk", 80 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        code, _ = tree.collect(replace(PLAN, core_collector="makedumpfile -d 0"))
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            manifest = json.loads((folder / "manifest.json").read_text())
            assert (code, manifest["complete"], manifest["level"]) == (0, True, 31)


def test_a_dump_that_fits_at_no_level_is_named_incomplete_and_opens(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 12 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        code, said = tree.collect(PLAN)
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            assert code == 1
            assert "No space" in said or "limit of" in said
            assert "vmcore" not in modes(folder)
            found = read_dump(folder)
            assert found is not None and found.problem == "the capture ended within vmcore-incomplete"
            assert "BUG in zoo_bug_leaf" in kdive("report", "--brief", str(folder / "vmcore-incomplete"))
            assert "incomplete" in kdive("report", str(folder / "vmcore-incomplete"))


def test_with_room_for_the_log_alone_the_log_is_saved(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 8 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        code, said = tree.collect(replace(PLAN, reserve=64 * MB))
        with mounted(device, tmp_path / "mnt") as root:
            assert code == 1
            assert "there is no room for memory" in said
            assert set(modes(only_folder(root))) == {"vmcore-dmesg.txt", "manifest.json", "kexec-dmesg.log"}


@pytest.mark.parametrize("trouble", ["no inode", "another file system"])
def test_the_second_target_takes_the_dump_and_tells_why(trouble: str, tree: Tree, tmp_path: Path) -> None:
    first = replace(PLACE, device="/dev/vda")
    with (
        loop_device(tmp_path / "disk", 24 * MB, *EXT4, "-N", "16") as small,
        loop_device(tmp_path / "second", 64 * MB, *EXT4) as device,
    ):
        with mounted(small, tmp_path / "mnt") as root, suppress(OSError):
            for number in range(10_000):
                (root / f"file{number}").touch()
        tree.add_device("vda", small)
        if trouble == "another file system":
            first = replace(first, fstype="xfs")
        tree.add_device("vdb", device)
        code, _ = tree.collect(replace(PLAN, places=(first, replace(PLACE, device="/dev/vdb"))))
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            (why,) = json.loads((folder / "manifest.json").read_text())["failed_before"]
            assert code == 0
            assert why.startswith("/dev/vda: ")
            assert ("No space left" if trouble == "no inode" else "Invalid argument") in why


def test_the_collector_killed_in_the_middle_leaves_what_opens_and_says_so(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 128 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        with mounted(device, tmp_path / "mnt") as root:
            (root / "var/crash").mkdir(parents=True)
            with tree.start(replace(PLAN, core_collector="makedumpfile -c -d 0")) as process:
                _wait_for(root, 3 * MB)
                process.kill()
            time.sleep(0.5)
            folder = only_folder(root)
            assert "vmcore" not in modes(folder)
            assert "kernel BUG at" in (folder / "vmcore-dmesg.txt").read_text()
            assert json.loads((folder / "manifest.json").read_text())["complete"] is False
            report = kdive("report", str(folder / "vmcore-incomplete"))
            assert "zoo_bug_leaf" in report
            assert "incomplete" in report


def test_a_collector_that_is_told_to_stop_closes_the_dump(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 128 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        with mounted(device, tmp_path / "mnt") as root:
            (root / "var/crash").mkdir(parents=True)
            with tree.start(replace(PLAN, core_collector="makedumpfile -c -d 0")) as process:
                _wait_for(root, 3 * MB)
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 1
            folder = only_folder(root)
            manifest = json.loads((folder / "manifest.json").read_text())
            assert manifest["reason"] == "the capture was told to stop"
            assert check_files([folder / "vmcore-incomplete"]).agreeing == ("vmcore-incomplete",)
            assert "incomplete" in kdive("report", str(folder / "vmcore-incomplete"))


def test_another_program_than_makedumpfile_is_run_as_given(tree: Tree, tmp_path: Path, sample_vmcore: Path) -> None:
    with loop_device(tmp_path / "disk", 128 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        copy = script(tmp_path / "copy", 'test "$1" = --all && cp "$2" "$3"\n')
        code, _ = tree.collect(replace(PLAN, core_collector=f"{copy} --all"))
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            assert code == 0
            assert (folder / "vmcore").read_bytes() == sample_vmcore.read_bytes()
            assert check_files([folder / "vmcore"]).agreeing == ("vmcore",)


def test_where_filtering_takes_too_much_memory_the_dump_is_made_with_less(tree: Tree, tmp_path: Path) -> None:
    with loop_device(tmp_path / "disk", 128 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        with mounted(device, tmp_path / "mnt") as root:
            (root / "var/crash").mkdir(parents=True)
            with tree.start(replace(PLAN, core_collector="makedumpfile -c -d 0")) as process:
                _wait_for(root, 2 * MB)
                for child in programs.run(["ps", "-o", "pid=", "--ppid", str(process.pid)]).split():
                    os.kill(int(child), signal.SIGKILL)  # as the kernel does, out of memory
                assert process.wait(60) == 0
            folder = only_folder(root)
            manifest = json.loads((folder / "manifest.json").read_text())
            assert "too little memory" in manifest["failed_before"][0]
            assert (manifest["complete"], manifest["level"]) == (True, 0)
            assert "vmcore-incomplete" not in modes(folder)
            assert "BUG in zoo_bug_leaf" in kdive("report", "--brief", str(folder))


def test_memory_that_nothing_can_be_made_of_is_copied(tmp_path: Path) -> None:
    (tmp_path / "vmcore").write_bytes(os.urandom(3 * MB + 5))
    tree = make_tree(tmp_path / "odd", tmp_path / "vmcore")
    with loop_device(tmp_path / "disk", 32 * MB, *EXT4) as device:
        tree.add_device("vda", device)
        code, said = tree.collect(PLAN)
        with mounted(device, tmp_path / "mnt") as root:
            folder = only_folder(root)
            assert code == 0
            assert said.count("data of no format that is known here") == 2  # filtered, then plain
            assert (folder / "vmcore").read_bytes() == (tmp_path / "vmcore").read_bytes()
            assert check_files([folder / "vmcore"]).agreeing == ("vmcore",)
            assert json.loads((folder / "manifest.json").read_text())["program"] == ["copy"]


def test_the_log_goes_to_pstore_and_the_console_where_no_target_takes_it(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "dev/vda").write_bytes(bytes(MB))
    code, said = tree.collect(replace(PLAN, places=(replace(PLACE, device="/dev/vda"),)))
    assert code == 1
    assert "no file system is known on it" in said
    for name in ("pmsg0", "console"):
        assert "kernel BUG at" in (tree.root / "dev" / name).read_text()


def _wait_for(root: Path, size: int) -> None:
    """Until so much of the dump is written."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for path in (root / "var/crash").glob("*/vmcore-incomplete"):
            if path.stat().st_blocks * 512 > size:
                return
        time.sleep(0.002)
    raise AssertionError("no dump was begun")
