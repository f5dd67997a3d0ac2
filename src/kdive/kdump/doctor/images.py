"""Which files the capture kernel is started from."""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.host import Host
from kdive.kexec.remember import Loaded, recall

_KERNELS = (
    "boot/vmlinuz-{}",
    "boot/vmlinux-{}",
    "boot/Image-{}",
    "usr/lib/modules/{}/vmlinuz",
    "lib/modules/{}/vmlinuz",
)


def remembered(host: Host) -> Loaded | Missing:
    """What kdive loaded for a crash since the boot."""
    return recall(True, host.root)


def kernel_file(host: Host) -> str | Missing:
    """The file of the kernel that is loaded for a crash, else of the one that runs; without the first slash."""
    loaded = remembered(host)
    if not isinstance(loaded, Missing) and host.exists(loaded.kernel.path):
        return loaded.kernel.path.lstrip("/")
    if isinstance(host.release, Missing):
        return host.release
    names = [pattern.format(host.release) for pattern in _KERNELS]
    for name in names:
        if host.exists(name):
            return name
    return Missing(f"the file of the running kernel is gone: there is neither /{names[0]} nor /{names[3]}")
