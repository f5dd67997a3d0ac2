"""Kernels out of RPM packages. Those in data/ were made by rpmbuild 4.18: one with zstd, one with xz."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.lab.fetch import fetch
from kdive.lab.store import Store
from kdive.packages.rpm import write_cpio
from tests.lab.need import need

DATA = Path(__file__).parent / "data"
RELEASE = "5.14.0-503.el9.x86_64"
CORE = DATA / f"kernel-core-{RELEASE}.rpm"


def quiet(what: str) -> None:
    pass


def test_a_kernel_is_put_together_from_the_packages_that_lie_beside_each_other(tmp_path: Path) -> None:
    need("cpio")
    kernel = fetch(Store(tmp_path), str(CORE), "x86_64", progress=quiet)
    assert (kernel.release, kernel.arch, kernel.suite) == (RELEASE, "x86_64", "")
    assert kernel.vmlinuz.read_text() == "a kernel\n"
    assert kernel.config == {"CONFIG_SMP": "y"}
    # One package has its files below /lib, the other below /usr/lib.
    assert (kernel.modules / "kernel" / "fs" / "ext4.ko").read_text() == "ko\n"
    assert (kernel.modules / "kernel" / "drivers" / "virtio_blk.ko").read_text() == "ko\n"
    assert Store(tmp_path).kernels() == [kernel]


def test_a_kernel_whose_modules_are_not_there_is_taken_without(tmp_path: Path) -> None:
    need("cpio")
    alone = Path(shutil.copy(CORE, tmp_path))
    kernel = fetch(Store(tmp_path / "store"), str(alone), "x86_64", progress=quiet)
    assert kernel.vmlinuz.exists()
    assert not (kernel.modules / "kernel" / "drivers").exists()


def test_a_kernel_for_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="not a kernel for aarch64"):
        fetch(Store(tmp_path), str(CORE), "aarch64", progress=quiet)


def test_a_package_without_a_kernel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="not called as a kernel's package is"):
        fetch(Store(tmp_path), str(DATA / f"kernel-modules-{RELEASE}.rpm"), "x86_64", progress=quiet)


def test_a_page_in_place_of_a_package_is_named_as_such(tmp_path: Path) -> None:
    page = tmp_path / CORE.name
    page.write_text("<html>302 Found</html>")
    with pytest.raises(KdiveError, match="not an RPM package"):
        fetch(Store(tmp_path / "store"), str(page), "x86_64", progress=quiet)
    assert Store(tmp_path / "store").kernels() == []


def test_a_package_that_was_cut_short_is_damaged(tmp_path: Path) -> None:
    need("cpio")
    short = tmp_path / CORE.name
    short.write_bytes(CORE.read_bytes()[:-100])
    with pytest.raises(KdiveError):
        fetch(Store(tmp_path / "store"), str(short), "x86_64", progress=quiet)
    assert Store(tmp_path / "store").kernels() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, CORE.stat().st_size - 1), st.integers(0, 255), st.sampled_from(sorted(DATA.glob("*.rpm"))))
def test_any_damage_gives_an_archive_or_an_error_that_says_so(
    tmp_path: Path, offset: int, value: int, package: Path
) -> None:
    data = bytearray(package.read_bytes())
    data[offset % len(data)] = value
    damaged = tmp_path / "damaged.rpm"
    damaged.write_bytes(data)
    try:
        write_cpio(damaged, tmp_path / "archive")
    except KdiveError as error:
        assert str(damaged) in error.message
