"""The flattened format put in order: a stream of pieces becomes the file that they are pieces of."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from kdive.engine.output import FileOutput
from kdive.errors import DumpDamagedError, DumpError
from kdive.formats import elf
from kdive.formats import kdump_compressed as kdump
from kdive.formats.flattened import END_MARKER, HEADER_BYTES, SIGNATURE, FlattenedRecord
from kdive.formats.record import ByteOrder

_COPY_BYTES = 4 << 20
_SIZE_LIMIT = 1 << 62
_HEADER_BYTES = 512  # more than any format's first header takes
_EI_CLASS, _ELFCLASS64 = 4, 2
_EI_DATA, _ELFDATA2LSB = 5, 1


def rearrange(stream: BinaryIO, output: FileOutput, *, sync: bool = True) -> str:
    """Writes what `stream` carries; why the result is incomplete, or "".

    A stream that was cut short gives a file that says so itself. Raises DumpError for what is not flattened,
    OutputError and OutputFullError where writing fails.
    """
    head = _exactly(stream, HEADER_BYTES)
    if not head.startswith(SIGNATURE):
        raise DumpError(
            "standard input: not in the flattened format", hint="what makedumpfile -F and kdive dump -F write"
        )
    incomplete = _copy(stream, output)
    if incomplete:
        _mark_incomplete(output)
    if sync:
        output.sync()
    output.finish()
    return incomplete


def _copy(stream: BinaryIO, output: FileOutput) -> str:
    record_bytes = FlattenedRecord.size()
    while len(head := _exactly(stream, record_bytes)) == record_bytes:
        ((offset, size),) = FlattenedRecord.rows(head, ">")
        if offset == size == END_MARKER:
            return ""
        if offset < 0 or size < 0 or offset + size > _SIZE_LIMIT:
            return f"the stream is damaged after {output.size} bytes"
        while size:
            data = _exactly(stream, min(size, _COPY_BYTES))
            if not data:
                return "the stream ends within a piece"
            output.write(offset, data)
            offset, size = offset + len(data), size - len(data)
    return "the stream has no end marker: it was cut short"


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end of the stream."""
    parts = []
    while size and (data := stream.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def _mark_incomplete(output: FileOutput) -> None:
    """Lets the header of the dump say it, where one has arrived."""
    head = output.read(0, _HEADER_BYTES)
    with suppress(DumpError, DumpDamagedError):
        if head.startswith(kdump.SIGNATURE):
            main = kdump.read_header(head)
            end = kdump.header_bytes(main.word_size)
            status = main.counts.status | kdump.STATUS_INCOMPLETE
            counts = kdump.DumpCounts(**vars(main.counts) | {"status": status}).pack(main.order)
            output.write(end - len(counts), counts)
        elif head.startswith(elf.MAGIC):
            kind = elf.Ehdr64 if head[_EI_CLASS] == _ELFCLASS64 else elf.Ehdr32
            order: ByteOrder = "<" if head[_EI_DATA] == _ELFDATA2LSB else ">"
            header = kind.read(head, 0, order)
            flags = header.e_flags | elf.MAKEDUMPFILE_INCOMPLETE
            output.write(0, kind(**vars(header) | {"e_flags": flags}).pack(order))
