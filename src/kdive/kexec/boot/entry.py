"""A kernel that the boot loader offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kdive.kexec.small_files import read_small

_FILE_LIMIT = 4 << 20  # bytes of a boot loader's text
_VERSION = re.compile(r"(?:vmlinu[xz]|Image|kernel|linux|bzImage)[-_](?P<version>\d[^/]*?)(?:\.efi|\.img)?$")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True)
class BootEntry:
    """What starts one kernel."""

    source: str  # "GRUB", "BLS", "UKI", "/boot"
    file: Path  # where it is written
    title: str
    version: str  # "" when nothing says it
    kernel: Path
    initrds: tuple[Path, ...]
    cmdline: str | None  # None: what the image brings, else that of the running kernel
    default: bool = False  # the boot loader starts it when nobody chooses


def version_of(path: str) -> str:
    """The kernel's version out of its file's name, "" for "linux"."""
    found = _VERSION.search(path)
    return found["version"] if found else ""


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Sorts versions as people do: 6.9 before 6.12; a release candidate before its release."""
    parts = re.findall(r"[0-9]+|[a-z]+|~", version)
    return (*((int(part[:18]), "") if part.isdigit() else (-1, part) for part in parts), (0, ""))


def located(root: Path, written: str, bases: Iterable[Path]) -> Path:
    """The file that a boot loader calls `written`: it counts from the start of its partition.

    That is mounted anywhere, or a subvolume: of the places it may have, the first that is there, else the first.
    """
    relative = written.lstrip("/")
    inside = relative.partition("/")[2]  # "@/boot/vmlinuz" of a subvolume "@"
    places = [base / relative for base in (*bases, root, root / "boot")]
    places += [root / inside] if written.startswith("/@") else []
    return next((place for place in places if place.is_file()), places[0])


def text_of(path: Path) -> str:
    """A text of the boot loader, "" where it cannot be read."""
    try:
        return read_small(path, _FILE_LIMIT).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def expanded(text: str, variables: dict[str, str]) -> str:
    """`text` with $name and ${name} replaced, by nothing where the variable is not known."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)
