"""Where the debuginfo of a kernel may lie on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

SYSTEM_DIRS = (Path("/usr/lib/debug"),)
_BESIDE_LIMIT = 64  # *.debug files in one folder


def vmlinux_candidates(
    release: str, build_id: str, dump: Path, debug_dirs: Iterable[Path], system_dirs: Iterable[Path] = SYSTEM_DIRS
) -> Iterator[Path]:
    """Existing files that may be the vmlinux, likeliest first: beside the dump, in `debug_dirs`, in the system's."""
    seen: set[Path] = set()
    system = [Path(f"/lib/modules/{release}/build/vmlinux"), Path(f"/boot/vmlinux-{release}")]
    groups = (
        _beside(release, dump.parent),
        (path for folder in (*debug_dirs, *system_dirs) for path in _in_debug_dir(folder, release, build_id)),
        system if _is_plain(release) else (),
    )
    for group in groups:
        for path in group:
            if path not in seen and _is_file(path):
                seen.add(path)
                yield path


def module_candidates(name: str, dump: Path, debug_dirs: Iterable[Path]) -> Iterator[Path]:
    """Existing files beside the dump and directly in `debug_dirs` that may be the module `name`, with its debuginfo."""
    if not _is_plain(name):
        return
    for folder in (dump.parent, *debug_dirs):
        for spelling in dict.fromkeys((name, name.replace("_", "-"))):
            names = (f"{spelling}.ko.debug", f"{spelling}.ko", f"{spelling}.debug")
            yield from (path for one in names if _is_file(path := folder / one))
            yield from islice(_glob(folder, f"*-{spelling}.ko"), _BESIDE_LIMIT)


def _beside(release: str, folder: Path) -> Iterator[Path]:
    yield folder / "vmlinux"
    if _is_plain(release):
        yield folder / f"vmlinux-{release}"
        yield folder / f"vmlinux-{release}.debug"
    yield folder / "vmlinux.debug"
    yield from islice(_glob(folder, "*.debug"), _BESIDE_LIMIT)


def _in_debug_dir(folder: Path, release: str, build_id: str) -> Iterator[Path]:
    """The layouts of Debian and Ubuntu, of Fedora, RHEL and SUSE, and that by build ID; unpacked packages too."""
    for root in (folder, folder / "usr/lib/debug"):
        if _is_plain(release):
            yield root / f"boot/vmlinux-{release}"
            yield root / f"boot/vmlinux-{release}.debug"
            for modules in ("lib/modules", "usr/lib/modules"):
                yield root / modules / release / "vmlinux"
                yield root / modules / release / "vmlinux.debug"
        if len(build_id) > 2 and build_id.isalnum():
            yield root / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    if _is_plain(release):
        yield folder / f"vmlinux-{release}"
        yield folder / release / "vmlinux"
    yield folder / "vmlinux"


def _is_plain(name: str) -> bool:
    """Whether a name out of a dump is one file name, and leads nowhere else."""
    return bool(name) and "/" not in name and "\0" not in name and name not in (".", "..")


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.glob(pattern) if _is_file(path))
    except (OSError, ValueError):
        return


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
