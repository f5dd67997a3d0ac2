"""Single files out of packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.packages.contents import extract
from tests.lab.need import need

RPM = Path(__file__).parent.parent / "lab" / "data" / "kernel-core-5.14.0-503.el9.x86_64.rpm"


def deb(folder: Path, compression: str) -> Path:
    """A package with two files, built by dpkg-deb."""
    need("dpkg-deb")
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    control = "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@localhost>\nDescription: x\n"
    (root / "DEBIAN" / "control").write_text(control)
    (root / "usr/lib/debug/boot").mkdir(parents=True)
    (root / "usr/lib/debug/boot/vmlinux-6.1").write_bytes(b"the kernel" * 1000)
    (root / "usr/lib/debug/other").write_bytes(b"other")
    path = folder / "x.deb"
    subprocess.run(["dpkg-deb", f"-Z{compression}", "--build", root, path], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("compression", ["xz", "gzip", "zstd", "none"])
def test_one_file_comes_out_of_a_debian_package(compression: str, tmp_path: Path) -> None:
    package = deb(tmp_path, compression)
    seen: list[str] = []

    def wanted(path: str) -> str | None:
        seen.append(path)
        return "vmlinux" if path.endswith("vmlinux-6.1") else None

    assert extract(package, wanted, tmp_path / "out") == [tmp_path / "out" / "vmlinux"]
    assert (tmp_path / "out" / "vmlinux").read_bytes() == b"the kernel" * 1000
    assert sorted(seen) == ["usr/lib/debug/boot/vmlinux-6.1", "usr/lib/debug/other"]


def test_one_file_comes_out_of_an_rpm_package(tmp_path: Path) -> None:
    found = extract(RPM, lambda path: "k" if path.endswith("/vmlinuz") else None, tmp_path)
    assert [path.read_text() for path in found] == ["a kernel\n"]


def test_another_file_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "x.rpm").write_text("<html>302 Found</html>")
    with pytest.raises(KdiveError, match="neither an RPM package nor a Debian one"):
        extract(tmp_path / "x.rpm", lambda path: "x", tmp_path / "out")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, RPM.stat().st_size), flip=st.integers(0, RPM.stat().st_size * 8 - 1))
def test_any_damage_gives_files_or_an_error_that_says_so(cut: int, flip: int, tmp_path: Path) -> None:
    data = bytearray(RPM.read_bytes())
    data[flip >> 3] ^= 1 << (flip & 7)
    package = tmp_path / "x.rpm"
    package.write_bytes(data[:cut] if cut else data)
    try:
        extract(package, lambda path: "one", tmp_path / "out")
    except KdiveError as error:
        assert str(package) in error.message
