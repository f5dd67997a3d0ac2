"""The list of a capture's files with their checksums, which the collector leaves beside the dump."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "manifest.json"
SCHEMA = "kdive-capture/1"
_LIMIT_BYTES = 4 << 20
_READ_BYTES = 4 << 20


@dataclass(frozen=True)
class Checked:
    """What the manifest says of some files: the names that agree with it, and what does not."""

    agreeing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def check_files(paths: Sequence[Path], read: Callable[[int], None] = lambda size: None) -> Checked:
    """Compares size and SHA-256 of each of `paths` with the manifest beside it, where there is one that names it."""
    agreeing: list[str] = []
    problems: list[str] = []
    for path in paths:
        manifest = path.parent / NAME
        if not manifest.is_file():
            continue
        entry = _entry(manifest, path.name)
        if isinstance(entry, str):
            problems += [entry] if entry else []
            continue
        problem = _mismatch(path, *entry, read)
        if problem:
            problems.append(problem)
        else:
            agreeing.append(path.name)
    return Checked(tuple(agreeing), tuple(dict.fromkeys(problems)))


def _entry(manifest: Path, name: str) -> tuple[int, str] | str:
    """Size and checksum of `name`; what is wrong with the manifest, or "" where it does not name the file."""
    try:
        with manifest.open("rb") as file:
            data = json.loads(file.read(_LIMIT_BYTES))
        if data["schema"] != SCHEMA:
            return f"{manifest}: its schema is {str(data['schema'])[:40]!r}, not {SCHEMA!r}"
        files = data["files"]
        if name not in files:
            return ""
        size, sha256 = files[name]["size"], files[name]["sha256"]
    except OSError as error:
        return f"{manifest}: {error.strerror}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"{manifest}: cannot be read as a manifest"
    if not isinstance(size, int) or not isinstance(sha256, str):
        return f"{manifest}: says no size and checksum of {name}"
    return size, sha256.lower()


def _mismatch(path: Path, size: int, sha256: str, read: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    total = 0
    try:
        with path.open("rb", buffering=0) as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
                total += len(data)
                read(total)
    except OSError as error:
        return f"{path}: {error.strerror}"
    if total != size:
        return f"{path}: has {total} bytes, its manifest says {size}"
    if digest.hexdigest() != sha256:
        return f"{path}: its content is not what the manifest's checksum was made of"
    return ""
