"""What is asked of a writer, and what it says when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kdive.errors import KdiveError
from kdive.units import ByteCount, Pfn

if TYPE_CHECKING:
    from kdive.engine.erase import ErasePlan

Compression = Literal["zstd", "zlib", "lzo", "snappy", ""]
BATCH_BYTES = 4 << 20  # of pages that are read, tested and compressed in one go
DROPPED_RUN_PAGES = 256  # ELF: shorter runs of excluded pages stay, as makedumpfile does; a program header costs less
SYNC_BYTES = 128 << 20
ZERO_PAGES = 0x1  # the bit of a dump level that this room decides: all others are the selection's


class OutputFullError(KdiveError):
    """No more of the dump fits where it is written, or is allowed to."""


class OutputError(KdiveError):
    """The dump cannot be written where it was to go."""


@dataclass(frozen=True)
class WriteOptions:
    """How to write; `level` is makedumpfile's, of which the selection of pages is a matter of their kinds."""

    format: Literal["kdump", "elf"] = "kdump"
    compression: Compression = "zstd"  # of kdump-compressed; "": pages are stored
    level: int = 31
    jobs: int = 1  # threads that read and compress
    limit_bytes: int | None = None  # of the whole output
    eraseinfo: bytes = b""  # what was erased, as text lines
    erase: ErasePlan | None = None
    dropped_run_pages: int = DROPPED_RUN_PAGES
    sync: bool = True  # to the disk, before the dump is called complete
    sync_bytes: int = SYNC_BYTES  # and each time as much data was written


@dataclass(frozen=True)
class Progress:
    """How far the writer is: pages of the machine looked at, or pages to be written that are."""

    phase: Literal["selecting", "writing"]
    done_pages: int
    total_pages: int
    written: ByteCount


Report = Callable[[Progress], None]


def no_report(progress: Progress) -> None:
    """For callers that do not want to know."""


@dataclass(frozen=True)
class WriteResult:
    """What became of the pages. Kinds are names of PageKind, in lower case."""

    pages: int  # of the machine
    pages_of_kind: Mapping[str, int]
    excluded_of_kind: Mapping[str, int]
    unavailable: int  # to be kept, but the input does not hold them
    zero: int  # full of zeros, where the level leaves those out
    kept: int  # with content in the output
    lost: int  # could not be read, or no longer be written
    read_errors: tuple[Pfn, ...]  # the first pages that the input could not give
    written: ByteCount
    seconds: float
    incomplete: str = ""  # why, or ""
    full: bool = False  # because no more fitted
    paths: tuple[str, ...] = field(default=())
    end_pfn: int = 0  # one more than the machine's highest page

    @property
    def rate(self) -> float:
        """Bytes written in a second, the first pass counted in."""
        return self.written / self.seconds if self.seconds else 0.0
