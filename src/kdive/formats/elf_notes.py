"""ELF notes. Source: elf(5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdive.formats.record import U32, ByteOrder, Record

NT_PRSTATUS, NT_PRPSINFO, NT_FILE = 1, 3, 0x46494C45


class Nhdr(Record, source="elf(5), Elf64_Nhdr"):
    n_namesz: U32  # bytes, with its NUL, without padding
    n_descsz: U32
    n_type: U32


@dataclass(frozen=True)
class NoteSpan:
    """A note and where its parts lie, as offsets into the data it was found in."""

    name: str
    type: int
    start: int
    end: int


def notes(data: bytes, order: ByteOrder) -> Iterator[NoteSpan]:
    """The notes of a PT_NOTE segment, up to the first that reaches past the end of `data`, or is empty.

    Parts are aligned to 4 bytes, whatever p_align says: so does every kernel.
    """
    offset = 0
    while offset + Nhdr.size() <= len(data):
        header = Nhdr.read(data, offset, order)
        name_start = offset + Nhdr.size()
        start = name_start + _aligned(header.n_namesz)
        end = start + header.n_descsz
        if header.n_namesz == header.n_descsz == header.n_type == 0 or end > len(data):
            return
        name = data[name_start : name_start + min(header.n_namesz, 64)].split(b"\0", 1)[0]
        yield NoteSpan(name.decode("ascii", "replace"), header.n_type, start, end)
        offset = _aligned(end)


def packed(name: str, type_: int, data: bytes, order: ByteOrder) -> bytes:
    """The note as it lies in a file; its data are aligned as `notes` reads them."""
    name_bytes = name.encode("ascii", "replace") + b"\0"
    header = Nhdr(n_namesz=len(name_bytes), n_descsz=len(data), n_type=type_)
    parts = (header.pack(order), name_bytes, data)
    return b"".join(part.ljust(_aligned(len(part)), b"\0") for part in parts)


def _aligned(size: int) -> int:
    return (size + 3) & ~3
