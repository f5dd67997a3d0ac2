"""Mounts by system call: the capture kernel has no mount(8), and no udev that knows UUIDs."""

from __future__ import annotations

import ctypes
import os
import uuid
from pathlib import Path

from kdive.errors import KdiveError

# include/uapi/linux/mount.h
_FLAGS = {"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "sync": 16, "dirsync": 128, "noatime": 1024}
_IGNORED = {
    "defaults", "rw", "auto", "noauto", "user", "users", "nouser", "relatime", "suid", "dev", "exec", "async", "nofail",
    "_netdev", "strictatime", "lazytime", "atime", "diratime", "nodiratime",
}  # fmt: skip
_MNT_DETACH = 2
_START = 0x11000  # bytes of a device that tell its file system
_BTRFS_LABEL_BYTES = 256


def split_options(options: str) -> tuple[int, str]:
    """Flags of mount(2), and what is left for the file system; never read-only."""
    flags, rest = 0, []
    for word in filter(None, options.split(",")):
        if word in _FLAGS:
            flags |= _FLAGS[word]
        elif word not in _IGNORED and not word.startswith(("x-", "comment=")):
            rest.append(word)
    return flags & ~_FLAGS["ro"], ",".join(rest)


def mount(device: str, folder: Path, fstype: str, options: str) -> None:
    """mount(2), writable. Raises OSError."""
    flags, data = split_options(options)
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    arguments = [ctypes.c_char_p(os.fsencode(one)) for one in (device, str(folder), fstype)]
    if libc.mount(*arguments, ctypes.c_ulong(flags), ctypes.c_char_p(os.fsencode(data))):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), device)


def unmount(folder: Path) -> None:
    """umount2(2); what is still in use goes when it no longer is."""
    libc = ctypes.CDLL(None, use_errno=True)
    name = ctypes.c_char_p(os.fsencode(str(folder)))
    if libc.umount2(name, ctypes.c_int(0)):
        libc.umount2(name, ctypes.c_int(_MNT_DETACH))


def file_system_of(device: Path) -> tuple[str, str, str]:
    """Kind, UUID and label of the file system on a device; "" for each that is not known. Raises OSError.

    Source: fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h, include/uapi/linux/btrfs_tree.h.
    """
    with device.open("rb", buffering=0) as file:
        start = file.read(_START) or b""
    if len(start) < _START:
        return "", "", ""
    if start[0x438:0x43A] == b"\x53\xef":
        return "ext4", _uuid(start[0x468:0x478]), _label(start[0x478:0x488])
    if start[:4] == b"XFSB":
        return "xfs", _uuid(start[32:48]), _label(start[108:120])
    if start[0x10040:0x10048] == b"_BHRfS_M":
        return "btrfs", _uuid(start[0x10020:0x10030]), _label(start[0x1012B : 0x1012B + _BTRFS_LABEL_BYTES])
    return "", "", ""


def find_device(name: str, root: Path) -> Path | None:
    """The device that UUID=, LABEL= or a path names, now; it may appear later."""
    key, equals, value = name.partition("=")
    if not equals:
        path = root / name.lstrip("/")
        return path if path.exists() else None
    if key not in ("UUID", "LABEL"):
        raise KdiveError(f"{name}: the capture kernel finds devices by UUID=, LABEL= and path alone")
    for entry in sorted((root / "sys/class/block").glob("*")):
        device = root / "dev" / entry.name
        try:
            _, found, label = file_system_of(device)
        except OSError:
            continue
        if value and (found.lower() == value.lower() if key == "UUID" else label == value):
            return device
    return None


def _uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=data))


def _label(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")
