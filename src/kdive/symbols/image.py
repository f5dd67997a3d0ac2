"""The kernel image in memory, searched for what nothing names."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kdive.errors import KdiveError, ReadError
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.formats.btf import LIMIT_BYTES, MAGIC, Btf, Header
from kdive.formats.integers import integers
from kdive.memory.memory import Memory
from kdive.symbols.names import KernelNames

_REACH = 256 << 20  # exported variables further from _stext than this are not in the image
_AFTER_LAST = 1 << 16  # bytes that are searched behind the last exported variable
_CHUNK = 1 << 20


class Image:
    """start <= address < end, as far as exported variables reach. Pages that are missing read as zeros."""

    def __init__(self, memory: Memory, names: KernelNames) -> None:
        self._memory = memory
        info = known(memory.dump.vmcoreinfo, {})
        self.start = vmcoreinfo.symbol(info, "_stext") or names.start
        self.text_end = names.address("_etext") or self.start
        symbols = [vmcoreinfo.symbol(info, key[7:-1]) for key in info if key.startswith("SYMBOL(")]
        inside = [one for one in symbols if one is not None and self.start <= one < self.start + _REACH]
        self.end = max(inside, default=names.end) + _AFTER_LAST

    def find(self, needle: bytes, start: int) -> Iterator[int]:
        """Addresses of `needle` from `start` on."""
        for chunk, data in self._chunks(start, len(needle) - 1):
            at = data.find(needle)
            while at >= 0:
                yield chunk + at
                at = data.find(needle, at + 1)

    def words(self, start: int) -> Iterator[tuple[int, list[int]]]:
        """All 64-bit words from `start` on, in pieces with the address of their first."""
        for chunk, data in self._chunks(start & -8, 0):
            yield chunk, list(integers("Q", data[: len(data) & -8], self._memory.dump.order))

    def btf(self) -> bytes:
        """The kernel's types, told by how BTF starts. Raises ReadError where there are none."""
        order = self._memory.dump.order
        start = struct.pack(order + "HBBII", MAGIC, 1, 0, Header.size(), 0)
        for address in self.find(start, self.text_end):
            try:
                header = Header.read(self._memory.read(address, Header.size()), 0, order)
                size = Header.size() + header.str_off + header.str_len
                if header.str_off == header.type_len and header.type_len and size <= LIMIT_BYTES:
                    data = self._memory.read(address, size)
                    Btf(data, order)
                    return data
            except KdiveError:
                continue
        raise ReadError("this kernel carries no BTF")

    def _chunks(self, start: int, overlap: int) -> Iterator[tuple[int, bytes]]:
        for chunk in range(start, self.end, _CHUNK):
            yield chunk, bytes(self._memory.read_with_holes(chunk, min(_CHUNK + overlap, self.end - chunk))[0])
