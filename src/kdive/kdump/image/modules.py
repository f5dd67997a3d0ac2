"""Kernel modules of one release, and the order in which a kernel without modprobe takes them.

Source: modules.dep(5), depmod(8), modprobe.d(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kexec.small_files import read_small

_SUFFIX = re.compile(r"\.ko(\.(xz|gz|zst))?$")
_LIMIT = 32 << 20  # bytes of a list that depmod wrote
_WILD = re.compile(r"[*?[]")


@dataclass(frozen=True)
class ModuleIndex:
    """What depmod wrote for one kernel."""

    folder: Path
    files: dict[str, str]  # name → path below the folder
    needs: dict[str, tuple[str, ...]]  # name → names, the one to load first in front
    builtin: frozenset[str]
    aliases: dict[str, tuple[str, ...]]
    patterns: tuple[tuple[str, str], ...]  # of device ids → name
    before: dict[str, tuple[str, ...]]  # softdep: loaded before
    after: dict[str, tuple[str, ...]]

    def closure(self, wanted: Iterable[str]) -> ModuleOrder:
        """The modules `wanted` (names, aliases, device ids) and all that they need, in their order."""
        order = ModuleOrder()
        for name in wanted:
            if not self._add(name, order, ()):
                order.unknown.append(name)
        return order

    def named(self, name: str) -> tuple[str, ...]:
        """The names of modules that `name` stands for; none when there is no such thing."""
        plain = _plain(name)
        if plain in self.files or plain in self.builtin:
            return (plain,)
        if found := self.aliases.get(name) or self.aliases.get(plain):
            return found
        bus = name.partition(":")[0] + ":"
        return tuple(
            module for pattern, module in self.patterns if pattern.startswith(bus) and fnmatchcase(name, pattern)
        )

    def _add(self, wanted: str, order: ModuleOrder, above: tuple[str, ...]) -> bool:
        names = self.named(wanted)
        for name in names:
            if name in above or name in order.paths or name not in self.files:
                continue
            inner = (*above, name)
            for needed in (*self.before.get(name, ()), *self.needs[name]):
                self._add(needed, order, inner)
            order.paths[name] = self.folder / self.files[name]
            for needed in self.after.get(name, ()):
                self._add(needed, order, inner)
        return bool(names)


@dataclass
class ModuleOrder:
    """Modules by name, in the order to load them."""

    paths: dict[str, Path] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)  # neither a module nor built in


def read_index(folder: Path) -> ModuleIndex:
    """The index in /lib/modules/RELEASE. Raises KdiveError where depmod has not been run."""
    try:
        dep = read_small(folder / "modules.dep", _LIMIT).decode("utf-8", "replace")
    except OSError as error:
        raise KdiveError(
            f"{folder}/modules.dep: {error.strerror}", hint=f"install the kernel's modules; depmod {folder.name}"
        ) from error
    files: dict[str, str] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for line in dep.splitlines():
        path, colon, rest = line.partition(":")
        if colon:
            files[_name(path)] = path
            needs[_name(path)] = tuple(_name(one) for one in reversed(rest.split()))
    aliases, patterns = _aliases(_read(folder / "modules.alias"))
    before, after = _softdeps(_read(folder / "modules.softdep"))
    builtin = frozenset(_name(line) for line in _read(folder / "modules.builtin").split())
    return ModuleIndex(folder, files, needs, builtin, aliases, patterns, before, after)


def _aliases(text: str) -> tuple[dict[str, tuple[str, ...]], tuple[tuple[str, str], ...]]:
    exact: dict[str, tuple[str, ...]] = {}
    patterns = []
    for line in text.splitlines():
        words = line.split()
        if len(words) != 3 or words[0] != "alias":
            continue
        _, alias, name = words
        if _WILD.search(alias):
            patterns.append((alias, _plain(name)))
        else:
            exact[alias] = (*exact.get(alias, ()), _plain(name))
    return exact, tuple(patterns)


def _softdeps(text: str) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    before: dict[str, tuple[str, ...]] = {}
    after: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3 or words[0] != "softdep":
            continue
        side = before
        for word in words[2:]:
            if word in ("pre:", "post:"):
                side = before if word == "pre:" else after
            else:
                side[_plain(words[1])] = (*side.get(_plain(words[1]), ()), word)
    return before, after


def _read(path: Path) -> str:
    try:
        return read_small(path, _LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _name(path: str) -> str:
    return _plain(_SUFFIX.sub("", path.rpartition("/")[2]))


def _plain(name: str) -> str:
    return name.replace("-", "_")


def unpacked(path: Path) -> bytes:
    """The module itself, whatever it is packed with: the capture kernel's own loader may know none of that.

    Raises KdiveError for a file that cannot be read or unpacked.
    """
    try:
        data = path.read_bytes()
        if path.suffix == ".xz":
            import lzma

            return lzma.decompress(data)
        if path.suffix == ".gz":
            import gzip

            return gzip.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        raise KdiveError(f"{path}: {error}", hint="install the kernel's modules again") from error
    except Exception as error:  # lzma.LZMAError, a class of its own
        raise KdiveError(f"{path}: {error}", hint="install the kernel's modules again") from error
    return _zstd(path, data) if path.suffix == ".zst" else data


def _zstd(path: Path, data: bytes) -> bytes:
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except zstandard.ZstdError as error:
        raise KdiveError(f"{path}: {error}", hint="install the kernel's modules again") from error


def loaded(root: Path) -> Iterator[str]:
    """Names of the modules that are loaded now."""
    for line in _read(root / "proc/modules").splitlines():
        yield line.split(" ", 1)[0]
