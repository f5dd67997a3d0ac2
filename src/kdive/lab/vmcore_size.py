"""Where a vmcore on a larger disk ends."""

from __future__ import annotations

import os
from pathlib import Path

from kdive.errors import KdiveError
from kdive.formats import elf

_HEAD = 1 << 20


def cut_at_its_end(path: Path) -> None:
    """Cuts `path` where the last segment of its ELF core ends. Raises KdiveError when there is no ELF core."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not elf.is_core(head):
        raise KdiveError(f"{path}: the capture kernel wrote no ELF core", hint="its console says why")
    header = elf.read_ehdr(head)
    table = head[header.e_phoff : header.e_phoff + header.e_phnum * header.e_phentsize]
    segments = elf.phdrs(table, elf.identify(head))
    os.truncate(path, max(segment.p_offset + segment.p_filesz for segment in segments))
