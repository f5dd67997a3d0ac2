"""`open_dump`: any dump container → Dump."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from kdive import registry
from kdive.dumpfile.dump import Dump
from kdive.dumpfile.opened import Opened, close_all, open_layers
from kdive.errors import DumpError, KdiveError

_CONTAINERS = "kdive.dumpfile.containers"
_HEAD_BYTES = 4096


def open_dump(path: Path, *more: Path) -> Dump:
    """The dump in `path`: a file, a folder that holds one, or any part of a split set; `more` are further parts.

    Raises DumpError, with what the file is instead, when it cannot be opened as a dump.
    """
    path = _file_in(path)
    files: list[Opened] = []
    try:
        files.extend(open_layers(one) for one in (path, *map(_file_in, more)))
        dump = _open_container(files)
        if not dump.vmcoreinfo:
            from kdive.dumpfile.vmcoreinfo_scan import find_vmcoreinfo, live_vmcoreinfo

            dump.adopt_vmcoreinfo(live_vmcoreinfo(dump) if files[0].live else find_vmcoreinfo(dump))
        return dump
    except KdiveError as error:
        close_all(files)
        if str(path) in error.message:
            raise
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from error
    except BaseException:
        close_all(files)
        raise


def _file_in(path: Path) -> Path:
    """`path`, or the dump in it where it is a folder. Raises DumpError for what cannot be read like a file."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        raise _not_a_dump(path) from None
    if stat.S_ISDIR(mode):
        from kdive.dumpfile.folder import dump_in

        return dump_in(path)
    if not stat.S_ISREG(mode):
        raise _not_a_dump(path)
    return path


def _not_a_dump(path: Path) -> DumpError:
    from kdive.dumpfile.recognise import recognise

    found = recognise(path)
    return DumpError(f"{path}: {found.what}", hint=found.hint)


def _open_container(files: Sequence[Opened]) -> Dump:
    container = _container(files[0].source.read_up_to(0, _HEAD_BYTES))
    if container is None and files[0].flattened:
        raise DumpError("a flattened file without a dump in it", hint="compare its size with the original")
    if container is None:
        raise _not_a_dump(files[0].path)
    dump: Dump = container.open_container(files)
    return dump


def _container(head: bytes) -> ModuleType | None:
    for name in registry.names(_CONTAINERS):
        container = registry.load(_CONTAINERS, name)
        if container.matches(head):
            return container
    return None
