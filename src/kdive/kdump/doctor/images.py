"""Which files the capture kernel is started from."""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.host import Host
from kdive.kdump.image.record import ImageRecord, image_path, read_record
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


_OTHERS_IMAGES = (  # of kdump-tools, of kdump-utils, of openSUSE
    "var/lib/kdump/initrd.img-{}", "var/lib/kdump/initramfs-{}kdump.img", "boot/initramfs-{}kdump.img",
    "boot/initrd-{}-kdump",
)  # fmt: skip


def image_file(host: Host) -> str | Missing:
    """The capture kernel's image for the running kernel, kdive's or another tool's; without the first slash."""
    release = host.release
    if isinstance(release, Missing):
        return release
    ours = str(image_path(release)).lstrip("/")
    for name in (ours, *(pattern.format(release) for pattern in _OTHERS_IMAGES)):
        if host.exists(name):
            return name
    return Missing(f"no capture image is built for {release}: there is no /{ours}")


def record(host: Host) -> ImageRecord | Missing:
    """What kdive's image for the running kernel was made of."""
    return host.release if isinstance(host.release, Missing) else read_record(host.release, host.root)
