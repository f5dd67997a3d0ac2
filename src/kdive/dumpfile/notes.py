"""The ELF notes of a dump, read within bounds, and the VMCOREINFO among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdive.dumpfile.dump import Note
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpDamagedError
from kdive.formats import elf_notes, vmcoreinfo
from kdive.formats.record import ByteOrder

NOTES_LIMIT_BYTES = 64 << 20  # 8192 CPUs take 3 MB; device dumps may be larger and are left where they are
_NOTE_LIMIT_BYTES = 4 << 20
_NOTES_LIMIT = 1 << 15  # 8192 CPUs with four each


@dataclass(frozen=True)
class ReadNotes:
    notes: tuple[Note, ...]
    damage: tuple[str, ...]


def read_notes(source: ByteSource, spans: Sequence[tuple[int, int]], order: ByteOrder) -> ReadNotes:
    """The notes of all `spans` (offset, size in bytes); what cannot be read is named in `damage`."""
    notes: list[Note] = []
    damage: list[str] = []
    left = NOTES_LIMIT_BYTES
    for offset, size in spans:
        try:
            data = source.read(offset, min(size, left))
        except DumpDamagedError as error:
            damage.append(f"notes cannot be read: {error.message}")
            continue
        if size > left:
            damage.append(f"only the first {left} of {size} bytes of notes were read")
        left -= len(data)
        for span in elf_notes.notes(data, order):
            if len(notes) == _NOTES_LIMIT:
                damage.append(f"only the first {_NOTES_LIMIT} notes were read")
                return ReadNotes(tuple(notes), tuple(damage))
            if span.end - span.start <= _NOTE_LIMIT_BYTES:
                notes.append(Note(span.name, span.type, data[span.start : span.end]))
    return ReadNotes(tuple(notes), tuple(damage))


def vmcoreinfo_text(notes: Sequence[Note]) -> bytes:
    """The text of the first VMCOREINFO note; b"" where there is none that says which kernel it is of."""
    for note in notes:
        if note.name == "VMCOREINFO" and b"OSRELEASE=" in note.data[: vmcoreinfo.LIMIT_BYTES]:
            return note.data.split(b"\0", 1)[0]
    return b""
