"""Archives that the kernel unpacks as its initramfs: cpio in the "newc" form."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from kdive.errors import DumpDamagedError

_MAGIC = b"070701"
_MAGICS = (_MAGIC, b"070702")  # the second with a checksum, which nobody fills in
_HEADER_BYTES = 110
_NAME_LIMIT_BYTES = 4096
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


@dataclass(frozen=True)
class CpioHeader:
    """What an archive says of an entry; `size` bytes of content follow, padded to 4."""

    path: str
    mode: int
    size: int


def read_header(stream: IO[bytes]) -> CpioHeader | None:
    """The header at the stream's position, which stands at the content then; None at the end of the archive.

    Raises DumpDamagedError for anything else.
    """
    head = stream.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES or not head.startswith(_MAGICS):
        raise DumpDamagedError("it ends early" if len(head) < _HEADER_BYTES else "no header of a cpio archive")
    try:
        fields = [int(head[at : at + 8], 16) for at in range(len(_MAGIC), _HEADER_BYTES, 8)]
    except ValueError:
        raise DumpDamagedError("a header with other characters than hexadecimal digits") from None
    mode, size, name_bytes = fields[1], fields[6], fields[11]
    if not 0 < name_bytes <= _NAME_LIMIT_BYTES:
        raise DumpDamagedError(f"a name of {name_bytes} bytes")
    name = stream.read(name_bytes + -(_HEADER_BYTES + name_bytes) % 4)[: name_bytes - 1].decode("utf-8", "replace")
    return None if name == _TRAILER else CpioHeader(name, mode, size)


def _parents(path: str) -> list[str]:
    names = path.split("/")[:-1]
    return ["/".join(names[: count + 1]) for count in range(len(names))]


def _header(inode: int, entry: CpioEntry) -> bytes:
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4)
