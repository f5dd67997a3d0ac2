"""What drgn raises when memory, types or names in a dump are not what they should be."""

from __future__ import annotations

import drgn

from kdive.errors import KdiveError

# A type that lies (a damaged BTF) makes drgn raise TypeError, AttributeError and the like as well; one that is made of
# itself RecursionError; and our finders raise KdiveError.
FAILURES: tuple[type[Exception], ...] = (
    drgn.FaultError,
    drgn.ObjectAbsentError,
    LookupError,
    AttributeError,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
    KdiveError,
)
