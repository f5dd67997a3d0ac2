"""Whether a vmlinux belongs to the kernel in a dump."""

from __future__ import annotations

from kdive.errors import MismatchError
from kdive.symbols.identity import KernelIdentity
from kdive.symbols.vmlinux import VmlinuxFile


def mismatch(file: VmlinuxFile, kernel: KernelIdentity) -> str:
    """Why `file` was not built with `kernel`; "" where it was, or where nothing tells.

    The build ID decides where both sides have one (VMCOREINFO since v5.9), else the banner.
    """
    if file.build_id and kernel.build_id:
        if file.build_id == kernel.build_id:
            return ""
    elif not file.banner or not kernel.release or _same_banner(file.banner, kernel):
        return ""
    theirs = _describe(file.release, file.build_id, "")
    ours = _describe(kernel.release, kernel.build_id, kernel.version if not kernel.build_id else "")
    return f"{file.path} was built as {theirs}; the dump is of {ours}"


def check(file: VmlinuxFile, kernel: KernelIdentity) -> None:
    """Raises MismatchError where `file` was not built with `kernel`."""
    reason = mismatch(file, kernel)
    if reason:
        raise MismatchError(
            f"the vmlinux does not belong to the dump: {reason}",
            hint="pass the vmlinux of that very build; --force opens this one, and shows wrong values",
        )


def _same_banner(banner: str, kernel: KernelIdentity) -> bool:
    return banner.startswith(f"Linux version {kernel.release} ") and banner.endswith(kernel.version)


def _describe(release: str, build_id: str, version: str) -> str:
    parts = [release or "a kernel of unknown release"]
    if version:
        parts.append(version)
    if build_id:
        parts.append(f"(build ID {build_id})")
    return " ".join(parts)
