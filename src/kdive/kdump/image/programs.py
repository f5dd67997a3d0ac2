"""The shell and the small programs of the image: one static busybox, or what the machine itself has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.image.elf_needs import Libraries, read_needs
from kdive.kdump.image.tree import Item, Tree

_FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")
_BUSYBOXES = ("bin/busybox", "usr/bin/busybox", "usr/lib/initramfs-tools/bin/busybox", "sbin/busybox")
# What the image's two shell programs call.
_SMALL = (
    "sh", "mount", "umount", "insmod", "mkdir", "mv", "rm", "cat", "dd", "sync", "sleep", "uname", "date", "chmod",
    "dmesg", "grep", "sed", "ls", "df", "findfs", "kill", "stat", "head", "tail", "wc", "cut", "timeout", "losetup",
)  # fmt: skip
_NEEDED = ("sh", "mount", "insmod", "mkdir", "cat", "dd", "sync", "sleep")


def add_programs(tree: Tree, wanted: Iterable[str]) -> str:
    """Puts the shell's programs and `wanted` into `tree`; the path of busybox in it, "" where there is none.

    Raises KdiveError for a program that is not installed.
    """
    libraries = Libraries(tree)
    for name in ("bin", "sbin", "lib", "lib64"):
        link = tree.root / name
        if link.is_symlink():
            tree.add(Item(name, target=str(link.readlink())))
    busybox = next((f"/{path}" for path in _BUSYBOXES if (tree.root / path).is_file()), "")
    if busybox:
        busybox = libraries.add(busybox)
        tree.add(Item(tree.real("bin/sh"), target=busybox))
    else:
        _add_small(tree, libraries)
    for name in wanted:
        libraries.add(name if name.startswith("/") else _required(name, tree.root))
    return busybox


def is_static(path: Path) -> bool:
    """Whether a program needs no library."""
    needs = read_needs(path.read_bytes())
    return needs is not None and not needs.interpreter and not needs.libraries


def _add_small(tree: Tree, libraries: Libraries) -> None:
    for name in _SMALL:
        path = _find(name, tree.root)
        if path:
            libraries.add(path)
        elif name in _NEEDED:
            raise KdiveError(
                f"{name} is not installed", hint="install busybox: on Debian apt-get install busybox-static"
            )


def _required(name: str, root: Path) -> str:
    path = _find(name, root)
    if not path:
        raise KdiveError(
            f"{name} is not installed, and the target needs it", hint=f"install the package that has {name}"
        )
    return path


def _find(name: str, root: Path) -> str:
    return next((f"/{folder}/{name}" for folder in _FOLDERS if (root / folder / name).is_file()), "")
