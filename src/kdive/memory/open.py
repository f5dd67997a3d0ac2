"""`open_memory`: a dump → its memory by virtual address."""

from __future__ import annotations

from kdive import registry
from kdive.dumpfile.dump import Dump
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.address_space import AddressSpace, FirstMapped, Linear, Segments, Unknown
from kdive.memory.linear_maps import linear_maps
from kdive.memory.memory import Memory

_PACKAGE = "kdive.memory"
_PAGING = {"x86_64": "paging_x86_64", "aarch64": "paging_arm64"}
_NO_VMCOREINFO_HINT = "capture with kdump; for a virtual machine's dump add `-device vmcoreinfo` to QEMU"


def open_memory(dump: Dump) -> Memory:
    """The memory in `dump`. Never fails: what cannot be translated says so when it is read."""
    paging = _PAGING.get(dump.arch)
    if paging and not isinstance(dump.vmcoreinfo, Missing):
        memory: Memory = registry.load(_PACKAGE, paging).open_paged(dump, dump.vmcoreinfo)
        return memory
    if isinstance(dump.vmcoreinfo, Missing):
        kaslr_offset: int | Missing = dump.vmcoreinfo
    else:
        known = vmcoreinfo.kernel_offset(dump.vmcoreinfo)
        kaslr_offset = Missing("VMCOREINFO has no KERNELOFFSET") if known is None else known
    return Memory(dump, _without_tables(dump), kaslr_offset, Missing(f"not a matter of {dump.arch or 'this machine'}"))


def _without_tables(dump: Dump) -> AddressSpace:
    """What the container tells, then what is known of the architecture."""
    segments = Segments(dump)
    if isinstance(dump.vmcoreinfo, Missing):
        return segments if segments else Unknown(dump.vmcoreinfo.reason, _NO_VMCOREINFO_HINT)
    known = Linear(linear_maps(dump.arch, dump.vmcoreinfo))
    if segments or known:
        return FirstMapped(segments, known)
    return Unknown(
        f"page tables of {dump.arch or 'an unknown architecture'} are not understood here",
        "an ELF vmcore of the same machine tells where the kernel's memory was mapped",
    )
