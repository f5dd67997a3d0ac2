"""The heap object that a report is about: whose it was, by what the allocator or a sanitizer says."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.facts.log import LogEvent
from kdive.facts.verdict import Evidence


@dataclass(frozen=True)
class HeapObject:
    """What a report says of an object; "" where it does not."""

    cache: str
    size_bytes: str
    allocated_by: str
    freed_by: str

    @property
    def words(self) -> str:
        """One sentence, or ""."""
        owners = [("allocated by", self.allocated_by), ("freed by", self.freed_by)]
        history = " and ".join(f"{verb} `{function}`" for verb, function in owners if function)
        if not history:
            return ""
        size = f" of {self.size_bytes} bytes" if self.size_bytes else ""
        cache = f" in the cache {self.cache}" if self.cache else ""
        return f"The object{size}{cache} was {history}."

    def evidence(self, line: int) -> list[Evidence]:
        """What is known, as read from the report at `line`."""
        known = {"allocated-by": self.allocated_by, "freed-by": self.freed_by, "cache": self.cache}
        return [Evidence(f"log:{line}", value, kind) for kind, value in known.items() if value]


def heap_object(event: LogEvent) -> HeapObject:
    """The object that `event` is about."""
    details = event.details
    return HeapObject(
        cache=details.get("cache", ""),
        size_bytes=details.get("object_size", ""),
        allocated_by=details.get("alloc_function", ""),
        freed_by=details.get("free_function", ""),
    )
