"""Debuginfo from real servers on loopback: debuginfod, and repositories made by rpmbuild and createrepo_c."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kdive import programs
from kdive.errors import KdiveError, MismatchError
from kdive.symbols.debuginfo.cache import LIMIT, Cache, Entry
from kdive.symbols.debuginfo.fetch import fetch, named_source
from kdive.symbols.debuginfo.target import find_target
from kdive.symbols.debuginfo.wanted import Wanted
from kdive.symbols.identity import KernelIdentity
from tests.lab.need import need, need_network
from tests.packages.serve import serve
from tests.symbols.build_vmlinux import build_vmlinux

RELEASE = "3.10.0-1127.el7.x86_64"
BUILD_ID = "0123456789abcdef0123456789abcdef01234567"
OTHER = "3.10.0-1160.15.2.el7.x86_64"
KERNEL = KernelIdentity(RELEASE, "#1 SMP", BUILD_ID)

SPEC = """\
Name: kernel-debuginfo
Version: 3.10.0
Release: {build}
Summary: debuginfo
License: none
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%description
A vmlinux.
%install
mkdir -p %{{buildroot}}/usr/lib/debug/lib/modules/{release}/kernel/fs
cp {vmlinux} %{{buildroot}}/usr/lib/debug/lib/modules/{release}/vmlinux
echo ext4 >%{{buildroot}}/usr/lib/debug/lib/modules/{release}/kernel/fs/ext4.ko.debug
echo xfs >%{{buildroot}}/usr/lib/debug/lib/modules/{release}/kernel/fs/xfs.ko.debug
%files
/usr/lib/debug
"""


def quiet(what: str) -> None:
    pass


def get(source: str, wanted: Wanted, cache: Path) -> Entry:
    return fetch(wanted, iter([named_source(source, wanted, cache / "apt")]), Cache(cache), quiet, LIMIT)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the debuginfo of two releases of CentOS 7."""
    need("rpmbuild", "createrepo_c")
    folder = tmp_path_factory.mktemp("repository")
    for release, build_id in ((RELEASE, BUILD_ID), (OTHER, "ff" * 20)):
        vmlinux = folder / "vmlinux"
        vmlinux.write_bytes(build_vmlinux(release=release, build_id=build_id))
        build = release.removeprefix("3.10.0-").removesuffix(".x86_64")
        spec = folder / "package.spec"
        spec.write_text(SPEC.format(build=build, release=release, vmlinux=vmlinux))
        defines = {"_topdir": str(folder / "build"), "_rpmdir": str(folder / "served"), "_dbpath": str(folder / "db")}
        argv = ["rpmbuild", "--quiet", "-bb", "--nodeps", "--target", "x86_64", str(spec)]
        programs.run([*argv, *(word for name, value in defines.items() for word in ("--define", f"{name} {value}"))])
    programs.run(["createrepo_c", "--quiet", str(folder / "served")])
    return folder / "served"


def test_the_right_release_comes_out_of_a_repository(packages: Path, tmp_path: Path) -> None:
    with serve(packages) as (address, seen):
        entry = get(address, Wanted(KERNEL, "x86_64", frozenset({"ext4"})), tmp_path)
    assert (entry.release, entry.build_id) == (RELEASE, BUILD_ID)
    assert entry.vmlinux.read_bytes() == build_vmlinux(release=RELEASE, build_id=BUILD_ID)
    assert sorted(path.name for path in entry.folder.iterdir()) == ["entry.json", "ext4.ko.debug", "vmlinux"]
    assert [path for path in seen if path.endswith(".rpm")] == [f"/x86_64/kernel-debuginfo-{RELEASE}.rpm"]


def test_what_is_in_the_cache_is_not_fetched_again(packages: Path, tmp_path: Path) -> None:
    with serve(packages) as (address, seen):
        first = get(address, Wanted(KERNEL), tmp_path)
        asked = len(seen)
        assert get(address, Wanted(KERNEL), tmp_path).folder == first.folder
        assert len(seen) == asked


