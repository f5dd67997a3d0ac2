"""Single files out of packages, whatever system they are for: neither rpm nor dpkg is needed."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from kdive.errors import DumpDamagedError, KdiveError
from kdive.formats import cpio
from kdive.packages import rpm

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60  # name 16, time 12, owner 6, group 6, mode 8, size 10, end 2; deb(5), ar(5)
_RPM_MAGIC = b"\xed\xab\xee\xdb"
_STEP = 1 << 20

Wanted = Callable[[str], str | None]


def extract(package: Path, wanted: Wanted, into: Path) -> list[Path]:
    """Writes the regular files that `wanted` gives a name for (their path, without "./", in; a name below `into` out).

    Raises KdiveError when `package` is neither an RPM package nor a Debian one, or is damaged.
    """
    import zstandard

    written = []
    try:
        with _files(package) as files:
            for path, size, content in files:
                name = wanted(path)
                if name is not None:
                    target = into / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        _copy(content, file, size)
                    written.append(target)
    except (EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError, tarfile.TarError, DumpDamagedError) as error:
        raise KdiveError(f"{package}: damaged: {error}", hint="is the file complete? fetch it again") from error
    return written


_Files = Iterator[tuple[str, int, IO[bytes]]]


@contextmanager
def _files(package: Path) -> Iterator[_Files]:
    """Path, size and content of each regular file; a content is read before the next file is asked for."""
    with package.open("rb") as file:
        magic = file.read(len(_AR_MAGIC))
    if magic.startswith(_RPM_MAGIC):
        with rpm.open_payload(package) as payload:
            yield _of_cpio(payload)
    elif magic == _AR_MAGIC:
        with (
            package.open("rb") as file,
            _data_of_deb(file, package) as data,
            tarfile.open(fileobj=data, mode="r|") as archive,
        ):
            yield _of_tar(archive)
    else:
        raise KdiveError(f"{package}: neither an RPM package nor a Debian one", hint="give a .rpm, .deb or .ddeb file")


def _of_cpio(payload: IO[bytes]) -> _Files:
    while True:
        head = cpio.read_header(payload)
        if head is None:
            return
        if stat.S_ISREG(head.mode):
            rest = _Limited(payload, head.size)
            yield head.path.removeprefix("./").lstrip("/"), head.size, cast(IO[bytes], rest)
            rest.skip()
        else:
            _skip(payload, head.size)
        _skip(payload, -head.size % 4)


def _of_tar(archive: tarfile.TarFile) -> _Files:
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        if content is not None:
            yield member.name.removeprefix("./").lstrip("/"), member.size, content


def _data_of_deb(file: IO[bytes], package: Path) -> IO[bytes]:
    """The member data.tar, decompressed."""
    file.seek(len(_AR_MAGIC))
    while len(head := file.read(_AR_HEADER_BYTES)) == _AR_HEADER_BYTES and head.endswith(b"`\n"):
        name, size = head[:16].decode("ascii", "replace").strip(" /"), head[48:58].strip()
        if name.startswith("data.tar"):
            return rpm.decompressed(file, package) if name != "data.tar" else file
        if not size.isdigit():
            break
        file.seek(int(size) + int(size) % 2, 1)
    raise KdiveError(f"{package}: a Debian package without files, or a damaged one", hint="fetch it again")


class _Limited:
    """The next `size` bytes of a stream."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> None:
        _skip(self._stream, self._left)


def _skip(stream: IO[bytes], size: int) -> None:
    while size:
        data = stream.read(min(size, _STEP))
        if not data:
            raise EOFError("it ends in the midst of a file")
        size -= len(data)


def _copy(content: IO[bytes], file: IO[bytes], size: int) -> None:
    while size:
        data = content.read(min(size, _STEP))
        if not data:
            raise EOFError("it ends in the midst of a file")
        file.write(data)
        size -= len(data)
