"""LZO1X-1 by the system's liblzo2, called for each page without Python in between."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORK_BYTES = 16384 * 8  # LZO1X_1_MEM_COMPRESS, lzo1x.h


class LibLzo2:
    """For one thread. Raises OSError or AttributeError where the library is not installed."""

    def __init__(self) -> None:
        self._compress = ctypes.CDLL("liblzo2.so.2").lzo1x_1_compress
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self._compress.argtypes = [pointer, size, pointer, pointer, pointer]
        self._work = ctypes.create_string_buffer(_WORK_BYTES)
        self._out = np.empty(0, np.uint8)

    def compress(self, pages: NDArray[np.uint8], rows: NDArray[np.intp]) -> Sequence[Any]:
        """The compressed pages: views that are good until the next call."""
        page_size = pages.shape[1]
        slot = page_size + page_size // 16 + 67  # what LZO asks for, for data that does not shrink
        if len(self._out) < slot * len(rows):
            self._out = np.empty(slot * len(rows), np.uint8)
        sizes = np.zeros(len(rows), np.uintp)
        starts = np.arange(len(rows)) * slot
        deque(
            map(
                self._compress,
                (pages.ctypes.data + rows * page_size).tolist(),
                repeat(page_size),
                (self._out.ctypes.data + starts).tolist(),
                (sizes.ctypes.data + np.arange(len(rows)) * sizes.itemsize).tolist(),
                repeat(ctypes.addressof(self._work)),
            ),
            maxlen=0,
        )
        view = memoryview(self._out)  # type: ignore[arg-type]
        ends = starts + sizes.astype(np.int64)
        return [view[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
