"""Archives that the kernel unpacks as its initramfs: cpio in the "newc" form."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = b"070701"
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True)
class CpioEntry:
    """A file, folder or symbolic link: `data` is the file's content or the link's target."""

    path: str  # without a leading "/"
    mode: int  # with the type, as in st_mode
    data: bytes = b""


def file(path: str, data: bytes, executable: bool = False) -> CpioEntry:
    return CpioEntry(path, stat.S_IFREG | (0o755 if executable else 0o644), data)


def folder(path: str) -> CpioEntry:
    return CpioEntry(path, stat.S_IFDIR | 0o755)


def link(path: str, target: str) -> CpioEntry:
    return CpioEntry(path, stat.S_IFLNK | 0o777, target.encode())


def archive(entries: Iterable[CpioEntry]) -> bytes:
    """The archive of `entries`, after the folders that they lie in.

    Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    parts: list[bytes] = []
    made: set[str] = set()
    for entry in entries:
        for parent in _parents(entry.path):
            if parent not in made:
                parts.append(_header(len(parts), folder(parent)))
                made.add(parent)
        if entry.path in made:
            continue
        made.add(entry.path)
        parts += [_header(len(parts), entry), entry.data, bytes(-len(entry.data) % 4)]
    parts.append(_header(0, CpioEntry(_TRAILER, 0)))
    return b"".join(parts)


def _parents(path: str) -> list[str]:
    names = path.split("/")[:-1]
    return ["/".join(names[: count + 1]) for count in range(len(names))]


def _header(inode: int, entry: CpioEntry) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4)
