"""What `kdive info` tells of a dump: all that its container, its notes and VMCOREINFO say, without looking further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdive.dumpfile.cpu_notes import prstatus_notes
from kdive.dumpfile.dump import Dump
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.units import Address, ByteCount, UnixSeconds


@dataclass(frozen=True)
class NoteSummary:
    """An ELF note, without its content."""

    name: str
    type: int
    size: ByteCount


@dataclass(frozen=True)
class Info:
    container: Container
    files: tuple[str, ...]  # all of a split set
    arch: str | Missing
    page_size: ByteCount
    byte_order: str  # "little" or "big"
    word_size: int  # bytes
    release: str | Missing
    version: str | Missing
    nodename: str | Missing
    build_id: str | Missing
    crash_time: UnixSeconds | Missing  # of the panic, by the crashed kernel's clock
    saved_time: UnixSeconds | Missing  # when the dump was written
    memory: ByteCount  # that the machine had, as far as the dump tells
    kaslr_offset: ByteCount | Missing  # how far the kernel image was moved
    physical_base: int | Missing  # phys_base; may be negative
    cpus: int | Missing  # as the dump's header counts them
    cpus_with_notes: int
    cpus_without_notes: int | Missing
    notes: tuple[NoteSummary, ...]
    vmcoreinfo: Mapping[str, str] | Missing
    opens_natively: bool  # drgn can open the very file


def describe(dump: Dump) -> Info:
    """The dump in figures and names."""
    info: Mapping[str, str] = {} if isinstance(dump.vmcoreinfo, Missing) else dump.vmcoreinfo
    none = dump.vmcoreinfo if isinstance(dump.vmcoreinfo, Missing) else Missing("VMCOREINFO does not name it")
    crash_time = vmcoreinfo.decimal(info, "CRASHTIME")
    offset = vmcoreinfo.kernel_offset(info)
    physical_base = vmcoreinfo.number(info, "phys_base")
    if physical_base is None:
        physical_base = dump.physical_base
    identity = dump.identity
    header_silent = Missing("the dump's header does not say")
    with_notes = len(prstatus_notes(dump))
    return Info(
        container=dump.container,
        files=tuple(str(path) for path in dump.paths),
        arch=dump.arch or header_silent,
        page_size=ByteCount(dump.page_size),
        byte_order="little" if dump.order == "<" else "big",
        word_size=dump.word_size,
        release=info.get("OSRELEASE") or identity.release or none,
        version=identity.version or header_silent,
        nodename=identity.nodename or header_silent,
        build_id=info.get("BUILD-ID") or none,
        crash_time=none if crash_time is None else UnixSeconds(crash_time),
        saved_time=header_silent if identity.crash_time is None else identity.crash_time,
        memory=ByteCount(sum(segment.size for segment in dump.segments())),
        kaslr_offset=none if offset is None else ByteCount(offset),
        physical_base=none if physical_base is None else Address(physical_base),
        cpus=header_silent if identity.cpus is None else identity.cpus,
        cpus_with_notes=with_notes,
        cpus_without_notes=_without_notes(identity.cpus, with_notes),
        notes=tuple(NoteSummary(note.name, note.type, ByteCount(len(note.data))) for note in dump.notes),
        vmcoreinfo=dump.vmcoreinfo,
        opens_natively=dump.native,
    )


def _without_notes(cpus: int | None, with_notes: int) -> int | Missing:
    """CPUs that left no registers; makedumpfile's header counts notes, so only a surplus tells something."""
    if cpus is not None and cpus > with_notes:
        return cpus - with_notes
    return Missing("the header counts only CPUs that left registers; `kdive report` looks at the kernel's own list")
