"""A partition without a file system. What holds one is not touched."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from kdive.kdump.capture_plan import Place
from kdive.kdump.collector import mounting, raw_layout
from kdive.kdump.collector.raw_layout import RawHeader
from kdive.kdump.collector.store import FLAT, LOG, VMCORE, StreamStore, TargetError
from kdive.kdump.dumps import MANIFEST

_PAYLOAD_PERCENT = 97  # the rest is for what frames the stream


class RawStore(StreamStore):
    """The device of `place`; what lay on it is lost."""

    def __init__(self, place: Place, name: str, root: Path) -> None:
        self.where = place.device
        device = mounting.find_device(place.device, root)
        if device is None:
            raise TargetError(f"{place.device}: there is no such device")
        kind = mounting.file_system_of(device)[0]
        if kind:
            raise TargetError(f"{place.device}: holds a file system ({kind}), which would be destroyed")
        self._fd = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        self._bytes = os.lseek(self._fd, 0, os.SEEK_END)
        self._header = RawHeader(name)
        self._log = b""
        self._written = 0
        self._write_header()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._fd)

    def put(self, name: str, data: bytes) -> None:
        if name == LOG and not self._header.stream_offset:
            data = data[-raw_layout.LOG_LIMIT_BYTES :]
            self._write(data, raw_layout.HEADER_BYTES)
            self._header = replace(self._header, log_bytes=len(data))
        elif name == MANIFEST:
            self._header = replace(self._header, manifest=data.decode())
        else:
            return  # there is no place for more
        os.fsync(self._fd)
        self._write_header()

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        offset = raw_layout.after_log(self._header.log_bytes)
        self.limit = max(0, self._bytes - offset) * _PAYLOAD_PERCENT // 100
        mark = secrets.token_bytes(raw_layout.MARK_BYTES)
        self._header = replace(self._header, stream_offset=offset, stream_bytes=0, mark=mark.hex())
        self._write_header()
        os.lseek(self._fd, offset, os.SEEK_SET)
        with open(os.dup(self._fd), "wb", buffering=0) as file:
            blocks = raw_layout.BlockWriter(cast(BinaryIO, file), mark)
            yield cast(BinaryIO, blocks)
            blocks.end()
        self._written = blocks.size
        os.fsync(self._fd)

    def finish_stream(self, flattened: bool) -> str:
        self._header = replace(self._header, stream_bytes=self._written, flattened=flattened)
        self._write_header()
        return FLAT if flattened else VMCORE

    def _write_header(self) -> None:
        self._write(raw_layout.pack(self._header), 0)
        os.fsync(self._fd)

    def _write(self, data: bytes, offset: int) -> None:
        if offset + len(data) > self._bytes:
            raise TargetError(f"{self.where}: has only {self._bytes} bytes")
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            view, offset = view[written:], offset + written
