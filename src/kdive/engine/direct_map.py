"""Where the kernel mapped all of memory, for headers that have to say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kdive.dumpfile.dump import Segment
from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory
from kdive.units import Address

# Variables that hold pointers to what was allocated at boot: such memory is only mapped where all memory is.
_POINTERS = ("mem_section", "node_data", "log_buf")


def mapped_segments(memory: Memory) -> Sequence[Segment]:
    """The machine's memory with virtual addresses: those that the dump tells, else those of the direct map.

    Where that cannot be found, the segments have none.
    """
    segments = memory.dump.segments()
    if any(segment.virtual is not None for segment in segments):
        return segments
    for offset in _offsets(memory):
        probes = {
            address for segment in segments for address in (segment.physical, segment.physical + segment.size - 1)
        }
        if all(_maps(memory, address + offset, address) for address in probes):
            return [replace(segment, virtual=Address(segment.physical + offset)) for segment in segments]
    return segments


def _offsets(memory: Memory) -> Iterator[int]:
    """What may have to be added to a physical address to get its virtual one."""
    info = memory.dump.vmcoreinfo
    if isinstance(info, Missing):
        return
    for name in _POINTERS:
        symbol = vmcoreinfo.symbol(info, name)
        if symbol is None:
            continue
        try:
            pointer = memory.read_word(symbol)
            yield pointer - memory.translate(pointer)
        except KdiveError:
            continue


def _maps(memory: Memory, virtual: int, physical: int) -> bool:
    try:
        return memory.translate(virtual) == physical
    except KdiveError:
        return False