def test_a_repository_without_the_release_says_which_it_has_and_nothing_large_is_fetched(
    packages: Path, tmp_path: Path
) -> None:
    kernel = KernelIdentity("3.10.0-957.el7.x86_64", "#1 SMP", "")
    with serve(packages) as (address, seen), pytest.raises(KdiveError, match=f"it has .*{OTHER}"):
        get(address, Wanted(kernel), tmp_path)
    assert not [path for path in seen if path.endswith(".rpm")]


def test_the_package_of_another_release_is_refused_before_it_is_fetched(packages: Path, tmp_path: Path) -> None:
    with serve(packages) as (address, seen):
        name = f"{address}/x86_64/kernel-debuginfo-{OTHER}.rpm"
        with pytest.raises(MismatchError, match=f"is of {OTHER}; the dump is of {RELEASE}"):
            get(name, Wanted(KERNEL), tmp_path)
    assert seen == []


def test_a_vmlinux_of_the_release_with_another_build_id_is_refused_and_not_kept(packages: Path, tmp_path: Path) -> None:
    rebuilt = KernelIdentity(RELEASE, "#1 SMP", "ee" * 20)
    with serve(packages) as (address, _), pytest.raises(MismatchError, match=f"build ID {BUILD_ID}"):
        get(address, Wanted(rebuilt), tmp_path)
    assert Cache(tmp_path).entries() == []


def test_a_download_that_broke_off_is_gone_on_from(packages: Path, tmp_path: Path) -> None:
    with serve(packages, break_off={f"kernel-debuginfo-{RELEASE}.rpm"}) as (address, seen):
        get(address, Wanted(KERNEL), tmp_path)
    assert len([path for path in seen if path.endswith(".rpm")]) == 2


def test_dnf_brings_it_from_the_repositories_that_it_knows(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("dnf")
    need_network()  # dnf reads its configuration from /etc, where only a throw-away machine may be changed
    with serve(packages) as (address, _):
        repository = Path("/etc/yum.repos.d/kdive-test.repo")
        repository.parent.mkdir(exist_ok=True)
        repository.write_text(f"[kdive-debuginfo]\nname=test\nbaseurl={address}\nenabled=0\ngpgcheck=0\n")
        try:
            entry = get("dnf", Wanted(KERNEL, "x86_64"), tmp_path)
        finally:
            repository.unlink()
    assert entry.vmlinux.read_bytes() == build_vmlinux(release=RELEASE, build_id=BUILD_ID)


@contextmanager
def debuginfod(folder: Path, work: Path) -> Iterator[str]:
    """The address of a real server that has indexed `folder`."""
    need("debuginfod")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "HOME": str(work), "DEBUGINFOD_URLS": ""}
    argv = ["debuginfod", "--fdcache-mbs=0", "-d", str(work / "index"), "-p", str(port), "-F", str(folder)]
    with (work / "log").open("wb") as log:
        server = programs.start(argv, stdout=log, stderr=log, env=environment)
    try:
        _wait_until_indexed(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_until_indexed(address: str) -> None:
    done = {'thread_work_total{role="traverse"} 1', 'thread_busy{role="scan"} 0'}
    for _ in range(300):
        with suppress(OSError), urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
            lines = set(answer.read().decode().splitlines())
            if done <= lines and not {'thread_work_pending{role="scan"} 1'} & lines:
                return
        time.sleep(0.1)
    pytest.fail("debuginfod did not come to an end with its folder in 30 s")


def test_debuginfod_has_it_by_build_id_and_a_dump_is_reported_with_it(
    sample_vmcore: Path, sample_vmlinux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = find_target(str(sample_vmcore))
    with debuginfod(sample_vmlinux.parent, tmp_path) as address:
        entry = get(address, wanted, tmp_path / "cache")
    assert entry.build_id == "e0c94673e97d58a386e99a20572aa7d597d5aa5c"
    assert entry.vmlinux.stat().st_size == sample_vmlinux.stat().st_size
    monkeypatch.setenv("KDIVE_DEBUGINFO_CACHE", str(tmp_path / "cache"))
    argv = [sys.executable, "-m", "kdive", "report", "--json", str(sample_vmcore)]
    report = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    assert report["rung"] == "dwarf"


def test_a_server_without_the_build_id_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with debuginfod(tmp_path / "empty", tmp_path) as address, pytest.raises(KdiveError, match="not there"):
        get(address, Wanted(KERNEL), tmp_path / "cache")
