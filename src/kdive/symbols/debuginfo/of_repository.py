"""Debuginfo out of a repository of RPM packages, by its address alone: neither dnf nor its configuration is needed.

Source: createrepo_c: repodata/repomd.xml names the list "primary", which has name, version, place and checksum of each
package.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urljoin

from kdive.errors import KdiveError
from kdive.packages.download import AnswerError, Checksum, NotThereError, Progress, download, read
from kdive.packages.rpm import decompressed
from kdive.symbols.debuginfo import of_package
from kdive.symbols.debuginfo.naming import DebuginfoPackage
from kdive.symbols.debuginfo.wanted import Wanted

_REPOMD = "repodata/repomd.xml"
_REPOMD_LIMIT = 4 << 20
_PRIMARY_LIMIT = 1 << 30
_COMMON = "{http://linux.duke.edu/metadata/common}"
_REPO = "{http://linux.duke.edu/metadata/repo}"


@dataclass(frozen=True)
class Listed:
    """A package of the repository."""

    name: str
    version: str  # with release and architecture, as in a file's name
    place: str  # relative to the repository
    checksum: Checksum | None


def is_one(address: str) -> bool:
    """Whether there is a repository. Raises KdiveError when the server does not answer."""
    try:
        read(urljoin(_base(address), _REPOMD), _REPOMD_LIMIT)
    except AnswerError:
        return False
    return True


def fetch(address: str, packages: tuple[DebuginfoPackage, ...], wanted: Wanted, into: Path, progress: Progress) -> str:
    """Puts the files that are wanted in `into`; the package's address.

    Raises NotThereError when the repository has none of `packages` in that version, and says which there are.
    """
    base = _base(address)
    names = {package.name for package in packages}
    versions = {f"{package.version}.{package.arch}" for package in packages}
    others = []
    for listed in _listed(base, into, progress):
        if listed.name in names and listed.version in versions:
            place = urljoin(base, listed.place)
            of_package.fetch(place, wanted, into, progress, listed.checksum)
            return place
        if listed.name in names:
            others.append(listed.version)
    there = f"; it has {', '.join(sorted(others)[-3:])}" if others else ""
    asked = " or ".join(sorted(f"{name}-{version}" for name in names for version in versions))
    raise NotThereError(f"{address}: has no {asked}{there}", hint="the release must be the very same")


def _base(address: str) -> str:
    return address.rstrip("/") + "/"


def _listed(base: str, folder: Path, progress: Progress) -> Iterator[Listed]:
    place, checksum = _primary(base)
    file = folder / "primary"
    download(urljoin(base, place), file, progress, checksum)
    try:
        with file.open("rb") as packed:
            head = packed.read(1)
            packed.seek(0)
            with packed if head == b"<" else decompressed(packed, file) as text:
                yield from _packages(text)
    except (ElementTree.ParseError, EOFError, OSError) as error:
        raise KdiveError(f"{base}: its list of packages is damaged: {error}", hint="choose another mirror") from None
    finally:
        file.unlink(missing_ok=True)


def _primary(base: str) -> tuple[str, Checksum | None]:
    text = read(urljoin(base, _REPOMD), _REPOMD_LIMIT)
    try:
        root = ElementTree.parse(io.BytesIO(text)).getroot()
    except ElementTree.ParseError as error:
        raise KdiveError(f"{base}: its repomd.xml is damaged: {error}", hint="is it a repository?") from None
    for data in root.iter(f"{_REPO}data"):
        location = data.find(f"{_REPO}location")
        if data.get("type") == "primary" and location is not None and location.get("href"):
            return str(location.get("href")), _checksum(data.find(f"{_REPO}checksum"))
    raise KdiveError(f"{base}: lists no packages", hint="is it a repository of RPM packages?")


def _packages(text: IO[bytes]) -> Iterator[Listed]:
    """Each package as it is read: a big repository's list takes hundreds of megabytes."""
    limited = _Limited(text)
    for _, element in ElementTree.iterparse(limited):
        if element.tag != f"{_COMMON}package":
            continue
        version, location = element.find(f"{_COMMON}version"), element.find(f"{_COMMON}location")
        if version is not None and location is not None:
            words = f"{version.get('ver')}-{version.get('rel')}.{element.findtext(f'{_COMMON}arch')}"
            name = element.findtext(f"{_COMMON}name") or ""
            yield Listed(name, words, str(location.get("href")), _checksum(element.find(f"{_COMMON}checksum")))
        element.clear()


def _checksum(element: ElementTree.Element | None) -> Checksum | None:
    if element is None or not element.text:
        return None
    kind = element.get("type", "sha256")
    return Checksum("sha1" if kind == "sha" else kind, element.text.strip())


class _Limited(io.RawIOBase):
    """A stream that ends with an error after a gigabyte."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left = stream, _PRIMARY_LIMIT

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(65536 if size < 0 else size)
        self._left -= len(data)
        if self._left < 0:
            raise EOFError("it does not end")
        return data
