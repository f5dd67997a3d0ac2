"""A dump on a raw partition becomes a folder of files, on the boot after the crash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from kdive.engine.output import FileOutput
from kdive.engine.rearrange import rearrange
from kdive.errors import DumpError, KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.collector import raw_layout
from kdive.kdump.collector.raw_layout import RawHeader
from kdive.kdump.collector.store import INCOMPLETE, LOG, VMCORE
from kdive.kdump.dumps import MANIFEST

_READ_BYTES = 4 << 20


def recover_raw(device: Path, folder: Path) -> Path | Missing:
    """The folder below `folder` that the dump on `device` was saved to; the device then holds none any more.

    A dump that was cut short is saved as far as it goes, named incomplete. Raises KdiveError where it cannot be
    saved, and leaves it where it is.
    """
    try:
        with device.open("r+b", buffering=0) as file:
            header = raw_layout.unpack(_exactly(file, raw_layout.HEADER_BYTES))
            if header is None:
                return Missing(f"there is no dump on {device}")
            place = folder / _safe(header.name)
            place.mkdir(mode=0o700, parents=True)
            try:
                _save(file, header, place)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            os.pwrite(file.fileno(), bytes(raw_layout.HEADER_BYTES), 0)
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise KdiveError(f"{error.filename}: is there already", hint="move it away") from error
    except OSError as error:
        raise KdiveError(f"{error.filename or device}: {error.strerror}", hint="make room, then try again") from error
    return place


def _save(file: BinaryIO, header: RawHeader, place: Path) -> None:
    files: dict[str, dict[str, Any]] = {}
    if header.log_bytes:
        file.seek(raw_layout.HEADER_BYTES)
        log = _exactly(file, header.log_bytes)
        _write(place / LOG, log)
        files[LOG] = {"size": len(log), "sha256": hashlib.sha256(log).hexdigest()}
    problem = "only the log was saved"
    if header.stream_offset:
        problem = _save_stream(file, header, place)
        name = INCOMPLETE if problem else VMCORE
        if (place / name).exists():
            files[name] = _listed(place / name)
    manifest = _manifest(header)
    problem = problem or ("" if manifest.get("complete") is True else str(manifest.get("reason") or "it was cut short"))
    manifest.update(complete=not problem, reason=problem, files=files)
    _write(place / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n")
    for folder in (place, place.parent):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(fd)
        os.close(fd)


def _save_stream(file: BinaryIO, header: RawHeader, place: Path) -> str:
    """Why the dump is not complete, or ""."""
    new = place / INCOMPLETE
    # A dump is not much larger than its stream: a damaged one must not make a file that nobody can read to its end.
    limit = 4 * file.seek(0, os.SEEK_END)
    file.seek(header.stream_offset)
    with FileOutput(new, limit_bytes=limit) as output:
        stream = cast(BinaryIO, raw_layout.BlockReader(file, _mark(header)))
        if header.flattened:
            try:
                problem = rearrange(stream, output)
            except DumpError:
                problem = "the capture ended before the dump began"
        else:
            problem = "" if _copy(stream, output) == header.stream_bytes else "the copy was cut short"
            output.sync()
    if not header.stream_bytes:
        problem = problem or "the capture did not end"
    if output.size == 0:
        new.unlink()
    elif not problem:
        new.replace(place / VMCORE)
    return problem


def _manifest(header: RawHeader) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        data = json.loads(header.manifest)
        if isinstance(data, dict):
            return data
    return {"schema": "kdive-capture/1"}


def _copy(stream: BinaryIO, output: FileOutput) -> int:
    while data := stream.read(_READ_BYTES):
        output.write(output.size, data)
    return output.size


def _listed(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write(path: Path, data: bytes) -> None:
    with FileOutput(path) as output:
        output.write(0, data)
        output.sync()


def _mark(header: RawHeader) -> bytes:
    try:
        return bytes.fromhex(header.mark)
    except ValueError as error:
        raise KdiveError("the header of the raw dump is damaged: it names no mark") from error


def _safe(name: str) -> str:
    if not name or "/" in name or name in (".", "..") or "\0" in name or len(name) > 200:
        raise KdiveError("the header of the raw dump is damaged: it names no folder")
    return name


def _exactly(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size and (data := file.read(min(size, _READ_BYTES))):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
