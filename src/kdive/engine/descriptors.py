"""Tables of page descriptors as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdive.formats.record import ByteOrder


def descriptor_dtype(order: ByteOrder) -> np.dtype[Any]:
    """kdive.formats.kdump_compressed.PageDescriptor, for many."""
    return np.dtype(
        [("offset", f"{order}i8"), ("data_size", f"{order}u4"), ("flags", f"{order}u4"), ("page_flags", f"{order}u8")]
    )
