"""Where everything lies in a kdump-compressed file, version 6, and its headers as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kdive.engine.machine import Machine
from kdive.formats import kdump_compressed as kdump

_VERSION = 6
_FLAGS = {name: flag for flag, name in kdump.CODECS.items()} | {"": 0}


@dataclass(frozen=True)
class KdumpLayout:
    """One file: all pages, or those first_pfn <= pfn < end_pfn of a split set. Offsets and sizes in bytes."""

    machine: Machine
    compression: str
    level: int
    part: tuple[int, int] | None = None

    @property
    def notes_offset(self) -> int:
        return self.machine.page_size + self._sub_kind.size()

    @property
    def bitmap_offset(self) -> int:
        """Bitmap 1: pages that the machine had."""
        return (1 + self._sub_blocks) * self.machine.page_size

    @property
    def bitmap_bytes(self) -> int:
        """Of one of the two."""
        return _blocks(-(-self.machine.end_pfn // 8), self.machine.page_size) * self.machine.page_size

    @property
    def dumped_offset(self) -> int:
        """Bitmap 2: pages in the file."""
        return self.bitmap_offset + self.bitmap_bytes

    @property
    def descriptors_offset(self) -> int:
        return self.bitmap_offset + 2 * self.bitmap_bytes

    @property
    def first_pfn(self) -> int:
        return self.part[0] if self.part else 0

    @property
    def end_pfn(self) -> int:
        return self.part[1] if self.part else self.machine.end_pfn

    def main_header(self, *, incomplete: bool) -> bytes:
        """The first block. Equal in all parts of a split set that is complete."""
        machine = self.machine
        texts = (machine.sysname, machine.nodename, machine.release, machine.version, machine.machine, "(none)")
        start = kdump.DumpStart(kdump.SIGNATURE, _VERSION, *(text.encode()[:64] for text in texts))
        times = (kdump.Timeval64 if machine.word_size == 8 else kdump.Timeval32)(machine.timestamp_s, 0)
        counts = kdump.DumpCounts(
            status=_FLAGS[self.compression] | (kdump.STATUS_INCOMPLETE if incomplete else 0),
            block_size=machine.page_size,
            sub_hdr_size=self._sub_blocks,
            bitmap_blocks=2 * self.bitmap_bytes // machine.page_size,
            max_mapnr=min(machine.end_pfn, 0xFFFFFFFF),
            total_ram_blocks=0,
            device_blocks=0,
            written_blocks=0,
            current_cpu=0,
            nr_cpus=machine.cpus,
        )
        head = start.pack(machine.order)
        head += bytes(-len(head) % machine.word_size) + times.pack(machine.order) + counts.pack(machine.order)
        return head.ljust(machine.page_size, b"\0")

    def sub_header(self, eraseinfo: tuple[int, int] = (0, 0)) -> bytes:
        """The blocks behind the first: sub header and notes. `eraseinfo` is its offset and size."""
        machine, kind = self.machine, self._sub_kind
        offset, size = machine.vmcoreinfo
        word = (1 << 8 * machine.word_size) - 1
        short = 0xFFFFFFFF if machine.word_size == 4 else word
        values: dict[str, Any] = {
            "phys_base": machine.phys_base & word,
            "dump_level": self.level,
            "split": int(self.part is not None),
            "start_pfn": min(self.first_pfn, short) if self.part else 0,
            "end_pfn": min(self.end_pfn, short) if self.part else 0,
            "offset_vmcoreinfo": self.notes_offset + offset if size else 0,
            "size_vmcoreinfo": size,
            "offset_note": self.notes_offset if machine.notes else 0,
            "size_note": len(machine.notes),
            "offset_eraseinfo": eraseinfo[0],
            "size_eraseinfo": eraseinfo[1],
            "start_pfn_64": self.first_pfn if self.part else 0,
            "end_pfn_64": self.end_pfn if self.part else 0,
            "max_mapnr_64": machine.end_pfn,
        }
        values |= {name: bytes(4) for name in kind.__annotations__ if name.startswith("hole_")}
        packed = kind(**values).pack(machine.order) + machine.notes
        return packed.ljust(self._sub_blocks * machine.page_size, b"\0")

    @property
    def _sub_blocks(self) -> int:
        return _blocks(self._sub_kind.size() + len(self.machine.notes), self.machine.page_size)

    @property
    def _sub_kind(self) -> type[kdump.SubHeader]:
        if self.machine.word_size == 8:
            return kdump.SubHeader64
        return kdump.SubHeaderAligned32 if self.machine.arch == "arm" else kdump.SubHeaderPacked32


def _blocks(size: int, block_size: int) -> int:
    return -(-size // block_size)
