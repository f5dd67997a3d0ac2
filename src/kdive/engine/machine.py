"""What the headers of a new dump say of the machine: taken from memory where it can be read, else from the old ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from kdive.dumpfile import erased
from kdive.dumpfile.dump import Dump, Note
from kdive.errors import DumpError
from kdive.facts.missing import Missing
from kdive.formats import elf_notes, vmcoreinfo
from kdive.formats.elf_notes import NT_PRSTATUS
from kdive.formats.record import ByteOrder
from kdive.memory.identity import read_uts
from kdive.memory.memory import Memory

_ADDRESS_BITS = 52  # of physical addresses, on all machines that kdive writes dumps of


@dataclass(frozen=True)
class Machine:
    """The machine that crashed, and how its dump's numbers are written."""

    order: ByteOrder
    word_size: int  # bytes
    page_size: int  # bytes
    arch: str
    sysname: str
    nodename: str
    release: str
    version: str
    machine: str
    timestamp_s: int
    phys_base: int
    cpus: int
    end_pfn: int  # one more than the highest page
    notes: bytes  # all ELF notes
    vmcoreinfo: tuple[int, int]  # offset of its text in `notes`, and size; (0, 0) when there is none
    dump_level: int  # of the input


def machine_of(memory: Memory) -> Machine:
    """The machine of a dump that is open. Raises DumpError where its memory does not fit any machine."""
    dump = memory.dump
    end = max((segment.physical + segment.size for segment in dump.segments()), default=0)
    if not 0 < end <= 1 << _ADDRESS_BITS:
        raise DumpError(f"{dump.path}: its memory ends at {end:#x}", hint="the headers are damaged")
    uts = read_uts(memory)
    known = {} if isinstance(uts, Missing) else uts
    identity = dump.identity
    info = {} if isinstance(dump.vmcoreinfo, Missing) else dump.vmcoreinfo
    notes, vmcoreinfo_span = _notes(dump)
    saved = identity.crash_time
    return Machine(
        order=dump.order,
        word_size=dump.word_size,
        page_size=dump.page_size,
        arch=dump.arch,
        sysname=known.get("sysname", "Linux"),
        nodename=known.get("nodename", identity.nodename),
        release=known.get("release") or info.get("OSRELEASE") or identity.release,
        version=known.get("version", identity.version),
        machine=known.get("machine") or identity.arch or dump.arch,
        timestamp_s=int(time.time()) if saved is None else saved,
        phys_base=_phys_base(memory),
        cpus=sum(note.type == NT_PRSTATUS and note.name == "CORE" for note in dump.notes),
        end_pfn=-(-end // dump.page_size),
        notes=notes,
        vmcoreinfo=vmcoreinfo_span,
        dump_level=dump.container.dump_level or 0,
    )


def _phys_base(memory: Memory) -> int:
    """Where the sub header's phys_base comes from: on arm64 it is the start of memory."""
    dump = memory.dump
    info = {} if isinstance(dump.vmcoreinfo, Missing) else dump.vmcoreinfo
    for name in ("phys_base", "PHYS_OFFSET"):
        number = vmcoreinfo.number(info, name)
        if number is not None:
            return number
    return dump.physical_base or (0 if isinstance(memory.phys_base, Missing) else memory.phys_base)


def _notes(dump: Dump) -> tuple[bytes, tuple[int, int]]:
    """The notes as they lie in a file, VMCOREINFO among them, and where the text of that lies."""
    notes: Sequence[Note] = dump.notes
    text = dump.vmcoreinfo_text
    if text and not any(note.name == "VMCOREINFO" and note.data.startswith(text) for note in notes):
        notes = [note for note in notes if note.name != "VMCOREINFO"] + [Note("VMCOREINFO", 0, text)]
    packed = bytearray()
    span = (0, 0)
    for note in notes:
        if note.name == erased.NOTE_NAME:
            continue  # writers have their own place for it
        data = elf_notes.packed(note.name, note.type, note.data, dump.order)
        if note.name == "VMCOREINFO" and note.data.startswith(text) and text:
            span = (len(packed) + len(data) - -(-len(note.data) // 4) * 4, len(note.data))
        packed += data
    return bytes(packed), span
