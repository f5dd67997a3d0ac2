"""Dumps written from dumps, and the pages of both, for the tests of the writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind
from kdive.engine.open_pages import open_pages
from kdive.engine.write import write_dump
from kdive.engine.writing import WriteOptions, WriteResult
from kdive.memory.open import open_memory

QUICK = WriteOptions(sync=False)
_WINDOW_PAGES = 32768


@dataclass
class Window:
    """Pages of known kinds."""

    first_pfn: int
    present: NDArray[np.bool_]
    kinds: NDArray[np.uint8]


def windows(dump: Dump, kinds: Mapping[int, PageKind] | None = None) -> Iterator[Window]:
    """All memory of the machine; pages that `kinds` does not name are to be kept."""
    end = 0
    for segment in dump.segments():
        first = max(end, segment.physical // dump.page_size)
        end = -(-(segment.physical + segment.size) // dump.page_size)
        for start in range(first, end, _WINDOW_PAGES):
            count = min(_WINDOW_PAGES, end - start)
            of_pages = np.zeros(count, np.uint8)
            for pfn, kind in (kinds or {}).items():
                if start <= pfn < start + count:
                    of_pages[pfn - start] = kind
            yield Window(start, of_pages != PageKind.HOLE, of_pages)


def copy(
    source: Path, target: Path, options: WriteOptions = QUICK, kinds: Mapping[int, PageKind] | None = None
) -> WriteResult:
    """Writes the pages of dump `source` to the new file `target`."""
    with open_dump(source) as dump:
        return write_dump(open_memory(dump), windows(dump, kinds), target, options)


def quick(**changes: object) -> WriteOptions:
    """Options that do not wait for the disk."""
    return replace(QUICK, **changes)  # type: ignore[arg-type]


def pages_of(path: Path) -> dict[int, bytes]:
    """All pages whose content the dump has, by pfn."""
    with open_dump(path) as dump:
        reader = open_pages(dump)
        found: dict[int, bytes] = {}
        for window in windows(dump):
            pages, good = reader.read(window.first_pfn, len(window.kinds))
            found |= {window.first_pfn + index: pages[index].tobytes() for index in np.flatnonzero(good).tolist()}
        return found
