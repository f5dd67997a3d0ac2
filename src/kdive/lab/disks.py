"""Second disks that some kinds of crash need."""

from __future__ import annotations

from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab.machine import Disk

_SIZE = 16 << 20
_BLOCK_BYTES = 1024
_NOWHERE = 0xFFFFFFF0  # a block that no disk of this size has


def make(kind: str, work: Path) -> Disk | None:
    """The disk `kind` ("" for none), made in `work`. Raises KdiveError when a program for it is not installed."""
    if not kind:
        return None
    if kind == "never":
        return Disk(never=True)
    if kind == "ext4-corrupt":
        return Disk(image=_corrupt_ext4(work / "disk.img"))
    raise KdiveError(f"{kind}: no such disk", hint="never, ext4-corrupt")


def _corrupt_ext4(path: Path) -> Path:
    """A file system whose root folder says that it lies where there is no disk."""
    with path.open("wb") as image:
        image.truncate(_SIZE)
    features = "^metadata_csum,^has_journal,^extents,^64bit"
    programs.run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", features, "-b", str(_BLOCK_BYTES), str(path)])
    programs.run(["debugfs", "-w", "-R", f"set_inode_field <2> block[0] {_NOWHERE}", str(path)])
    return path
