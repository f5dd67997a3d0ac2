"""Debian packages, unpacked as they lie."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError

# Since Debian 12 these are links; older packages have files below them, newer ones below usr.
_MERGED = ("bin", "sbin", "lib", "lib64")
_UNPACK_S = 1800.0


def unpack(debs: Sequence[Path], root: Path) -> None:
    """Unpacks packages over each other, below `root`, as on a machine whose /bin, /lib … are links to /usr."""
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        _unpack(deb, root)


def unpack_some(deb: Path, root: Path, pattern: str) -> None:
    """Unpacks the files whose path in the package matches `pattern`. Raises KdiveError where none does."""
    _unpack(deb, root, "--wildcards", pattern)


def _unpack(deb: Path, root: Path, *which: str) -> None:
    reader = programs.start(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    with reader:
        tar = ["tar", "-x", "--keep-directory-symlink", "-C", str(root), "-f", "-", *which]
        programs.run(tar, stdin=reader.stdout, timeout_s=_UNPACK_S)
    if reader.returncode:
        raise KdiveError(f"{deb.name}: cannot be unpacked", hint="is the disk full?")
