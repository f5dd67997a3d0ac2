"""Facts from a log alone: console text, vmcore-dmesg.txt, a journal, pstore."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kdive.errors import DumpError
from kdive.facts.crash import Facts, Rung
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.pipeline.unread import with_reason
from kdive.units import ByteCount

_NO_MEMORY = Missing("a log holds no memory")
_UNSAID = Missing("a log does not say")


def facts_of_log_file(path: Path) -> Facts:
    """What the log in the file says; of a long one, its beginning and its end are read.

    Raises DumpError when the file cannot be read.
    """
    from kdive.log.from_text import KEPT_HEAD_BYTES, KEPT_TAIL_BYTES

    try:
        with path.open("rb") as file:
            data = file.read(KEPT_HEAD_BYTES + KEPT_TAIL_BYTES)
            size = file.seek(0, os.SEEK_END) if file.seekable() else len(data)
            if size > len(data):
                file.seek(-KEPT_TAIL_BYTES, os.SEEK_END)
                # The last line of the head is not to run into the first of the tail.
                data = data[: KEPT_HEAD_BYTES - 1] + b"\n" + file.read(KEPT_TAIL_BYTES)
    except OSError as error:
        raise DumpError(f"{path}: {error.strerror}", hint="check the name and the permissions") from error
    return facts_of_log(path, data, size - len(data))


def facts_of_log(path: Path, data: bytes, left_out: int = 0) -> Facts:
    """What the text of a log says; `left_out` bytes of it were not read."""
    from kdive.log.chain import panic_chain
    from kdive.log.from_text import read_text_log
    from kdive.log.machine import read_machine
    from kdive.log.render import lines

    log = read_text_log(data, left_out)
    chain = panic_chain(log)
    facts = Facts(
        container=Container(path=str(path), format=f"log ({log.source})", size=ByteCount(len(data) + left_out)),
        rung=Rung(
            "log",
            why="the input is a log",
            lift="the machine's vmcore gives the stacks of all CPUs and the state of memory",
        ),
        banner=replace(read_machine(log, lines(log), chain), dumpfile=str(path)),
        log=log,
        panic_chain=chain,
        registers=_NO_MEMORY,
        stacks=_NO_MEMORY,
        cpus=_NO_MEMORY,
        tasks=_NO_MEMORY,
        modules=_NO_MEMORY,
        memory=_NO_MEMORY,
    )
    return with_reason(facts, _UNSAID)
