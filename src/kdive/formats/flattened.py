"""The flattened format: a stream of (offset, data) records that a pipe can carry.

Source: makedumpfile, IMPLEMENTATION, "the flattened format"; all numbers are big-endian.
"""

from __future__ import annotations

from kdive.formats.record import S64, Bytes16, Record

SIGNATURE = b"makedumpfile".ljust(16, b"\0")
HEADER_BYTES = 4096
END_MARKER = -1


class FlattenedHeader(Record, source="makedumpfile, struct makedumpfile_header"):
    signature: Bytes16
    type: S64
    version: S64


class FlattenedRecord(Record, source="makedumpfile, struct makedumpfile_data_header"):
    offset: S64  # bytes from the start of the rearranged file
    buf_size: S64  # bytes of data that follow
