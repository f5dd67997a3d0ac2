"""Memory of the crashed machine, by virtual and by physical address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from kdive.dumpfile.dump import Dump
from kdive.errors import PageAbsentError, ReadError
from kdive.facts.missing import Missing
from kdive.memory.address_space import AddressSpace

READ_LIMIT_BYTES = 256 << 20  # of one read: nothing in a kernel that is read in one piece is larger


class Memory:
    """Reads of a dump's memory. Byte order and word size are the dump's.

    All reads raise PageExcludedError, PageAbsentError or DumpDamagedError for the first page that cannot be had, and
    plain ReadError where virtual addresses cannot be translated at all.
    """

    def __init__(self, dump: Dump, space: AddressSpace, kaslr_offset: int | Missing, phys_base: int | Missing) -> None:
        self.dump = dump
        self.kaslr_offset = kaslr_offset  # bytes that KASLR moved the kernel image
        self.phys_base = phys_base  # x86: physical address of the image's mapping, may be negative
        self._space = space
        self.byte_order: Literal["little", "big"] = "little" if dump.order == "<" else "big"
        self._address_mask = (1 << 8 * dump.word_size) - 1

    def translate(self, address: int) -> int:
        """The physical address of virtual `address`; the page itself may not be in the dump."""
        canonical = self._canonical(address)
        run = self._space.find(canonical)
        return run.physical + canonical - run.start

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from virtual `address`."""
        parts = []
        for physical, length, position in self._pieces(address, size):
            try:
                parts.append(self.dump.read_physical(physical, length))
            except ReadError as error:
                message = f"address {address + position:#x}: {error.message}"
                raise type(error)(message, hint=error.hint) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, address: int, buffer: memoryview) -> None:
        """Fills `buffer` from virtual `address` on: for large reads, whose memory is then not asked for each time."""
        for physical, length, position in self._pieces(address, len(buffer)):
            self.dump.read_physical_into(physical, buffer[position : position + length])

    def read_physical(self, address: int, size: int) -> bytes:
        """`size` bytes from physical `address`."""
        _check_size(size)
        return self.dump.read_physical(address, size)

    def read_u8(self, address: int) -> int:
        return self._read_unsigned(address, 1)

    def read_u16(self, address: int) -> int:
        return self._read_unsigned(address, 2)

    def read_u32(self, address: int) -> int:
        return self._read_unsigned(address, 4)

    def read_u64(self, address: int) -> int:
        return self._read_unsigned(address, 8)

    def read_s32(self, address: int) -> int:
        value = self._read_unsigned(address, 4)
        return value - (1 << 32) if value >> 31 else value

    def read_word(self, address: int) -> int:
        """An unsigned long or a pointer."""
        return self._read_unsigned(address, self.dump.word_size)

    def read_string(self, address: int, limit: int) -> str:
        """The text up to its NUL, or `limit` bytes of it; bytes that are not UTF-8 become \\xNN."""
        _check_size(limit)
        page_size = self.dump.page_size
        text = b""
        while len(text) < limit:
            position = address + len(text)
            piece = self.read(position, min(limit - len(text), page_size - position % page_size))
            end = piece.find(0)
            if end >= 0:
                text += piece[:end]
                break
            text += piece
        return text.decode("utf-8", "backslashreplace")

    def read_with_holes(self, address: int, size: int) -> tuple[bytearray, list[tuple[int, int]]]:
        """`size` bytes with zeros where a page cannot be had, and the half-open ranges of those zeros.

        The ranges count from the first byte read, ascend and do not touch. Only raises plain ReadError.
        """
        _check_size(size)
        data = bytearray(size)
        holes: list[tuple[int, int]] = []
        page_size = self.dump.page_size
        position = 0
        while position < size:
            at = address + position
            length = min(size - position, page_size - at % page_size)
            try:
                data[position : position + length] = self.dump.read_physical(self.translate(at), length)
            except ReadError as error:
                if type(error) is ReadError:
                    raise
                start = holes.pop()[0] if holes and holes[-1][1] == position else position
                holes.append((start, position + length))
            position += length
        return data, holes

    def _pieces(self, address: int, size: int) -> Iterator[tuple[int, int, int]]:
        """Physical address, length and position of each piece that is mapped in one run."""
        _check_size(size)
        position = 0
        while position < size or position == size == 0:
            canonical = self._canonical(address + position)
            run = self._space.find(canonical)
            length = min(size - position, run.end - canonical)
            yield run.physical + canonical - run.start, length, position
            if position == size:
                break
            position += length

    def _canonical(self, address: int) -> int:
        if not 0 <= address <= self._address_mask:
            raise PageAbsentError(f"{address:#x} is no address of this machine")
        return self._space.canonical(address)

    def _read_unsigned(self, address: int, size: int) -> int:
        data = self.read(address, size)
        return int.from_bytes(data, self.byte_order)


def _check_size(size: int) -> None:
    if not 0 <= size <= READ_LIMIT_BYTES:
        raise ReadError(f"{size} bytes in one read: no structure of a kernel is that large")
