"""Entries of GRUB: grub.cfg as far as it lists kernels, and grubenv. Nothing in it is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kdive.kexec.boot.entry import BootEntry, expanded, located, text_of, version_of

_FOLDERS = ("boot/grub", "boot/grub2", "boot/efi/EFI/debian", "boot/efi/EFI/fedora", "boot/efi/EFI/redhat")
_LINUX = ("linux", "linuxefi", "linux16")
_INITRD = ("initrd", "initrdefi", "initrd16")
_DEPTH = 16  # menus within each other
_SET = re.compile(r'^\s*set\s+(\w+)=(?:"([^"]*)"|(\S*))\s*$')


@dataclass
class _Item:
    """A menu entry, or a menu; blocks of functions too, to keep count of the braces."""

    title: str = ""
    id: str = ""
    linux: list[str] = field(default_factory=list)  # the kernel, then the words of its command line
    initrds: list[str] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)


@dataclass(frozen=True)
class Grub:
    """What GRUB is set up to do."""

    entries: tuple[BootEntry, ...]
    variables: dict[str, str]
    reads_bls: bool  # its kernels are in files of their own
    chosen: str  # what it starts by default, as it is written there


def read_grub(root: Path) -> Grub:
    """GRUB's entries in the order of its menu; none where it is not installed."""
    variables = {name: value for folder in _FOLDERS for name, value in _environment(root / folder / "grubenv")}
    path = next((one for folder in _FOLDERS if text_of(one := root / folder / "grub.cfg").strip()), None)
    text = text_of(path) if path else ""
    top, variables, default = _parse(text, variables)
    chosen = variables.get("next_entry") or default
    start = _find(top.items, chosen.split(">")) or _first(top.items)
    entries = tuple(_entry(root, path, item, item is start) for item in _kernels(top)) if path else ()
    return Grub(entries, variables, bool(re.search(r"^\s*blscfg\b", text, re.MULTILINE)), chosen)


def _environment(path: Path) -> Iterator[tuple[str, str]]:
    for line in text_of(path).splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            yield name, value


def _parse(text: str, variables: dict[str, str]) -> tuple[_Item, dict[str, str], str]:
    """The menu, the variables and what is started by default."""
    top = _Item()
    open_items, known, default = [top], dict(variables), ""
    for line in text.splitlines():
        if found := _SET.match(line):
            name, value = found[1], expanded(found[2] if found[2] is not None else found[3], known)
            if name == "default" and "next_entry" not in line:
                default = value
            elif name not in variables:
                known[name] = value
            continue
        words = _words(line)
        if not words:
            continue
        if words[-1] == "{":
            _open(words, open_items)
        elif words[0] == "}" and len(open_items) > 1:
            open_items.pop()
        elif words[0] in _LINUX:
            open_items[-1].linux = [expanded(word, known) for word in words[1:]]
        elif words[0] in _INITRD:
            open_items[-1].initrds = [expanded(word, known) for word in words[1:]]
    return top, known, default


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def _open(words: list[str], open_items: list[_Item]) -> None:
    item = _Item()
    if words[0] in ("menuentry", "submenu") and len(words) > 2 and len(open_items) < _DEPTH:
        item.title = words[1]
        item.id = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in _ID_OPTIONS), "")
        open_items[-1].items.append(item)
    open_items.append(item)


_ID_OPTIONS = ("--id", "$menuentry_id_option", "${menuentry_id_option}")


def _find(items: list[_Item], path: list[str]) -> _Item | None:
    """The entry that "1>2", titles or ids lead to."""
    found = None
    for name in path:
        numbered = items[int(name)] if name.isdecimal() and int(name) < len(items) else None
        found = numbered or next((item for item in items if name and name in (item.id, item.title)), None)
        if found is None:
            return None
        items = found.items
    return found if found and found.linux else None


def _first(items: list[_Item]) -> _Item | None:
    return next((item for item in items if item.linux), None)


def _kernels(item: _Item) -> Iterator[_Item]:
    for one in item.items:
        if one.linux:
            yield one
        yield from _kernels(one)


def _entry(root: Path, path: Path | None, item: _Item, default: bool) -> BootEntry:
    assert path is not None
    kernel, *words = item.linux
    return BootEntry(
        source="GRUB",
        file=path,
        title=item.title,
        version=version_of(kernel),
        kernel=located(root, kernel, ()),
        initrds=tuple(located(root, one, ()) for one in item.initrds),
        cmdline=" ".join(_quoted(word) for word in words if word),
        default=default,
    )


def _quoted(word: str) -> str:
    """As GRUB hands it to the kernel: in quotes where it has blanks."""
    return f'"{word}"' if re.search(r"\s", word) else word
