"""The slab object that an address lies in: all of the memory that was asked for it."""

from __future__ import annotations

from functools import cached_property

from kdive.kernel.secrets.view import View
from kdive.symbols.failures import FAILURES

_OBJECT_LIMIT = 1 << 20  # bytes


class Slabs:
    """Objects of the slab allocator, by any address in them."""

    def __init__(self, view: View) -> None:
        self._view = view

    def object_at(self, address: int) -> tuple[int, int] | None:
        """Address and size of the object that holds `address`; None where it is in no slab."""
        try:
            return self._object_at(address)
        except FAILURES:
            return None

    def _object_at(self, address: int) -> tuple[int, int] | None:
        memory = self._view.kernel.memory
        page_size = memory.dump.page_size
        pfn = memory.translate(address) // page_size
        structs = self._view.page_structs
        span = next(structs.spans(pfn, pfn + 1), None)
        if span is None:
            return None
        tail_of = (span.address - self._head(span.address)) // structs.size
        type_name = "struct slab" if self._view.layout.has_type("struct slab") else "struct page"
        slab = self._view.at(type_name, span.address - tail_of * structs.size)
        cache = int(slab.slab_cache.value_())
        if cache not in self._caches:
            return None
        start = address // page_size * page_size - tail_of * page_size
        number, size = (address - start) // self._caches[cache], self._caches[cache]
        return start + number * size, size

    def _head(self, page: int) -> int:
        """The struct page of the head of a compound page."""
        # d50569612c29 "mm: rename the 'compound_head' field in the 'struct page' to 'compound_info'", v7.1
        name = "compound_info" if self._view.has_member("struct page", "compound_info") else "compound_head"
        info = int(self._view.at("struct page", page).member_(name).value_())
        if not info & 1:
            return page
        # Since then a tail may have a mask in place of the head's address.
        return info - 1 if 0 < page - (info - 1) < 1 << 32 else page & info & ~1

    @cached_property
    def _caches(self) -> dict[int, int]:
        """Address of each struct kmem_cache → bytes from one of its objects to the next."""
        caches = self._view.list(self._view.program["slab_caches"], "struct kmem_cache", "list")
        sizes = {cache.address_: int(cache.size.value_()) for cache in self._view.each(caches)}
        return {cache: size for cache, size in sizes.items() if 0 < size <= _OBJECT_LIMIT}
