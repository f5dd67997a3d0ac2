"""Facts from a log alone: console text, vmcore-dmesg.txt, a journal, pstore."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kdive.facts.crash import Facts, Rung
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.pipeline.unread import with_reason
from kdive.units import ByteCount

_NO_MEMORY = Missing("a log holds no memory")
_UNSAID = Missing("a log does not say")


def facts_of_log(path: Path, data: bytes) -> Facts:
    """What the text of a log says. Raises DumpError when there is no text in `data`."""
    from kdive.log.chain import panic_chain
    from kdive.log.from_text import read_text_log
    from kdive.log.machine import read_machine
    from kdive.log.render import lines

    log = read_text_log(data)
    chain = panic_chain(log)
    facts = Facts(
        container=Container(path=str(path), format=f"log ({log.source})", size=ByteCount(len(data))),
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
