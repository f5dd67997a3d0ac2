"""Whose debuginfo is meant: that of a dump, of this machine's running kernel, or of a release."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError
from kdive.formats.elf_notes import notes
from kdive.formats.record import ByteOrder
from kdive.memory.open import open_memory
from kdive.symbols.debuginfo.wanted import Wanted
from kdive.symbols.identity import KernelIdentity, identify_kernel

RUNNING = "running"
_NOTES = Path("/sys/kernel/notes")  # since 2.6.23
_NT_GNU_BUILD_ID = 3


def find_target(text: str, build_id: str = "", modules: Iterable[str] = ()) -> Wanted:
    """`text` is a dump's path, "running", or a release as uname -r prints it; `build_id` is believed where it is given.

    Raises KdiveError when it is neither, or the dump cannot be opened.
    """
    names = frozenset(name.replace("-", "_") for name in modules)
    if text == RUNNING:
        system = os.uname()
        ours = KernelIdentity(system.release, system.version, build_id or _running_build_id())
        return Wanted(ours, system.machine, names)
    path = Path(text)
    if path.exists():
        with open_dump(path) as dump:
            kernel = identify_kernel(open_memory(dump))
            return Wanted(KernelIdentity(kernel.release, kernel.version, build_id or kernel.build_id), dump.arch, names)
    if "/" in text or not text[:1].isdigit():
        raise KdiveError(f"{text}: no such file", hint='a dump, a release, or "running"')
    return Wanted(KernelIdentity(text, "", build_id), "", names)


def _running_build_id() -> str:
    try:
        data = _NOTES.read_bytes()
    except OSError:
        return ""
    order: ByteOrder = "<" if sys.byteorder == "little" else ">"
    for note in notes(data, order):
        if note.name == "GNU" and note.type == _NT_GNU_BUILD_ID:
            return data[note.start : note.end].hex()
    return ""
