from __future__ import annotations

from pathlib import Path

import pytest

from kdive.symbols.debug_files import module_candidates, vmlinux_candidates

RELEASE = "6.1.0-9-amd64"
BUILD_ID = "ab" + "cd" * 19


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def _candidates(dump: Path, *debug_dirs: Path, system: Path | None = None, release: str = RELEASE) -> list[Path]:
    return list(vmlinux_candidates(release, BUILD_ID, dump, debug_dirs, (system,) if system else ()))


@pytest.mark.parametrize(
    "place",
    [
        f"boot/vmlinux-{RELEASE}",  # Debian, Ubuntu
        f"lib/modules/{RELEASE}/vmlinux",  # Fedora, RHEL
        f"usr/lib/modules/{RELEASE}/vmlinux.debug",  # SUSE
        f".build-id/ab/{BUILD_ID[2:]}.debug",
        f"usr/lib/debug/boot/vmlinux-{RELEASE}",  # an unpacked package
        f"usr/lib/debug/lib/modules/{RELEASE}/vmlinux",
        "vmlinux",
    ],
)
def test_layouts_of_the_distributions_are_searched(tmp_path: Path, place: str) -> None:
    found = _touch(tmp_path / "debug" / place)
    assert _candidates(tmp_path / "vmcore", tmp_path / "debug") == [found]
    assert _candidates(tmp_path / "vmcore", system=tmp_path / "debug") == [found]


def test_files_beside_the_dump_come_first_then_the_given_folders(tmp_path: Path) -> None:
    system = _touch(tmp_path / "system/boot" / f"vmlinux-{RELEASE}")
    given = _touch(tmp_path / "given/vmlinux")
    beside = _touch(tmp_path / "crash" / f"vmlinux-{RELEASE}")
    debug = _touch(tmp_path / "crash/kernel.debug")
    found = _candidates(tmp_path / "crash/vmcore", tmp_path / "given", system=tmp_path / "system")
    assert found == [beside, debug, given, system]


@pytest.mark.parametrize("release", ["../../etc", "", "..", "a/b", "x\0y"])
def test_release_out_of_a_dump_leads_nowhere_else(tmp_path: Path, release: str) -> None:
    _touch(tmp_path / "etc")
    _touch(tmp_path / "boot" / "vmlinux-")
    assert _candidates(tmp_path / "crash/vmcore", tmp_path / "debug", release=release) == []


def test_module_is_found_beside_the_dump_under_its_usual_names(tmp_path: Path) -> None:
    files = [_touch(tmp_path / name) for name in ("virtio-blk.ko", "5.10-virtio-blk.ko", "virtio_blk.ko.debug")]
    _touch(tmp_path / "other.ko")
    assert sorted(module_candidates("virtio_blk", tmp_path / "vmcore", ())) == sorted(files)
    assert list(module_candidates("../virtio_blk", tmp_path / "vmcore", ())) == []
