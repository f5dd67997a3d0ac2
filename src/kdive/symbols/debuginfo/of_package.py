"""Debuginfo out of a package: a file, or an address. The wrong one is found out before it is fetched."""

from __future__ import annotations

import re
from pathlib import Path

from kdive.errors import KdiveError, MismatchError
from kdive.packages.contents import extract
from kdive.packages.download import Checksum, Progress, download, is_address
from kdive.symbols.debuginfo.wanted import Wanted

_RPM = re.compile(r"kernel-(?:[a-z0-9]+-)*?debuginfo-(?P<version>\d.*)\.rpm")
_DEB = re.compile(r"linux-image-(?:unsigned-)?(?P<release>\d.*?)-dbg(?:sym)?_(?P<version>[^_]+)_\w+\.d?deb")


def package_mismatch(name: str, wanted: Wanted) -> str:
    """Why the package of that file name does not belong to the kernel; "" where it does, or its name does not say."""
    release = wanted.kernel.release
    if found := _RPM.fullmatch(name):
        plain = re.sub(r"\+[\w-]+$", "", release)
        full = plain if plain.endswith(f".{_arch(found['version'])}") else f"{plain}.{_arch(found['version'])}"
        return "" if found["version"] == full else f"{name} is of {found['version']}; the dump is of {release}"
    if found := _DEB.fullmatch(name):
        if found["release"] != release:
            return f"{name} is of {found['release']}; the dump is of {release}"
        debian = re.search(r"\bDebian (\S+)", wanted.kernel.version)
        if debian and debian[1] != found["version"]:
            return f"{name} is of version {found['version']}; the dump is of {debian[1]}"
    return ""


def fetch(package: str, wanted: Wanted, into: Path, progress: Progress, checksum: Checksum | None = None) -> None:
    """Puts the files that are wanted in `into`.

    Raises MismatchError when the package's name says that it is of another kernel, KdiveError when it cannot be had.
    """
    name = package.rpartition("/")[2]
    if wrong := package_mismatch(name, wanted):
        raise MismatchError(f"the package does not belong to the dump: {wrong}", hint=_HINT)
    if not is_address(package):
        take_out(Path(package), wanted, into, progress)
        return
    file = into / name
    download(package, file, progress, checksum)
    take_out(file, wanted, into, progress)
    file.unlink()


_HINT = "the release must be the very same, to the last digit; `kdive debuginfo name` says what it is called"


def take_out(file: Path, wanted: Wanted, into: Path, progress: Progress) -> None:
    """Extracts what is wanted of the package `file`."""
    if not file.is_file():
        raise KdiveError(f"{file}: no such file", hint="give a package, its address, or a repository's")
    progress(f"unpacking {file.name}")
    extract(file, wanted.file_name, into)


def _arch(version: str) -> str:
    return version.rpartition(".")[2]
