"""What an RPM package holds, as a cpio archive."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from kdive.errors import DumpDamagedError, KdiveError
from kdive.formats.record import U32, Record

_LEAD_SIZE = 96  # bytes; says nothing that the headers do not
_LEAD_MAGIC = b"\xed\xab\xee\xdb"
_HEADER_MAGIC = 0x8EADE801
_CPIO_MAGIC = b"07070"


class HeaderIntro(Record, source="rpm, docs/manual/format_header.md"):
    magic: U32
    reserved: U32
    entries: U32  # of 16 bytes each
    data_bytes: U32

    @property
    def length(self) -> int:
        """Bytes of the whole header, with this intro."""
        return self.size() + 16 * self.entries + self.data_bytes


def write_cpio(package: Path, target: Path) -> None:
    """Writes the package's files to `target` as a cpio archive. Raises KdiveError where they cannot be read."""
    with open_payload(package) as payload, target.open("wb") as archive:
        shutil.copyfileobj(payload, archive)


@contextmanager
def open_payload(package: Path) -> Iterator[IO[bytes]]:
    """The package's files as the stream of a cpio archive. Raises KdiveError, in the context too, for damage."""
    import zstandard

    try:
        with package.open("rb") as file:
            file.seek(_payload_offset(file, package))
            with decompressed(file, package) as payload:
                yield payload
    except (EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError, DumpDamagedError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # gzip and bz2 raise it without, for bad data
            raise KdiveError(f"{package}: {error.strerror}", hint="look at the disk and the file's rights") from error
        raise KdiveError(f"{package}: damaged: {error}", hint="is the file complete? fetch it again") from error


def _payload_offset(file: IO[bytes], package: Path) -> int:
    """Where the headers end: one with signatures, padded to 8 bytes, and the package's own."""
    if file.read(_LEAD_SIZE)[: len(_LEAD_MAGIC)] != _LEAD_MAGIC:
        raise KdiveError(f"{package}: not an RPM package", hint="give a kernel's RPM, not a list or a page")
    signatures = _header_at(_LEAD_SIZE, file)
    own = _LEAD_SIZE + -(-signatures // 8) * 8
    return own + _header_at(own, file)


def _header_at(offset: int, file: IO[bytes]) -> int:
    file.seek(offset)
    intro = HeaderIntro.read(file.read(HeaderIntro.size()), 0, ">")
    if intro.magic != _HEADER_MAGIC:
        raise DumpDamagedError(f"no header at {offset:#x}")
    return intro.length


def decompressed(file: IO[bytes], package: Path) -> IO[bytes]:
    """The rest of `file`, whatever it was compressed with: the first bytes tell."""
    start = file.tell()
    magic = file.read(6)
    file.seek(start)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return cast(IO[bytes], zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if magic.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return lzma.LZMAFile(file)
    if magic.startswith(_CPIO_MAGIC):
        return file
    raise KdiveError(f"{package}: compressed in an unknown way ({magic.hex()})", hint="is the file complete?")
