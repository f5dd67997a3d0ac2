"""What goes into an image: files, links and folders by their path, each from a file of this machine or made of text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kdive.errors import KdiveError

_LINKS = 40  # as ELOOP in the kernel


@dataclass(frozen=True)
class Item:
    """A file with the content of `source` or `data`, or a link to `target`; `path` has no leading "/"."""

    path: str
    source: Path | None = None
    data: bytes = b""
    target: str = ""
    executable: bool = False
    compiled: bool = False  # the code that Python makes of `source`, instead of its text
    unpacked: bool = False  # `source` is a module, packed with whatever


@dataclass
class Tree:
    """Items by their path, as they are added; what is there already stays."""

    root: Path = Path("/")
    items: dict[str, Item] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        self.items.setdefault(item.path, item)

    def text(self, path: str, text: str, executable: bool = False) -> None:
        self.add(Item(path.lstrip("/"), data=text.encode(), executable=executable))

    def file(self, path: str) -> str:
        """The machine's own file at the place that it has there, with the links on the way; where it really lies.

        Raises KdiveError when it is not there.
        """
        *links, real = _walk(self.root, path)
        for link in links:
            self.add(link)
        self.add(real)
        return "/" + real.path

    def real(self, path: str) -> str:
        """Where `path` lies once the tree's own links are followed, without a leading "/"."""
        here: list[str] = []
        todo, met = _parts(path), 0
        while todo:
            name = todo.pop(0)
            link = self.items.get("/".join((*here, name)))
            if link is None or not link.target or met > _LINKS:
                here = here[:-1] if name == ".." else [*here, name]
                continue
            met += 1
            here = [] if link.target.startswith("/") else here
            todo = _parts(link.target) + todo
        return "/".join(here)

    def sorted(self) -> list[Item]:
        return [self.items[path] for path in sorted(self.items)]


def _walk(root: Path, path: str) -> list[Item]:
    """The links that are met on the way to the file `path` of the machine below `root`, and the file."""
    found: list[Item] = []
    todo = _parts(path)
    here: list[str] = []
    while todo:
        name = todo.pop(0)
        if name == "..":
            here = here[:-1]
            continue
        place = "/".join((*here, name))
        full = root / place
        if not full.is_symlink():
            here.append(name)
            continue
        target = os.readlink(full)
        found.append(Item(place, target=target))
        if len(found) > _LINKS:
            raise KdiveError(f"{path}: its links lead in a circle", hint="mend them: ls -l " + path)
        if target.startswith("/"):
            here = []
        todo = _parts(target) + todo
    full = root / "/".join(here)
    try:
        mode = full.stat().st_mode
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="the capture image needs this file") from error
    return [*found, Item("/".join(here), source=full, executable=bool(mode & stat.S_IXUSR))]


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def folders(items: Iterable[Item]) -> Iterator[str]:
    """The folders that the items lie in, each once, the outer ones first."""
    seen: set[str] = set()
    for item in items:
        names = item.path.split("/")[:-1]
        for count in range(1, len(names) + 1):
            place = "/".join(names[:count])
            if place not in seen:
                seen.add(place)
                yield place


def bridges(inner: Iterable[Item], outer: Iterable[Item], mounted: str) -> list[Item]:
    """Links that make the files of `inner`, mounted as a whole at `mounted`, appear where they belong among `outer`.

    A folder that only `inner` has becomes one link; in one that both have, its entries do.
    """
    inner = list(inner)
    there = {item.path: item for item in outer}
    folders_there = set(folders(there.values()))
    links: dict[str, Item] = {}
    for item in inner:
        place = ""
        for name in item.path.split("/"):
            place = f"{place}/{name}" if place else name
            if place in there:
                break  # the image has its own, or a link that leads on
            if place not in folders_there:
                links[place] = Item(place, target=f"{mounted}/{place}")
                break
    return [links[place] for place in sorted(links)]
