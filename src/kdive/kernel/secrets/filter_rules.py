"""What a filter file names, found in the kernel's memory: its symbols, members, loops and sizes."""

from __future__ import annotations

from collections.abc import Iterator

import drgn

from kdive.errors import KdiveError
from kdive.formats.filter_config import KERNEL, Erase, Loop, Path, Section
from kdive.kernel.secrets.view import ENTRIES_LIMIT, Secret, View
from kdive.symbols.failures import FAILURES

_STRING_LIMIT = 1024  # bytes of a char *, as makedumpfile has it
_SIZE_LIMIT = 1 << 30

Scope = dict[str, drgn.Object]


def find(view: View, name: str, sections: tuple[Section, ...]) -> Iterator[Secret]:
    """What to erase for the file `name`; sections of modules that are not loaded are `absent` things of the view.

    Raises KdiveError, with the line, for what cannot be found with the names and types at hand.
    """
    for section in sections:
        if section.module != KERNEL and not view.has_module(section.module):
            view.absent.append(f"module {section.module}")
            continue
        for command in section.commands:
            rule = _Rule(view, "" if section.module == KERNEL else section.module)
            try:
                yield from rule.loop(command) if isinstance(command, Loop) else rule.erase(command, {})
            except KdiveError as error:
                raise KdiveError(f"{name}:{command.line}: {error.message}", hint=error.hint) from error
            except drgn.FaultError as error:
                view.damaged(f"{name}:{command.line}: {error.address:#x} is not in the dump")
            except FAILURES as error:
                reason = error.args[0] if error.args else type(error).__name__
                raise KdiveError(
                    f"{name}:{command.line}: {reason}",
                    hint="pass the kernel's vmlinux with --vmlinux FILE: it has the types of all variables",
                ) from error


class _Rule:
    def __init__(self, view: View, module: str) -> None:
        self._view = view
        self._module = module

    def erase(self, command: Erase, scope: Scope) -> Iterator[Secret]:
        what = ".".join(command.target)
        if command.size is None and len(command.target) == 1 and what not in scope and not self._is_typed(what):
            symbol = self._view.symbol(what, self._module)
            yield self._secret(symbol.address, symbol.size, what)
            return
        target = self._resolve(command.target, scope)
        kind = target.type_.unaliased_kind()
        if command.nullify:
            if kind != drgn.TypeKind.POINTER:
                raise KdiveError(f"{what} is no pointer", hint="nullify is for pointers")
            address = target.address_
            if address is not None:
                yield Secret(address, drgn.sizeof(target.type_), what, unique=False, zeros=True)
            return
        size = self._size(command.size, scope)
        if kind != drgn.TypeKind.POINTER:
            yield self._secret(target.address_, drgn.sizeof(target.type_) if size is None else size, what)
        elif int(target.value_()):
            size = self._size_behind(target, what) if size is None else size
            yield self._secret(int(target.value_()), size, what)

    def loop(self, command: Loop) -> Iterator[Secret]:
        for element in self._elements(command):
            for one in command.commands:
                if one.target[0] != command.name:
                    raise KdiveError(f"{'.'.join(one.target)}: not of the loop", hint=f"begin with {command.name}")
                yield from self.erase(one, {command.name: element})

    def _elements(self, command: Loop) -> Iterator[drgn.Object]:
        if command.within:
            struct, member = command.within
            head = self._resolve(command.source, {})
            if head.type_.unaliased_kind() == drgn.TypeKind.POINTER:  # LIST.next
                head = self._resolve(command.source[:-1], {}) if len(command.source) > 1 else head[0]
            yield from self._view.list(head, f"struct {struct}", member)
            return
        source = self._resolve(command.source, {})
        kind = source.type_.unaliased_kind()
        if command.via:
            yield from self._chain(source, command.via)
        elif kind == drgn.TypeKind.ARRAY and source.type_.length is not None:
            yield from (source[index] for index in range(min(len(source), ENTRIES_LIMIT)))
        else:
            raise KdiveError(
                f"{'.'.join(command.source)} is no array of known length",
                hint="write via MEMBER, or within STRUCT:MEMBER",
            )

    def _chain(self, element: drgn.Object, via: str) -> Iterator[drgn.Object]:
        seen: set[int] = set()
        if element.type_.unaliased_kind() == drgn.TypeKind.POINTER:
            element = element[0]
        while element.address_ and element.address_ not in seen and len(seen) < ENTRIES_LIMIT:
            seen.add(element.address_)
            yield element
            element = element.member_(via)[0]

    def _resolve(self, path: Path, scope: Scope) -> drgn.Object:
        name, *members = path
        value = scope[name] if name in scope else self._variable(name)
        for member in members:
            value = value.member_(member)
        return value

    def _variable(self, name: str) -> drgn.Object:
        try:
            variable = self._view.program[name]
        except LookupError:
            self._view.symbol(name, self._module)  # says so where it is not even a symbol
            raise LookupError(f"the type of {name} is not known") from None
        if self._module:
            return drgn.Object(
                self._view.program, variable.type_, address=self._view.symbol(name, self._module).address
            )
        return variable

    def _is_typed(self, name: str) -> bool:
        try:
            self._variable(name)
        except LookupError:
            return False
        return True

    def _size(self, size: int | Path | None, scope: Scope) -> int | None:
        if size is None or isinstance(size, int):
            return size
        value = int(self._resolve(size, scope).value_())
        if not 0 <= value <= _SIZE_LIMIT:
            raise KdiveError(f"{'.'.join(size)} is {value}: no size", hint="name a number of bytes")
        return value

    def _size_behind(self, pointer: drgn.Object, what: str) -> int:
        """How much there is to erase where `pointer` points to, by its type."""
        target = pointer.type_
        while target.kind == drgn.TypeKind.TYPEDEF:
            target = target.type
        target = target.type
        kind = target.unaliased_kind()
        if kind in (drgn.TypeKind.VOID, drgn.TypeKind.FUNCTION):
            raise KdiveError(f"{what} points to something of unknown size", hint="add size SIZE, or nullify")
        if kind == drgn.TypeKind.INT and drgn.sizeof(target) == 1:
            return len(self._view.program.read_c_string(int(pointer.value_()), max_size=_STRING_LIMIT))
        size: int = drgn.sizeof(target)
        return size

    def _secret(self, address: int | None, size: int, what: str) -> Secret:
        if address is None:
            raise KdiveError(f"{what} is not in memory", hint="a part of a word cannot be erased: name the whole")
        if not 0 <= size <= _SIZE_LIMIT:
            raise KdiveError(f"{what} cannot have {size} bytes", hint="add size SIZE")
        return Secret(address, size, what, unique=False)
