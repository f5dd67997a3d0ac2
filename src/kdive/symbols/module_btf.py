"""Types of loaded modules, out of the BTF that the kernel keeps of each; read when no other finder knows a name."""

from __future__ import annotations

from collections.abc import Iterator

import drgn

from kdive.errors import KdiveError
from kdive.formats.btf import LIMIT_BYTES, Btf
from kdive.memory.memory import Memory
from kdive.symbols.btf_types import BtfTypes
from kdive.symbols.failures import FAILURES

_MODULES_LIMIT = 4096
_TOTAL_LIMIT = 128 << 20  # bytes


class ModuleTypes:
    """A drgn type finder over the list `btf_modules`, which kernels have since v5.11 (36e68442d1af)."""

    def __init__(self, memory: Memory, program: drgn.Program, btf: Btf, types: BtfTypes) -> None:
        self._memory = memory
        self._program = program
        self._btf = btf
        self._types = types
        self._modules: list[BtfTypes] | None = None
        self._loading = False

    def find(self, program: drgn.Program, kinds: drgn.TypeKindSet, name: str, filename: str | None) -> drgn.Type | None:
        if filename or self._loading:
            return None
        if self._modules is None:
            # The list itself is read with types: those of the kernel.
            self._loading = True
            try:
                self._modules = list(self._load())
            finally:
                self._loading = False
        found = (types.find(program, kinds, name, None) for types in self._modules)
        return next((type_ for type_ in found if type_ is not None), None)

    def _load(self) -> Iterator[BtfTypes]:
        """The BTF of each module that can be read and holds together; that of another costs its own types only."""
        total = 0
        for address, size in _blobs(self._program):
            total += size
            if size > LIMIT_BYTES or total > _TOTAL_LIMIT:
                continue
            try:
                btf = Btf(self._memory.read(address, size), self._memory.dump.order, self._btf)
            except KdiveError:
                continue
            yield BtfTypes(self._program, btf, self._types)


def _blobs(program: drgn.Program) -> Iterator[tuple[int, int]]:
    """Address and size of the BTF of each module; nothing where the kernel keeps none."""
    try:
        type_ = program.type("struct btf_module")
        head = program.symbol("btf_modules").address
        entry = program.read_word(head)
        seen = {head}
        while entry not in seen and len(seen) <= _MODULES_LIMIT:
            seen.add(entry)
            module = drgn.Object(program, type_, address=entry - drgn.offsetof(type_, "list"))
            btf = module.btf
            yield btf.data.value_(), btf.data_size.value_()
            entry = module.list.next.value_()
    except FAILURES:
        return
