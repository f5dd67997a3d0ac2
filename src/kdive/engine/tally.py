"""What has become of the pages so far."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from kdive.engine.batches import Batch
from kdive.engine.chosen import Selected, by_name
from kdive.engine.writing import OutputError, OutputFullError, WriteResult
from kdive.units import ByteCount, Pfn

_ERRORS_NAMED = 64


class Tally:
    """Counts pages while they are written."""

    def __init__(self) -> None:
        self.selected = Selected()
        self.done = 0  # of the pages selected
        self.zero = 0
        self.kept = 0
        self.written = 0  # bytes
        self._read_errors: list[int] = []
        self._failed = 0
        self._stopped = ""
        self._full = False
        self._started = time.monotonic()

    def add(self, batch: Batch) -> None:
        """Counts a batch that was written."""
        self.zero += int(np.count_nonzero(batch.zero))
        self.kept -= int(np.count_nonzero(batch.zero))
        self.add_plain(batch.pfns, batch.good)

    def add_plain(self, pfns: NDArray[np.int64], good: NDArray[np.bool_]) -> None:
        """Counts pages that were written as they are."""
        self.done += len(pfns)
        bad = pfns[~good]
        self.kept += len(pfns) - len(bad)
        self._failed += len(bad)
        self._read_errors += bad[: _ERRORS_NAMED - len(self._read_errors)].tolist()

    def stopped(self, error: OutputFullError | OutputError) -> None:
        """Notes why writing ended early."""
        self._stopped = self._stopped or error.message
        self._full = self._full or isinstance(error, OutputFullError)

    @property
    def incomplete(self) -> str:
        """Why the dump is not whole, or ""."""
        if self._stopped:
            return self._stopped
        return f"{self._failed} pages could not be read" if self._failed else ""

    def result(self, paths: tuple[str, ...]) -> WriteResult:
        """The account of a dump that is done."""
        selected = self.selected
        return WriteResult(
            pages=selected.pages,
            pages_of_kind=by_name(selected.of_kind),
            excluded_of_kind=by_name(selected.excluded_of_kind),
            unavailable=selected.unavailable,
            zero=self.zero,
            kept=self.kept,
            lost=max(self._failed, selected.dumped - self.zero - self.kept),
            read_errors=tuple(map(Pfn, self._read_errors)),
            written=ByteCount(self.written),
            seconds=time.monotonic() - self._started,
            incomplete=self.incomplete,
            full=self._full,
            paths=paths,
            end_pfn=selected.end_pfn,
        )
