"""Split sets: the parts that makedumpfile --split wrote, found and put in order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kdive.dumpfile.kdump_header import KdumpHeader, read_kdump_header
from kdive.dumpfile.opened import Opened, close_all, open_layers
from kdive.errors import DumpError, KdiveError
from kdive.formats import flattened
from kdive.formats.kdump_compressed import SIGNATURE

_FILES_LOOKED_AT = 4096


@dataclass(frozen=True)
class Part:
    file: Opened
    header: KdumpHeader


def whole_set(files: Sequence[Opened]) -> list[Part]:
    """The parts in order of their pages: `files` and those beside the first that belong to it.

    A file that is no part of a split set stays alone. Raises DumpError when `files` do not belong together.
    """
    parts = [Part(file, read_kdump_header(file.source)) for file in files]
    first = parts[0]
    if not first.header.split and len(parts) == 1:
        return parts
    for part in parts:
        if not part.header.split or part.header.main_bytes != first.header.main_bytes:
            raise DumpError(
                f"{part.file.path}: not a part of the same split dump as {first.file.path}",
                hint="open the files one by one",
            )
    for path in _neighbours([part.file.path for part in parts]):
        found = _part_of(path, first.header)
        if found is None:
            continue
        if any(_overlap(found.header, part.header) for part in parts):
            found.file.source.close()
        else:
            parts.append(found)
    return sorted(parts, key=lambda part: part.header.first_pfn)


def gaps(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Half-open ranges of pfns that no part holds."""
    gaps_found = []
    position = 0
    for part in parts:
        if part.header.first_pfn > position:
            gaps_found.append((position, part.header.first_pfn))
        position = max(position, part.header.end_pfn)
    end = parts[0].header.max_mapnr
    return gaps_found if position >= end else [*gaps_found, (position, end)]


def _neighbours(given: Sequence[Path]) -> list[Path]:
    """Regular files in the folder of the first part, those that were given left out; the likest names first.

    A folder may hold the same dump split twice.
    """
    known = {path.resolve() for path in given}
    try:
        with os.scandir(given[0].parent) as entries:
            files = [Path(entry.path) for entry in islice(entries, _FILES_LOOKED_AT) if entry.is_file()]
    except OSError:
        return []
    stem = given[0].name.rstrip("0123456789")
    others = [path for path in files if path.resolve() not in known]
    return sorted(others, key=lambda path: (path.name.rstrip("0123456789") != stem, path))


def _overlap(one: KdumpHeader, other: KdumpHeader) -> bool:
    if one.first_pfn >= one.end_pfn:
        return True  # no pages: nothing is lost without it
    return one.first_pfn < other.end_pfn and other.first_pfn < one.end_pfn


def _part_of(path: Path, header: KdumpHeader) -> Part | None:
    """`path` as a part of the set whose parts have the main header of `header`; None when it is none."""
    try:
        with open(path, "rb") as file:
            if not file.read(16).startswith((SIGNATURE, flattened.SIGNATURE)):
                return None
        opened = open_layers(path)
    except (OSError, KdiveError):
        return None
    try:
        found = read_kdump_header(opened.source)
    except KdiveError:
        close_all([opened])
        return None
    if not found.split or found.main_bytes != header.main_bytes:
        close_all([opened])
        return None
    return Part(opened, found)


def is_one_set(paths: Sequence[Path]) -> bool:
    """Whether all of `paths` are parts of one split dump."""
    try:
        first = open_layers(paths[0])
    except KdiveError:
        return False
    try:
        header = read_kdump_header(first.source)
    except KdiveError:
        return False
    finally:
        close_all([first])
    parts = [_part_of(path, header) for path in paths]
    close_all([part.file for part in parts if part])
    return header.split and all(parts)
