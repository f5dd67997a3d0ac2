"""What the finders of secrets see of the kernel: its symbols, structures by address, and walks within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import drgn

from kdive.facts.missing import Missing
from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.memory.page_structs import PageStructs, find_page_structs
from kdive.symbols.failures import FAILURES
from kdive.symbols.layout import ProgramLayout
from kdive.symbols.modules import loaded_modules

ENTRIES_LIMIT = 1 << 20  # of one list or tree
_SIZE_LIMIT = 16 << 20  # bytes of one secret
_DEPTH_LIMIT = 256  # of a red-black tree: far more than any has


@dataclass(frozen=True)
class Secret:
    """`size` bytes to erase, from virtual `address` on, or from a `physical` one.

    Where `unique`, the bytes are worth looking for elsewhere: a copy of them is the same secret.
    """

    address: int
    size: int
    what: str
    physical: bool = False
    unique: bool = True
    zeros: bool = False  # a pointer that is to be NULL


class View:
    """The crashed kernel. Reads raise drgn's errors, names and types that are not there LookupError."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.program = kernel.program
        self.layout = ProgramLayout(kernel.program)
        self.damage: list[str] = []  # where walks ended before their end
        self.absent: list[str] = []  # what was named, and is not in this kernel
        self.kind = ""  # of secret that is looked for

    def damaged(self, what: str) -> None:
        """Says that something of the kind could not be followed, so that more of it may be left."""
        self.damage.append(f"{self.kind}: {what}")

    def symbol(self, name: str, module: str = "") -> drgn.Symbol:
        """The symbol `name`; of two by the same name that in `module`. Raises LookupError."""
        for symbol in self.program.symbols(name):
            if not module or any(
                start <= symbol.address < end for start, end in self._modules.get(module.replace("-", "_"), ())
            ):
                return symbol
        raise LookupError(f"{name} is not among this kernel's symbols")

    def has_symbol(self, name: str) -> bool:
        """Whether the kernel, or one of its modules, has that symbol."""
        return bool(self.program.symbols(name))

    def has_module(self, name: str) -> bool:
        """Whether that module is loaded."""
        return name.replace("-", "_") in self._modules

    @cached_property
    def _modules(self) -> dict[str, tuple[tuple[int, int], ...]]:
        return {module.name: module.ranges for module in loaded_modules(self.program)}

    def variable(self, name: str, type_name: str, module: str = "") -> drgn.Object:
        """The variable `name`, of which no debuginfo need tell the type."""
        return self.at(type_name, self.symbol(name, module).address)

    def per_cpu(self, name: str, type_name: str) -> Iterator[drgn.Object]:
        """The per-CPU variable `name` of each CPU, of which no debuginfo need tell the type."""
        start = self.symbol(name).address
        mask = (1 << 8 * self.kernel.memory.dump.word_size) - 1
        for cpu in self.kernel.cpus("possible"):
            yield self.at(type_name, start + self.kernel.per_cpu_offsets[cpu] & mask)

    def at(self, type_name: str, address: int) -> drgn.Object:
        """The structure at virtual `address`."""
        return drgn.Object(self.program, self.program.type(type_name), address=address)

    def at_physical(self, type_name: str, address: int) -> drgn.Object:
        """The structure at physical `address`, as a value."""
        type_ = self.program.type(type_name)
        return drgn.Object.from_bytes_(
            self.program, type_, self.program.read(address, drgn.sizeof(type_), physical=True)
        )

    def offset(self, type_name: str, member: str) -> int:
        """Bytes from the start of the structure to its member."""
        offset: int = drgn.offsetof(self.program.type(type_name), member)
        return offset

    def has_member(self, type_name: str, member: str) -> bool:
        return self.layout.has_member(type_name, member)

    def list(self, head: drgn.Object, type_name: str, member: str) -> Iterator[drgn.Object]:
        """The structures on a list, by their member of type struct list_head."""
        walk = ListWalk(self.program, ENTRIES_LIMIT)
        for address in walk.entries(head.address_, self.offset(type_name, member)):
            yield self.at(type_name, address)
        if walk.damage:
            self.damaged(walk.damage)

    def hlist(self, first: drgn.Object, type_name: str, member: str) -> Iterator[drgn.Object]:
        """The structures on a hash chain that begins with the struct hlist_node * `first`."""
        offset = self.offset(type_name, member)
        for address in self.chain(int(first.value_())):
            yield self.at(type_name, address - offset)

    def chain(self, address: int, offset: int = 0) -> Iterator[int]:
        """Addresses of structures that each point to the next one `offset` bytes in; NULL ends it, or low bits set."""
        seen: set[int] = set()
        try:
            while address and not address & 1:
                if address in seen or len(seen) >= ENTRIES_LIMIT:
                    self.damaged(f"the chain at {address:#x} does not end")
                    return
                seen.add(address)
                following = self.program.read_word(address + offset)
                yield address
                address = following
        except drgn.FaultError as error:
            self.damaged(f"a chain leads to {error.address:#x}, which is not in the dump")

    def tree(self, root: drgn.Object, type_name: str, member: str) -> Iterator[drgn.Object]:
        """The structures in a red-black tree; `root` is a struct rb_root."""
        offset = self.offset(type_name, member)
        waiting = [int(root.rb_node.value_())]
        seen: set[int] = set()
        while waiting:
            address = waiting.pop()
            if not address or address in seen:
                continue
            seen.add(address)
            if len(seen) > ENTRIES_LIMIT or len(waiting) > _DEPTH_LIMIT:
                self.damaged(f"the tree at {root.address_:#x} does not end")
                return
            try:
                node = self.at("struct rb_node", address)
                waiting += [int(node.rb_right.value_()), int(node.rb_left.value_())]
            except drgn.FaultError:
                self.damaged(f"a tree leads to {address:#x}, which is not in the dump")
                continue
            yield self.at(type_name, address - offset)

    def each(self, objects: Iterator[drgn.Object]) -> Iterator[drgn.Object]:
        """Those of `objects` that can be read; the others are damage."""
        for one in objects:
            try:
                one.read_()
            except FAILURES as error:
                self.damaged(f"{one.type_.type_name()} at {one.address_:#x}: {error}")
            else:
                yield one

    def physical_of_page(self, page: int) -> int:
        """Physical address of the page whose struct page is at `page`. Raises LookupError."""
        structs, page_size = self.page_structs, self.kernel.memory.dump.page_size
        for segment in self.kernel.memory.dump.segments():
            first_pfn = segment.physical // page_size
            span = next(structs.spans(first_pfn, first_pfn + 1), None)
            if span is None:
                continue
            # All struct pages are as if in one array, or each segment's are.
            pfn = span.first_pfn + (page - span.address) // structs.size
            found = next(structs.spans(pfn, pfn + 1), None) if pfn >= 0 else None
            if found is not None and found.address == page:
                return pfn * page_size
        raise LookupError(f"{page:#x} is no struct page")

    @cached_property
    def page_structs(self) -> PageStructs:
        """The kernel's struct pages. Raises LookupError where they cannot be found."""
        found = find_page_structs(self.kernel.memory)
        if isinstance(found, Missing):
            raise LookupError(found.reason)
        return found

    def secret(self, thing: drgn.Object, what: str, *, unique: bool = True) -> Secret:
        """The whole of a structure or member in memory."""
        return Secret(thing.address_, drgn.sizeof(thing.type_), what, unique=unique)

    def physical(self, secret: Secret) -> Iterator[tuple[int, int]]:
        """Physical address and size of its pieces; raises as `Memory.translate` does."""
        size = min(max(secret.size, 0), _SIZE_LIMIT)
        if secret.physical:
            yield secret.address, size
            return
        memory, page_size = self.kernel.memory, self.kernel.memory.dump.page_size
        address, end = secret.address, secret.address + size
        while address < end:
            length = min(end - address, page_size - address % page_size)
            yield memory.translate(address), length
            address += length
