"""What would lift the rung: the package that holds the debuginfo of a kernel."""

from __future__ import annotations

from kdive.symbols.debuginfo.naming import debuginfo_packages
from kdive.symbols.identity import KernelIdentity


def lift(kernel: KernelIdentity) -> str:
    """One line for the user of a dump of `kernel`."""
    package = debuginfo_package(kernel)
    build = f" (build ID {kernel.build_id})" if kernel.build_id else ""
    if package:
        return (
            f"`kdive debuginfo fetch` brings {package}; or pass the vmlinux of that build with --vmlinux FILE"
            " or --debug-dir DIR"
        )
    return (
        f"pass the vmlinux with debuginfo of {kernel.release or 'this kernel'}{build} with --vmlinux FILE"
        " or --debug-dir DIR"
    )


def debuginfo_package(kernel: KernelIdentity) -> str:
    """Its name, with the version where the package manager needs one; "" for a distribution that is not known."""
    packages = debuginfo_packages(kernel)
    if not packages:
        return ""
    first = packages[0]
    if first.file:
        return first.file.removesuffix(".rpm")
    names = " or ".join(package.name for package in packages)
    return f"{names} (= {first.version})" if first.version else names
