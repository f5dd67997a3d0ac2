"""`open_dump`: any dump container → Dump."""

from __future__ import annotations

from pathlib import Path

from kdive import registry
from kdive.dumpfile.dump import Dump
from kdive.dumpfile.opened import Opened
from kdive.dumpfile.source import FileSource
from kdive.errors import DumpError

_CONTAINERS = "kdive.dumpfile.containers"
_HEAD_BYTES = 64 << 10


def open_dump(path: Path) -> Dump:
    """The dump in `path`.

    Raises DumpError, with what the file is instead, when it cannot be opened as one.
    """
    source = FileSource(path)
    try:
        opened = Opened((path,), (source,), (source.size,))
        head = source.read_up_to(0, _HEAD_BYTES)
        for name in registry.names(_CONTAINERS):
            container = registry.load(_CONTAINERS, name)
            if container.matches(head):
                dump: Dump = container.open_container(opened)
                return dump
        raise DumpError(f"{path}: not a kernel dump", hint="give it a vmcore")
    except BaseException:
        source.close()
        raise
