"""A server that takes files by PUT: the dump goes in chunks, as nobody knows its size beforehand."""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, cast
from urllib.parse import quote, urlsplit

from kdive.kdump.capture_plan import Place
from kdive.kdump.collector.store import FLAT, VMCORE, StreamStore, TargetError

_TIMEOUT_S = 60.0
_ANSWER_BYTES = 2000


class HttpStore(StreamStore):
    """Files below `place.url`/`name`."""

    def __init__(self, place: Place, name: str, flattened: bool = True) -> None:
        parts = urlsplit(place.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TargetError(f"{place.url}: not an address of HTTP")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/{quote(name)}"
        self._vmcore = FLAT if flattened else VMCORE
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._path}"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Each file has a connection of its own."""

    def put(self, name: str, data: bytes) -> None:
        with self._connection() as connection:
            connection.request("PUT", f"{self._path}/{quote(name)}", body=data)
            self._check(connection)

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """What raises inside leaves the last chunk unsent: the server knows that it has half of the file."""
        with self._connection() as connection:
            connection.putrequest("PUT", f"{self._path}/{self._vmcore}")
            connection.putheader("Content-Type", "application/octet-stream")
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            yield cast(BinaryIO, _Chunks(connection))
            connection.send(b"0\r\n\r\n")
            self._check(connection)

    def finish_stream(self, flattened: bool) -> str:
        """The server has called it complete with its answer."""
        return self._vmcore

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = self._kind(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            yield connection
        except (http.client.HTTPException, OSError) as error:
            raise TargetError(f"{self.where}: {error}") from error
        finally:
            connection.close()

    def _check(self, connection: http.client.HTTPConnection) -> None:
        answer = connection.getresponse()
        answer.read(_ANSWER_BYTES)
        if not 200 <= answer.status < 300:
            raise TargetError(f"{self.where}: the server answers {answer.status} {answer.reason[:100]}")


class _Chunks(io.RawIOBase):
    """RFC 9112, 7.1."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(cast(bytes, data)))
        if piece:
            self._connection.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
        return len(piece)
