"""Kernels of the distribution, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab.fetch import available, fetch
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store
from tests.lab.need import need, need_network
from tests.lab.test_store import put

HERE = {
    "6.1.0-9-cloud-amd64": "x86_64",
    "6.1.0-56-cloud-amd64": "x86_64",
    "6.1.0-60-cloud-arm64": "aarch64",
    "6.12.117+deb12-cloud-amd64": "x86_64",
}


def quiet(what: str) -> None:
    pass


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for release, arch in HERE.items():
        put(store, release, arch)
    return store


@pytest.mark.parametrize(
    ("name", "arch", "release"),
    [
        ("6.1", "x86_64", "6.1.0-56-cloud-amd64"),
        ("6.1", "aarch64", "6.1.0-60-cloud-arm64"),
        ("6.1.0-9", "x86_64", "6.1.0-9-cloud-amd64"),
        ("6.12", "x86_64", "6.12.117+deb12-cloud-amd64"),
        ("6", "x86_64", "6.12.117+deb12-cloud-amd64"),
        ("6.12.117", "x86_64", "6.12.117+deb12-cloud-amd64"),
    ],
)
def test_a_name_means_the_newest_kernel_here_that_starts_with_it(
    store: Store, name: str, arch: str, release: str
) -> None:
    assert fetch(store, name, arch, progress=quiet).release == release


def test_an_architecture_without_kernels_is_refused(store: Store) -> None:
    with pytest.raises(KdiveError, match="s390x: the lab has no kernels of this architecture"):
        fetch(store, "6.1", "s390x", progress=quiet)


def test_every_suite_has_kernels_and_none_is_a_package_of_debuginfo() -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    found = available(Store(), "x86_64", progress=quiet)
    assert {"bookworm", "bullseye", "trixie"} < {one.suite for one in found}
    assert {one.suite for one in found} & {"testing", "unstable"}
    assert all(one.release.endswith("-cloud-amd64") for one in found)
    # The image's package of the newest kernels is an empty one that depends on those with the files.
    assert all(10_000_000 < one.size < 100_000_000 for one in found)


@pytest.mark.parametrize(("name", "arch"), [("6.1", "x86_64"), ("newest", "x86_64"), ("6.1", "aarch64")])
def test_a_fetched_kernel_has_all_that_a_machine_boots(name: str, arch: str, tmp_path: Path) -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    store = Store(tmp_path)
    (tmp_path / "apt").symlink_to(Store().folder / "apt")
    kernel = fetch(store, name, arch, progress=quiet)
    image = kernel.vmlinuz.read_bytes()
    assert image[0x202:0x206] == b"HdrS" if arch == "x86_64" else image[0x38:0x3C] == b"ARM\x64"
    assert kernel.config["CONFIG_CRASH_DUMP"] == "y"
    assert list(kernel.modules.glob("kernel/drivers/block/virtio_blk.ko*"))
    assert (kernel.modules / "modules.builtin").exists()
    assert not list(tmp_path.rglob("*.deb"))
    assert fetch(store, kernel.release, arch, progress=quiet) == kernel


def test_a_kernel_that_no_suite_has_says_where_to_look() -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    with pytest.raises(KdiveError, match=r"2\.6: no suite of Debian has such a kernel") as error:
        fetch(Store(), "2.6", "x86_64", progress=quiet)
    assert "kdive lab kernels" in error.value.hint or "not every suite could be asked" in error.value.hint


def test_the_newest_that_is_here_does_when_nobody_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("apt-get")
    store = Store(tmp_path)
    for release, suite in (("7.2.13+deb14", "unstable"), ("7.1.2+deb14", "testing"), ("7.9.1", "bookworm")):
        with store.making(f"kernels/{release}") as new:
            assert new is not None
            store.describe(new, LabKernel(release, "x86_64", "1", suite, new))
    monkeypatch.setattr("kdive.packages.apt.mirrors", lambda: {})
    assert fetch(store, "newest", "x86_64", progress=quiet).release == "7.2.13+deb14"
    with pytest.raises(KdiveError):
        fetch(store, "newest", "aarch64", progress=quiet)
