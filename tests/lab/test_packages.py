"""Kernels, trees and the module: what is planned, and what the cache promises, without fetching anything."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab import apt, fetch, kind, rpm
from kdive.lab.kernel import LabKernel
from kdive.lab.module import kbuild_text, make_script, table_source
from kdive.lab.store import Store, release_key
from kdive.lab.tree import host_arch

SHOWN = """\
Package: linux-image-7.2.13+deb14-cloud-amd64
Source: linux
Version: 7.2.13-1
Pre-Depends: linux-base (>= 4.12~)
Depends: linux-binary-7.2.13+deb14-cloud-amd64 (= 7.2.13-1), linux-modules-7.2.13+deb14-cloud-amd64, kmod | busybox
Description: Linux 7.2 for cloud
 Depends: this line is part of the description
Size: 1432
"""


def test_a_package_is_read_from_what_apt_prints() -> None:
    package = apt._package(SHOWN)
    assert (package.name, package.version, package.size) == (
        "linux-image-7.2.13+deb14-cloud-amd64",
        "7.2.13-1",
        1432,
    )
    assert package.depends == (
        "linux-base",
        "linux-binary-7.2.13+deb14-cloud-amd64",
        "linux-modules-7.2.13+deb14-cloud-amd64",
        "kmod",
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("linux-binary-7.2.13+deb14-cloud-amd64", True),
        ("linux-base-7.2.13+deb14", True),
        ("linux-headers-7.2.13+deb14-cloud-amd64", False),
        ("linux-base", False),
        ("kmod", False),
    ],
)
def test_an_image_is_put_together_from_its_parts(name: str, part: bool) -> None:
    assert fetch._is_part(name, "7.2.13+deb14-cloud-amd64") == part


@pytest.mark.parametrize(
    ("release", "name", "called"),
    [
        ("6.1.0-56-cloud-amd64", "6.1", True),
        ("6.12.117+deb12-cloud-amd64", "6.1", False),
        ("6.12.117+deb12-cloud-amd64", "6.12", True),
        ("6.12.117+deb12-cloud-amd64", "6.12.117", True),
        ("6.12.117+deb12-cloud-amd64", "6.12.117+deb12-cloud-amd64", True),
        ("6.12.117+deb12-cloud-amd64", "6.12.11", False),
    ],
)
def test_the_start_of_a_release_names_it(release: str, name: str, called: bool) -> None:
    assert fetch._is_called(release, name) == called


def test_releases_sort_by_their_numbers() -> None:
    assert sorted(["6.12.5", "6.9.0", "6.1.0-56", "6.1.0-9"], key=release_key) == [
        "6.1.0-9",
        "6.1.0-56",
        "6.9.0",
        "6.12.5",
    ]


def test_every_suite_has_an_archive_and_none_names_a_host() -> None:
    for suite in apt.suites():
        assert suite.archives
        assert not any("/" in word or "." in word for archive in suite.archives for word in archive)


def test_the_store_finds_what_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.making("kernels/6.1.0-9") as new:
        assert new is not None
        store.describe(new, LabKernel("6.1.0-9", "x86_64", "6.1.9-1", "bookworm", new))
        assert store.kernels() == []
    (kernel,) = store.kernels()
    assert (kernel.release, kernel.root) == ("6.1.0-9", tmp_path / "kernels" / "6.1.0-9")
    with store.making("kernels/6.1.0-9") as new:
        assert new is None


def test_what_failed_half_way_is_not_there_and_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError), store.making("trees/x") as new:
        assert new is not None
        (new / "half").touch()
        raise ZeroDivisionError
    assert not (tmp_path / "trees" / "x").exists()
    with store.making("trees/x") as new:
        assert new is not None
        assert list(new.iterdir()) == []


def test_two_programs_do_not_make_the_same_thing(tmp_path: Path) -> None:
    made: list[bool] = []
    started = threading.Barrier(2)

    def make() -> None:
        started.wait()
        with Store(tmp_path).making("trees/x") as new:
            made.append(new is not None)

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]


def test_a_cache_of_another_version_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "kernels" / "x").mkdir(parents=True)
    (tmp_path / "kernels" / "x" / "kernel.json").write_text('{"release": "x"}')
    assert Store(tmp_path).kernels() == []


def test_a_kernel_of_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="vax"):
        fetch.fetch(Store(tmp_path), "6.1", "vax", progress=lambda what: None)


def test_the_table_calls_every_kind() -> None:
    names = [name for name in kind.names() if kind.source(name)]
    table = table_source(names)
    assert '{ "null-deref-timer", zoo_null_deref_timer },' in table
    assert table.count("\nint zoo_") == len(names)
    assert "null_deref_timer.o" in kbuild_text(names)


def test_a_module_for_another_architecture_is_cross_built() -> None:
    other = "aarch64" if host_arch() == "x86_64" else "x86_64"
    here, there = (make_script(LabKernel("6.1", arch, "", "", Path("/"))) for arch in (host_arch(), other))
    assert "CROSS_COMPILE" not in here
    assert f"CROSS_COMPILE={other}-linux-gnu-" in there


@pytest.mark.parametrize("name", ["kernel-headers-6.1.rpm", "bash-5.1.rpm", "kernel-core.rpm"])
def test_another_rpm_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="not called as a kernel's package"):
        rpm.fetch(Store(tmp_path), name, "x86_64", lambda what: None)
