"""What was erased from a dump when it was written, as the dump says it."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.dumpfile.dump import Note
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpDamagedError

NOTE_NAME = "ERASEINFO"  # of the ELF note; makedumpfile, elf_info.h
_LIMIT_BYTES = 1 << 20
_LINES_LIMIT = 256
_LINE_LIMIT = 200


def of_notes(notes: Sequence[Note]) -> bytes:
    """The text in the note of an ELF dump; makedumpfile fills it up with zeros."""
    return b"".join(note.data[:_LIMIT_BYTES].rstrip(b"\0") for note in notes if note.name == NOTE_NAME)


def of_spans(spans: Sequence[tuple[ByteSource, tuple[int, int]]]) -> bytes:
    """The text in the parts of a kdump-compressed dump, each at (offset, size); what cannot be read is left out."""
    texts: dict[bytes, None] = {}
    for source, (offset, size) in spans:
        if size:
            try:
                texts.setdefault(source.read(offset, min(size, _LIMIT_BYTES)).rstrip(b"\0"))
            except DumpDamagedError:
                continue
    return b"".join(texts)


def things(text: bytes) -> tuple[str, ...]:
    """What was erased: "user_key_payload.data", each once."""
    found: dict[str, None] = {}
    for line in text.split(b"\n")[: 1 << 14]:
        words = line[:_LINE_LIMIT].decode("ascii", "replace").split()
        if len(words) >= 2 and words[0] == "erase" and len(found) < _LINES_LIMIT:
            found.setdefault("".join(letter if letter.isprintable() else "?" for letter in words[1]))
    return tuple(found)
