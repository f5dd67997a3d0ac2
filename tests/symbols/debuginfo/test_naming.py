"""What the package with a kernel's debuginfo is called."""

from __future__ import annotations

import pytest

from kdive.symbols.debuginfo.naming import debuginfo_packages, debuginfod_of
from kdive.symbols.identity import KernelIdentity


def kernel(release: str, version: str = "") -> KernelIdentity:
    return KernelIdentity(release, version, "")


def test_centos_7_has_its_package_at_a_fixed_address() -> None:
    first, *others = debuginfo_packages(kernel("3.10.0-1160.el7.x86_64"))
    assert first.file == "kernel-debuginfo-3.10.0-1160.el7.x86_64.rpm"
    assert first.addresses == (f"http://debuginfo.centos.org/7/x86_64/{first.file}",)
    assert first.commands[0] == "debuginfo-install kernel-3.10.0-1160.el7.x86_64"
    assert [one.vendor for one in others] == ["rhel7"]


def test_debian_needs_the_version_beside_the_release() -> None:
    version = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-09-03)"
    (package,) = debuginfo_packages(kernel("6.1.0-56-cloud-amd64", version))
    assert (package.name, package.version) == ("linux-image-6.1.0-56-cloud-amd64-dbg", "6.1.176-1")
    assert package.arch == "amd64"


def test_fedora_keeps_version_and_build_apart() -> None:
    (package,) = debuginfo_packages(kernel("6.6.9-200.fc39.x86_64"))
    assert package.addresses[0].endswith("/kernel/6.6.9/200.fc39/x86_64/kernel-debuginfo-6.6.9-200.fc39.x86_64.rpm")


@pytest.mark.parametrize(
    ("release", "file"),
    [
        ("5.14.0-362.el9.x86_64+debug", "kernel-debug-debuginfo-5.14.0-362.el9.x86_64.rpm"),
        ("4.18.0-305.rt7.72.el8.x86_64", "kernel-rt-debuginfo-4.18.0-305.rt7.72.el8.x86_64.rpm"),
        ("5.15.0-200.131.27.el8uek.x86_64", "kernel-uek-debuginfo-5.15.0-200.131.27.el8uek.x86_64.rpm"),
        ("5.14.0-503.el9.aarch64", "kernel-debuginfo-5.14.0-503.el9.aarch64.rpm"),
    ],
)
def test_variants_are_packages_of_their_own(release: str, file: str) -> None:
    assert debuginfo_packages(kernel(release))[0].file == file


def test_a_kernel_built_at_home_is_nobodys() -> None:
    assert debuginfo_packages(kernel("6.7.0-built", "#1 SMP")) == ()
    assert debuginfo_packages(kernel("../../etc", "#1 SMP Debian 1")) == ()
    assert debuginfod_of(kernel("6.7.0-built", "#1 SMP")) == ""


def test_makers_have_servers() -> None:
    assert debuginfod_of(kernel("6.6.9-arch1-1")) == "https://debuginfod.archlinux.org"
    assert debuginfod_of(kernel("6.4.0-150600.21-default")) == "https://debuginfod.opensuse.org"
