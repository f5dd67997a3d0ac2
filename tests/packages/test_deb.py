"""Debian packages, unpacked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.packages.deb import unpack, unpack_some
from tests.lab.need import need


def package(folder: Path, name: str, *files: str) -> Path:
    """A package with `files`, each of which holds its own path."""
    need("dpkg-deb")
    root = folder / name
    (root / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@localhost>\nDescription: x\n"
    (root / "DEBIAN" / "control").write_text(control)
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
    deb = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", root, deb], check=True, capture_output=True)
    return deb


def test_old_packages_and_new_ones_meet_below_usr(tmp_path: Path) -> None:
    old = package(tmp_path, "old", "lib/modules/1/kernel/a.ko", "bin/sh", "sbin/kexec")
    new = package(tmp_path, "new", "usr/lib/modules/1/kernel/b.ko", "usr/bin/make")
    root = tmp_path / "root"
    unpack([old, new, old], root)
    assert sorted(path.name for path in (root / "lib/modules/1/kernel").iterdir()) == ["a.ko", "b.ko"]
    assert (root / "bin").is_symlink()
    assert sorted(path.name for path in (root / "usr/bin").iterdir()) == ["make", "sh"]
    assert (root / "usr/sbin/kexec").read_text() == "sbin/kexec"


def test_only_what_was_asked_for_is_unpacked(tmp_path: Path) -> None:
    debuginfo = package(tmp_path, "dbg", "usr/lib/debug/boot/vmlinux-1", "usr/lib/debug/lib/modules/1/a.ko")
    root = tmp_path / "root"
    root.mkdir()
    unpack_some(debuginfo, root, "*/vmlinux-1")
    assert [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()] == [
        "usr/lib/debug/boot/vmlinux-1"
    ]
    with pytest.raises(KdiveError, match="Not found in archive"):
        unpack_some(debuginfo, root, "*/vmlinux-2")


def test_a_damaged_package_is_an_error(tmp_path: Path) -> None:
    deb = package(tmp_path, "damaged", "usr/bin/make")
    deb.write_bytes(deb.read_bytes()[:-40])
    with pytest.raises(KdiveError):
        unpack([deb], tmp_path / "root")
