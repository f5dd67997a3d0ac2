"""Which libraries a program loads, as its ELF file says, and where this machine has them.

Source: elf(5), ld.so(8).
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kdive.errors import DumpError, KdiveError
from kdive.formats import elf
from kdive.kdump.image.tree import Tree

_PT_DYNAMIC, _PT_INTERP = 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29
_DEFAULT = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
_CONF_DEPTH = 8


@dataclass(frozen=True)
class Needs:
    """What the dynamic loader reads in a program or library."""

    machine: int  # e_machine
    interpreter: str  # the loader that the program asks for, "" for a library and for a static program
    libraries: tuple[str, ...]
    folders: tuple[str, ...]  # where it wants them looked for first


def read_needs(data: bytes) -> Needs | None:
    """The needs of the ELF file `data`; None when it is no ELF file, or a damaged one."""
    if not data.startswith(elf.MAGIC):
        return None
    try:
        identification = elf.identify(data)
        header = elf.read_ehdr(data)
        table = data[header.e_phoff : header.e_phoff + header.e_phnum * header.e_phentsize]
        segments = elf.phdrs(table, identification)
        return _needs(data, identification, header.e_machine, segments)
    except (DumpError, struct.error):
        return None


def _needs(data: bytes, identification: elf.Identification, machine: int, segments: list[elf.Phdr]) -> Needs:
    interpreter = next((_content(data, one) for one in segments if one.p_type == _PT_INTERP), b"")
    dynamic = next((_content(data, one) for one in segments if one.p_type == _PT_DYNAMIC), b"")
    word = "Q" if identification.word_size == 8 else "I"
    size = struct.calcsize("=2" + word)
    entries = list(struct.iter_unpack(f"{identification.order}2{word}", dynamic[: len(dynamic) // size * size]))
    if (_DT_NULL, 0) in entries:
        entries = entries[: entries.index((_DT_NULL, 0))]
    strings = next((_offset(segments, value) for tag, value in entries if tag == _DT_STRTAB), None)

    def named(*tags: int) -> Iterator[str]:
        for tag, value in entries:
            if tag in tags and strings is not None:
                yield _string(data, strings + value)

    folders = tuple(folder for text in named(_DT_RPATH, _DT_RUNPATH) for folder in text.split(":") if folder)
    return Needs(machine, interpreter.rstrip(b"\0").decode("utf-8", "replace"), tuple(named(_DT_NEEDED)), folders)


def _content(data: bytes, segment: elf.Phdr) -> bytes:
    return data[segment.p_offset : segment.p_offset + segment.p_filesz]


def _offset(segments: list[elf.Phdr], address: int) -> int | None:
    for one in segments:
        if one.p_type == elf.PT_LOAD and one.p_vaddr <= address < one.p_vaddr + one.p_filesz:
            return address - one.p_vaddr + one.p_offset
    return None


def _string(data: bytes, start: int) -> str:
    end = data.find(b"\0", start, start + 4096)
    return data[start : max(end, start)].decode("utf-8", "replace")


class Libraries:
    """Puts programs into `tree`, each with the libraries that it loads."""

    def __init__(self, tree: Tree) -> None:
        self._tree, self._root = tree, tree.root
        self._done: set[str] = set()

    def add(self, path: str) -> str:
        """The program or library `path`, with all that it loads; where it really lies.

        Raises KdiveError for what is not there.
        """
        first = ""
        todo = [path]
        while todo:
            real = self._tree.file(todo.pop())
            first = first or real
            if real not in self._done:
                self._done.add(real)
                todo += self._needed(real)
        return first

    def find(self, name: str) -> str:
        """Where the machine has the library `name`, "" where it has not."""
        return next(
            (path for folder in self._folders if (self._root / (path := f"{folder}/{name}").lstrip("/")).is_file()), ""
        )

    def _needed(self, real: str) -> Iterator[str]:
        needs = read_needs((self._root / real.lstrip("/")).read_bytes())
        if needs is None:
            return
        if needs.interpreter:
            yield needs.interpreter
        for name in needs.libraries:
            yield self._find(name, needs, real)

    def _find(self, name: str, needs: Needs, user: str) -> str:
        own = [folder.replace("$ORIGIN", os.path.dirname(user)) for folder in needs.folders]
        own = [folder.replace("${ORIGIN}", os.path.dirname(user)) for folder in own]
        for folder in (*own, *self._folders):
            path = os.path.normpath(f"{folder}/{name}")
            full = self._root / path.lstrip("/")
            if full.is_file() and _machine(full) == needs.machine:
                return path
        raise KdiveError(f"{user}: needs {name}, which is in no folder for libraries", hint="run ldconfig; ldd " + user)

    @cached_property
    def _folders(self) -> list[str]:
        """Of ld.so.conf, then those of the loader itself, with Debian's and Ubuntu's folder for the architecture."""
        usual = [*_DEFAULT]
        for base in ("lib", "usr/lib"):
            usual += [f"/{base}/{one.name}" for one in sorted((self._root / base).glob("*-linux-gnu*")) if one.is_dir()]
        return [*self._configured("etc/ld.so.conf", 0), *usual]

    def _configured(self, name: str, depth: int) -> Iterator[str]:
        try:
            lines = (self._root / name).read_text(errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            text = line.partition("#")[0].strip()
            if not text or depth > _CONF_DEPTH:
                continue
            include = re.fullmatch(r"include\s+(\S+)", text)
            if not include:
                yield text
                continue
            pattern = include[1].lstrip("/") if include[1].startswith("/") else f"etc/{include[1]}"
            for path in sorted(self._root.glob(pattern)):
                yield from self._configured(str(path.relative_to(self._root)), depth + 1)


def _machine(path: Path) -> int | None:
    try:
        with path.open("rb") as file:
            return elf.read_ehdr(file.read(64)).e_machine
    except (OSError, DumpError):
        return None
