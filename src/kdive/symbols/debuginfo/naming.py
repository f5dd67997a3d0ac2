"""What the package with the debuginfo of a kernel is called: told by its release and version alone, offline."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kdive.symbols.identity import KernelIdentity

_VENDORS = Path(__file__).parent / "data" / "vendors.toml"
_DEBIAN_VERSION = re.compile(r"\bDebian (\S+)")
_UBUNTU_VERSION = re.compile(r"-Ubuntu\b")
_RPM_RELEASE = re.compile(r"\.(?P<dist>el\d+\w*|fc\d+|amzn\d+|azl\d+|cm\d+|oe\d+\w*|an\d+|tl\d+)(\.|_|$)")
_RPM_ARCH = re.compile(r"\.(x86_64|aarch64|ppc64le|ppc64|s390x|i686|riscv64)$")
_SUSE_RELEASE = re.compile(r"-(?P<flavour>default|azure|preempt|rt|kvmsmall|vanilla|64kb|desktop|pae|xen)$")
_RPM_VARIANT = re.compile(r"\+(?P<variant>debug|rt|64k|rt-debug|64k-debug)$")
_ARCH_RELEASE = re.compile(r"-arch\d+-\d+$")


@dataclass(frozen=True)
class DebuginfoPackage:
    """A package; `version` is what its package manager asks for it by, `file` its name as a file where that is known.

    `commands` install it, `addresses` are where its maker keeps it, `where` are words for what has no fixed address.
    """

    vendor: str
    title: str
    name: str
    version: str
    arch: str
    file: str
    commands: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    debuginfod: str = ""
    where: str = ""


def debuginfo_packages(kernel: KernelIdentity, arch: str = "") -> tuple[DebuginfoPackage, ...]:
    """Those that hold the vmlinux of `kernel`, the likeliest first; none for a kernel of nobody that is known.

    `arch` as uname -m prints it, where the release does not say.
    """
    release = kernel.release
    if not release or "/" in release:
        return ()
    if found := _DEBIAN_VERSION.search(kernel.version):
        return (_deb("debian", f"linux-image-{release}-dbg", found[1], release),)
    if _UBUNTU_VERSION.search(kernel.version):
        names = (f"linux-image-unsigned-{release}-dbgsym", f"linux-image-{release}-dbgsym")
        return tuple(_deb("ubuntu", name, "", release) for name in names)
    if found := _RPM_RELEASE.search(release):
        return _of_rpm(release, found["dist"], arch)
    if found := _SUSE_RELEASE.search(release):
        version = release[: found.start()]
        return (_package("suse", f"kernel-{found['flavour']}-debuginfo", version, arch or "x86_64", "", release),)
    return ()


def debuginfod_of(kernel: KernelIdentity) -> str:
    """The server of the kernel's maker; "" where none is known."""
    if _ARCH_RELEASE.search(kernel.release):
        return str(_vendors()["arch"]["debuginfod"])
    return next((package.debuginfod for package in debuginfo_packages(kernel)), "")


def _of_rpm(release: str, dist: str, arch: str) -> tuple[DebuginfoPackage, ...]:
    """Fedora, RHEL, CentOS and their kin; a variant is a package of its own, with the same version."""
    variant = _RPM_VARIANT.search(release)
    plain = release[: variant.start()] if variant else release
    name = "kernel-debuginfo"
    if variant:
        name = f"kernel-{variant['variant']}-debuginfo"
    elif "uek" in dist or (".el" in release and "uek" in release):
        name = "kernel-uek-debuginfo"
    elif re.search(r"\.rt\d+\.", release):
        name = "kernel-rt-debuginfo"
    found = _RPM_ARCH.search(plain)
    version = plain[: found.start()] if found else plain
    machine = found[1] if found else arch or "x86_64"
    file = f"{name}-{version}.{machine}.rpm"
    vendors = _vendors_of(dist, release)
    return tuple(_package(vendor, name, version, machine, file, plain) for vendor in vendors)


def _vendors_of(dist: str, release: str) -> tuple[str, ...]:
    if dist.startswith("fc"):
        return ("fedora",)
    if dist.startswith("amzn"):
        return ("amazon",)
    if "uek" in release:
        return ("oracle",)
    if dist.startswith("el7"):
        return ("centos7", "rhel7")
    if dist == "el8":
        return ("centos8", "centos-stream", "rhel")
    return ("centos-stream", "rhel") if re.fullmatch(r"el\d+", dist) else ("rhel",)


def _deb(vendor: str, name: str, version: str, release: str) -> DebuginfoPackage:
    arch = release.rpartition("-")[2]
    return _package(vendor, name, version, arch if arch in ("amd64", "arm64") else "", "", release)


def _package(vendor: str, name: str, version: str, arch: str, file: str, release: str) -> DebuginfoPackage:
    known = _vendors()[vendor]
    upstream, _, build = version.partition("-")
    major = re.search(r"\.el(\d+)", release)
    words = {
        "name": name,
        "version": version if not file else upstream,
        "build": build,
        "release": release,
        "arch": arch,
        "file": file,
        "major": major[1] if major else "",
    }
    return DebuginfoPackage(
        vendor,
        known["title"],
        name,
        version,
        arch,
        file,
        tuple(command.format(**words) for command in known["install"]),
        tuple(address.format(**words) for address in known.get("packages", ())),
        known.get("debuginfod", ""),
        known.get("where", ""),
    )


@cache
def _vendors() -> dict[str, dict[str, Any]]:
    with _VENDORS.open("rb") as file:
        return tomllib.load(file)
