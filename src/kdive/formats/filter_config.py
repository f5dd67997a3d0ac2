"""The text in which makedumpfile is told what to erase. Source: makedumpfile.conf(5).

[vmlinux]
erase modules
erase cred_jar.name size 8
for mod in modules.next within module:list
    erase mod.holders_dir.name
endfor
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kdive.errors import KdiveError

KERNEL = "vmlinux"
LIMIT_BYTES = 1 << 20
_SIZE_LIMIT = 1 << 30
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}
_NUMBER = re.compile(r"(0x[0-9a-fA-F]+|\d+)([kKmM]?)")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

Path = tuple[str, ...]  # a symbol, or the name of a loop, and members from there on


@dataclass(frozen=True)
class Erase:
    """One command; `size` is in bytes, or where a number of bytes is."""

    line: int
    target: Path
    size: int | Path | None = None
    nullify: bool = False


@dataclass(frozen=True)
class Loop:
    """`name` stands for each element of an array, of a chain by its member `via`, or of a list."""

    line: int
    name: str
    source: Path
    via: str = ""
    within: tuple[str, str] | None = None  # struct, and its member of type struct list_head
    commands: tuple[Erase, ...] = ()


@dataclass(frozen=True)
class Section:
    """Commands whose symbols are those of one module, or of the kernel."""

    module: str
    commands: tuple[Erase | Loop, ...]


def parse(text: bytes, name: str) -> tuple[Section, ...]:
    """The sections of a file; `name` is for messages. Raises KdiveError, with the line, for what cannot be read."""
    if len(text) > LIMIT_BYTES:
        raise KdiveError(f"{name}: {len(text)} bytes are no list of things to erase", hint="name the filter file")
    try:
        lines = [line.partition("#")[0].split() for line in text.decode().splitlines()]
    except UnicodeDecodeError as error:
        raise KdiveError(
            f"{name}: not a text: {error.reason} at byte {error.start}", hint="see makedumpfile.conf(5)"
        ) from error
    parser = _Parser(name, [(number, words) for number, words in enumerate(lines, 1) if words])
    return tuple(parser.sections())


class _Parser:
    def __init__(self, name: str, lines: Sequence[tuple[int, list[str]]]) -> None:
        self._name = name
        self._lines = iter(lines)
        self._line = 0

    def sections(self) -> Iterator[Section]:
        module, commands = KERNEL, list[Erase | Loop]()
        for number, words in self._lines:
            self._line = number
            if words[0].startswith("["):
                if commands:
                    yield Section(module, tuple(commands))
                module, commands = self._module(" ".join(words)), []
            else:
                commands.append(self._command(words))
        if commands:
            yield Section(module, tuple(commands))

    def _module(self, text: str) -> str:
        found = re.fullmatch(r"\[\s*([\w-]+)\s*\]", text)
        if not found:
            raise self._fault(f"{text}: not a section", "write [vmlinux] or [MODULE]")
        return found[1]

    def _command(self, words: list[str]) -> Erase | Loop:
        if words[0] == "erase":
            return self._erase(words)
        if words[0] == "for":
            return self._loop(words)
        raise self._fault(f"{words[0]}: no such command", "erase, for … endfor")

    def _erase(self, words: list[str]) -> Erase:
        match words[1:]:
            case [target]:
                return Erase(self._line, self._path(target))
            case [target, "nullify"]:
                return Erase(self._line, self._path(target), nullify=True)
            case [target, "size", size]:
                return Erase(self._line, self._path(target), self._size(size))
        raise self._fault(" ".join(words), "erase SYMBOL[.MEMBER…] [size SIZE | nullify]")

    def _size(self, text: str) -> int | Path:
        found = _NUMBER.fullmatch(text)
        if not found:
            return self._path(text)
        size = int(found[1], 0 if found[1].startswith("0x") else 10) * _UNITS[found[2].lower()]
        if not 0 < size <= _SIZE_LIMIT:
            raise self._fault(f"{text}: no size of anything in a kernel", "bytes, or with K or M")
        return size

    def _loop(self, words: list[str]) -> Loop:
        line = self._line
        via, within = "", None
        match words[1:]:
            case [name, "in", source]:
                pass
            case [name, "in", source, "via", via]:
                self._path(via)
            case [name, "in", source, "within", text]:
                struct, _, member = text.partition(":")
                within = (struct, member)
                self._path(struct), self._path(member)
            case _:
                raise self._fault(" ".join(words), "for NAME in LIST [via MEMBER | within STRUCT:MEMBER]")
        commands = tuple(self._body())
        return Loop(line, ".".join(self._path(name)), self._path(source), via, within, commands)

    def _body(self) -> Iterator[Erase]:
        start = self._line
        for number, words in self._lines:
            self._line = number
            if words == ["endfor"]:
                return
            if words[0] != "erase":
                raise self._fault(f"{words[0]}: not in a loop", "a loop has erase commands, and ends with endfor")
            yield self._erase(words)
        self._line = start
        raise self._fault("the loop does not end", "endfor")

    def _path(self, text: str) -> Path:
        if not _PATH.fullmatch(text):
            raise self._fault(f"{text}: not a name", "SYMBOL, or SYMBOL.MEMBER.MEMBER")
        return tuple(text.split("."))

    def _fault(self, message: str, hint: str) -> KdiveError:
        return KdiveError(f"{self._name}:{self._line}: {message}", hint=hint)
