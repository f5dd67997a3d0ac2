"""zlib's format by the system's libdeflate, called for each page without Python in between."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEVEL = 2  # its fastest whose output is no larger than zlib's at level 1


class LibDeflate:
    """For one thread. Raises OSError or AttributeError where the library is not installed."""

    def __init__(self) -> None:
        library = ctypes.CDLL("libdeflate.so.0")
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        library.libdeflate_alloc_compressor.restype = pointer
        library.libdeflate_free_compressor.argtypes = [pointer]
        self._free = library.libdeflate_free_compressor
        self._compress = library.libdeflate_zlib_compress
        self._compress.argtypes = [pointer, pointer, size, pointer, size]
        self._compress.restype = size
        self._compressor = library.libdeflate_alloc_compressor(_LEVEL)
        if not self._compressor:
            raise OSError("libdeflate has no memory")
        self._out = np.empty(0, np.uint8)

    def __del__(self) -> None:
        if getattr(self, "_compressor", None):
            self._free(self._compressor)

    def compress(self, pages: NDArray[np.uint8], rows: NDArray[np.intp]) -> Sequence[Any]:
        """The compressed pages, a whole page for one that does not shrink: views that are good until the next call."""
        page_size = pages.shape[1]
        if len(self._out) < page_size * len(rows):
            self._out = np.empty(page_size * len(rows), np.uint8)
        starts = np.arange(len(rows)) * page_size
        sizes = map(
            self._compress,
            repeat(self._compressor),
            (pages.ctypes.data + rows * page_size).tolist(),
            repeat(page_size),
            (self._out.ctypes.data + starts).tolist(),
            repeat(page_size - 1),
        )
        view = memoryview(self._out)  # type: ignore[arg-type]
        return [
            view[start : start + (size or page_size)] for start, size in zip(starts.tolist(), list(sizes), strict=True)
        ]
