"""Entries after the Boot Loader Specification, type 1: a text file for each kernel.

systemd-boot reads them, and the GRUB of Fedora and RHEL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from kdive.kexec.boot.entry import BootEntry, expanded, located, text_of, version_key, version_of

_PARTITIONS = ("boot", "efi", "boot/efi")  # the entries lie in loader/entries there
_LIMIT = 512  # entries


def entries(root: Path, variables: dict[str, str] | None, chosen: str) -> list[BootEntry]:
    """All, the newest kernel first.

    Where GRUB reads them, `variables` are its own, else None; `chosen` is what it starts by default, "" for the first.
    """
    found = [(path.stem, _entry(root, base, path, variables)) for base, path in _files(root)]
    known = [(name, entry) for name, entry in found if entry is not None]
    known.sort(key=lambda pair: version_key(pair[1].version), reverse=True)
    names = [name for name, _ in known]
    default = _default(names, chosen or _of_systemd_boot(root))
    return [replace(entry, default=number == default) for number, (_, entry) in enumerate(known)]


def systemd_boot(root: Path) -> bool:
    """Whether systemd-boot is set up there."""
    return any((root / name / "loader/loader.conf").is_file() for name in _PARTITIONS)


def _files(root: Path) -> Iterator[tuple[Path, Path]]:
    for name in _PARTITIONS:
        base = root / name
        for path in sorted((base / "loader/entries").glob("*.conf"))[:_LIMIT]:
            yield base, path


def _entry(root: Path, base: Path, path: Path, variables: dict[str, str] | None) -> BootEntry | None:
    def plain(text: str) -> str:
        return text if variables is None else expanded(text, variables)

    values = _values(text_of(path))
    if "linux" not in values:
        return None  # another EFI program
    kernel = values["linux"][-1]
    options = plain(" ".join(values.get("options", ())))
    initrds = plain(" ".join(values.get("initrd", ()))).split()
    return BootEntry(
        source="BLS",
        file=path,
        title=values.get("title", [path.stem])[-1],
        version=values.get("version", [version_of(kernel)])[-1],
        kernel=located(root, kernel, (base,)),
        initrds=tuple(located(root, one, (base,)) for one in initrds),
        cmdline=" ".join(options.split()),
    )


def _values(text: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name and not name.startswith("#"):
            values.setdefault(name, []).append(value.strip())
    return values


def _of_systemd_boot(root: Path) -> str:
    """The pattern that loader.conf names."""
    for name in _PARTITIONS:
        values = _values(text_of(root / name / "loader/loader.conf"))
        if "default" in values:
            return values["default"][-1].removesuffix(".conf")
    return ""


def _default(names: list[str], chosen: str) -> int:
    if chosen.isdecimal():
        return int(chosen)
    return next((number for number, name in enumerate(names) if chosen and fnmatch(name, chosen)), 0)
