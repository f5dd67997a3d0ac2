"""Files by HTTP: resumed where a former try ended, bounded, and checked where a checksum is known."""

from __future__ import annotations

import hashlib
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit

from kdive.errors import KdiveError

Progress = Callable[[str], None]

_TIMEOUT_S = 60.0
_TRIES = 4
_PAUSE_S = 1.0
_STEP = 1 << 20
LIMIT_BYTES = 8 << 30  # no package of debuginfo comes near it: a server that never ends must not fill the disk


class AnswerError(KdiveError):
    """The server answers, with something else than the file."""


class NotThereError(AnswerError):
    """The server answers, and has no such file."""


@dataclass(frozen=True)
class Checksum:
    """`algorithm` by its name in hashlib, `value` in hexadecimal."""

    algorithm: str
    value: str


def is_address(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https")


def download(address: str, path: Path, progress: Progress, checksum: Checksum | None = None) -> None:
    """Writes the file at `address` to `path`; what a try that broke off left in `path`.part is gone on from.

    Raises NotThereError when the server has no such file, KdiveError when it cannot be had whole.
    """
    part = path.with_name(path.name + ".part")
    for left in reversed(range(_TRIES)):
        try:
            _go_on(address, part, progress)
            break
        except HTTPError as error:
            if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise NotThereError(f"{address}: not there", hint="is the address right?") from None
            if left == 0 or error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise AnswerError(f"{address}: the server says {error.code} {error.reason}", hint=_LATER) from None
        except OSError as error:
            if left == 0:
                raise KdiveError(f"{address}: cannot be fetched: {_reason(error)}", hint=_LATER) from None
        time.sleep(_PAUSE_S)
    if checksum is not None and _digest(part, checksum.algorithm) != checksum.value:
        part.unlink()
        raise KdiveError(f"{address}: its checksum is wrong", hint="the mirror may be changing just now; try again")
    part.rename(path)


_LATER = "what was fetched is kept: the same command goes on from there"


def read(address: str, limit_bytes: int) -> bytes:
    """A small file. Raises NotThereError and KdiveError as `download` does, also when it is larger than the limit."""
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
            data: bytes = answer.read(limit_bytes + 1)
    except HTTPError as error:
        kind = NotThereError if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else AnswerError
        raise kind(f"{address}: the server says {error.code} {error.reason}", hint="is the address right?") from None
    except OSError as error:
        raise KdiveError(f"{address}: cannot be fetched: {_reason(error)}", hint="is the address right?") from None
    if len(data) > limit_bytes:
        raise KdiveError(f"{address}: larger than {limit_bytes >> 20} MB", hint="is the address right?")
    return data


def _go_on(address: str, part: Path, progress: Progress) -> None:
    here = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={here}-"} if here else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except HTTPError as error:
        if here and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and _is_whole(error, here):
            return
        if here and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # another file than the one that was begun
        raise
    with answer, part.open("ab") as file:
        if here and answer.status != HTTPStatus.PARTIAL_CONTENT:
            file.truncate(0)
            here = 0
        length = answer.headers.get("Content-Length")
        total = here + int(length) if length and length.isdigit() else None
        _copy(answer, file, here, total, progress, address.rpartition("/")[2])


def _copy(answer: IO[bytes], file: IO[bytes], here: int, total: int | None, progress: Progress, name: str) -> None:
    while data := answer.read(_STEP):
        here += len(data)
        if here > LIMIT_BYTES:
            raise KdiveError(f"{name}: the server sends more than {LIMIT_BYTES >> 30} GB", hint="is the address right?")
        file.write(data)
        of = f" of {total >> 20}" if total else ""
        progress(f"fetching {name}: {here >> 20}{of} MB")
    if total is not None and here < total:
        raise ConnectionError(f"it ended after {here} of {total} bytes")


def _is_whole(error: HTTPError, here: int) -> bool:
    """Whether a refused range means that there was nothing left to fetch: "Content-Range: bytes */SIZE"."""
    return error.headers.get("Content-Range", "").endswith(f"/{here}")


def _digest(path: Path, algorithm: str) -> str:
    if algorithm not in hashlib.algorithms_available:
        raise KdiveError(f"checksums of the kind {algorithm} are unknown here", hint="fetch the file by hand")
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
