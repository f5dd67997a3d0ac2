"""Numbers that say what they count. Renderers know these types and need nothing else."""

from __future__ import annotations

from typing import NewType

Address = NewType("Address", int)  # virtual unless the name says physical
Pfn = NewType("Pfn", int)  # page frame number: physical address / page size
ByteCount = NewType("ByteCount", int)
Nanoseconds = NewType("Nanoseconds", int)
UnixSeconds = NewType("UnixSeconds", int)  # seconds since 1970-01-01 UTC
