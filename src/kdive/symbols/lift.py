"""What would lift the rung: the package that holds the debuginfo of a kernel."""

from __future__ import annotations

import re

from kdive.symbols.identity import KernelIdentity

_DEBIAN_VERSION = re.compile(r"\bDebian (\S+)")
_UBUNTU_VERSION = re.compile(r"-Ubuntu\b")
_RPM_RELEASE = re.compile(r"\.(el\d+\w*|fc\d+|amzn\d+|azl\d+|cm\d+|oe\d+\w*|an\d+|tl\d+)(\.|_|$)")
_SUSE_RELEASE = re.compile(r"-(?P<flavour>default|azure|preempt|rt|kvmsmall|vanilla|64kb|desktop|pae|xen)$")
_RPM_VARIANT = re.compile(r"\+(?P<variant>debug|rt|64k|rt-debug|64k-debug)$")


def lift(kernel: KernelIdentity) -> str:
    """One line for the user of a dump of `kernel`."""
    package = debuginfo_package(kernel)
    build = f" (build ID {kernel.build_id})" if kernel.build_id else ""
    if package:
        return f"install {package}, or pass the vmlinux of that build with --vmlinux FILE or --debug-dir DIR"
    return (
        f"pass the vmlinux with debuginfo of {kernel.release or 'this kernel'}{build} with --vmlinux FILE"
        " or --debug-dir DIR"
    )


def debuginfo_package(kernel: KernelIdentity) -> str:
    """Its name, with the version where the package manager needs one; "" for a distribution that is not known."""
    release = kernel.release
    if not release:
        return ""
    if found := _DEBIAN_VERSION.search(kernel.version):
        return f"linux-image-{release}-dbg (= {found[1]})"
    if _UBUNTU_VERSION.search(kernel.version):
        return f"linux-image-{release}-dbgsym or linux-image-unsigned-{release}-dbgsym (ddebs.ubuntu.com)"
    if found := _RPM_RELEASE.search(release):
        return _rpm_package(release, found[1])
    if found := _SUSE_RELEASE.search(release):
        return f"kernel-{found['flavour']}-debuginfo (= {release[: found.start()]})"
    return ""


def _rpm_package(release: str, distribution: str) -> str:
    """Fedora, RHEL, CentOS and their kin; a variant is a package of its own."""
    variant = _RPM_VARIANT.search(release)
    if variant:
        return f"kernel-{variant['variant']}-debuginfo-{release[: variant.start()]}"
    if "uek" in distribution:
        return f"kernel-uek-debuginfo-{release}"
    if re.search(r"\.rt\d+\.", release):
        return f"kernel-rt-debuginfo-{release}"
    return f"kernel-debuginfo-{release}"
