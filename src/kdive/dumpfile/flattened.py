"""A flattened file read as if it had been put in order, without a second file."""

from __future__ import annotations

from collections.abc import Iterator

from kdive.dumpfile.ranges import Range, RangeMap
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpDamagedError
from kdive.formats.flattened import END_MARKER, HEADER_BYTES, FlattenedRecord

_RECORDS_LIMIT = 1 << 18
_BYTES_PER_RECORD = 4096  # beyond that many records, they must be at least this large on average
_HOLE_LIMIT_BYTES = 1 << 20  # what no record wrote reads as zeros, like a hole in a file; larger ones are damage
_SIZE_LIMIT = 1 << 62


class FlattenedSource(ByteSource):
    """The content of the flattened file `source`; later records overwrite earlier ones.

    `incomplete` says why the stream ends before its end marker, or "".
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.incomplete = ""
        self._map = RangeMap(self._records())
        self.size = self._map.end

    def _records(self) -> Iterator[Range]:
        """(start, end, offset in the stream, rank) of each record, as far as the stream goes."""
        header_bytes = FlattenedRecord.size()
        position = HEADER_BYTES
        limit = max(_RECORDS_LIMIT, self._source.size // _BYTES_PER_RECORD)
        for rank in range(limit):
            if position + header_bytes > self._source.size:
                self.incomplete = "the flattened stream has no end marker: it was cut short"
                return
            ((offset, size),) = FlattenedRecord.rows(self._source.read(position, header_bytes), ">")
            if offset == size == END_MARKER:
                return
            if offset < 0 or size < 0 or offset + size > _SIZE_LIMIT:
                self.incomplete = f"the flattened stream is damaged at offset {position:#x}"
                return
            position += header_bytes
            end = min(position + size, self._source.size)
            yield offset, offset + end - position, position, rank
            position += size
        self.incomplete = f"only the first {limit} records of the flattened stream were read"

    def read(self, offset: int, size: int) -> bytes:
        self.check(offset, size)
        parts: list[bytes] = []
        end = offset + size
        while offset < end:
            piece = self._map.find(offset)
            if piece is None or piece.target is None:
                following = self._map.next_start(offset)
                hole = (end if following is None else min(end, following)) - offset
                if hole > _HOLE_LIMIT_BYTES:
                    raise DumpDamagedError(f"no record of the flattened stream wrote offset {offset:#x}")
                parts.append(bytes(hole))
                offset += hole
            else:
                length = min(end, piece.end) - offset
                parts.append(self._source.read(piece.target + offset - piece.start, length))
                offset += length
        return b"".join(parts)

    def close(self) -> None:
        self._source.close()
