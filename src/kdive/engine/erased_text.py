"""The erase info of a dump as its writers handle it: lines of text, one for each kind of thing that was erased."""

from __future__ import annotations

from kdive.dumpfile.erased import NOTE_NAME
from kdive.formats.elf_notes import packed
from kdive.formats.record import ByteOrder


def joined(*texts: bytes) -> bytes:
    """All lines of `texts`, each once."""
    lines = dict.fromkeys(line for text in texts for line in text.split(b"\n") if line)
    return b"".join(line + b"\n" for line in lines)


def note(text: bytes, order: ByteOrder) -> bytes:
    """The ELF note that says it, as makedumpfile names it; b"" where nothing was erased."""
    return packed(NOTE_NAME, 0, text, order) if text else b""
