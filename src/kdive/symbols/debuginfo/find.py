"""The debuginfo that is on this machine, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.symbols.belongs import mismatch
from kdive.symbols.debug_files import vmlinux_candidates
from kdive.symbols.debuginfo.cache import cached_dirs
from kdive.symbols.identity import KernelIdentity
from kdive.symbols.vmlinux import read_vmlinux


@dataclass(frozen=True)
class Candidate:
    """A file that may be the vmlinux; `why_not` is "" for one that can be used."""

    path: Path
    why_not: str


def candidates(beside: str, kernel: KernelIdentity, debug_dirs: Sequence[Path]) -> Iterator[Candidate]:
    """Those beside the dump `beside`, in `debug_dirs`, in the cache, and in the system's folders, likeliest first."""
    folders = (*debug_dirs, *cached_dirs(kernel))
    for path in vmlinux_candidates(kernel.release, kernel.build_id, Path(beside), folders):
        yield Candidate(path, why_not(path, kernel))


def why_not(path: Path, kernel: KernelIdentity) -> str:
    """Why `path` is not the vmlinux with debuginfo of `kernel`; "" where it is."""
    try:
        file = read_vmlinux(path)
    except KdiveError as error:
        return error.message
    return mismatch(file, kernel) or ("" if file.has_debuginfo else "it has no debuginfo")
