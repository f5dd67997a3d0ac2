"""Facts from a dump: the log first, then whatever symbols and types give, in a child process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kdive.errors import KdiveError
from kdive.facts.banners import filled, with_ending
from kdive.facts.crash import Facts, PanicChain, Rung
from kdive.facts.log import Log
from kdive.facts.machine import Banner
from kdive.facts.missing import Missing
from kdive.pipeline.isolation import Child, Limits, Stage
from kdive.pipeline.unread import with_reason

if TYPE_CHECKING:
    from kdive.dumpfile.dump import Dump
    from kdive.memory.memory import Memory
    from kdive.pipeline.request import Progress, ReportRequest

_LIMITS = Limits(memory_bytes=900 << 20, silence_s=8)
_LIMITS_DEBUGINFO = Limits(memory_bytes=8 << 30, silence_s=120)  # the index of a big vmlinux with all its modules

_RUNG_LOG_ONLY = Rung("vmcoreinfo", why="--brief: the log alone settles the verdict")


def facts_of_dump(request: ReportRequest, progress: Progress) -> Facts:
    """What the dump says, as far up the ladder as it goes. Raises KdiveError when it cannot be opened at all."""
    from kdive.dumpfile.open import open_dump
    from kdive.memory.open import open_memory

    progress("opening the dump")
    with open_dump(request.path) as dump:
        memory = open_memory(dump)
        if request.brief and request.vmlinux is None:
            progress("reading the log")
            from kdive.diagnosis.engine import settled_by_log

            facts = _without_symbols(dump, memory)
            if settled_by_log(facts):
                return with_reason(replace(facts, rung=_RUNG_LOG_ONLY), Missing("--brief does not look at it"))
            return _with_symbols(facts, _start(request, memory))
        # Symbols and types take longest, and the log does not need them: both at once.
        child = _start(request, memory)
        try:
            progress("reading the log, symbols, tasks and stacks")
            return _with_symbols(_without_symbols(dump, memory), child)
        finally:
            child.stop()


def _without_symbols(dump: Dump, memory: Memory) -> Facts:
    """The facts that VMCOREINFO and the notes give."""
    from kdive.dumpfile.cpu_notes import cpu_registers
    from kdive.memory.identity import identify

    log, chain, log_banner = _read_log(memory)
    return Facts(
        container=dump.container,
        rung=Rung("vmcoreinfo"),
        banner=filled(identify(memory), log_banner),
        log=log,
        panic_chain=chain,
        registers=cpu_registers(dump) or Missing("the dump has no register notes"),
    )


def _read_log(memory: Memory) -> tuple[Log | Missing, PanicChain | Missing, Banner]:
    from kdive.log.chain import panic_chain
    from kdive.log.from_memory import read_log
    from kdive.log.machine import read_machine
    from kdive.log.render import lines

    try:
        log = read_log(memory)
    except KdiveError as error:
        missing = Missing(error.message)
        return missing, missing, Banner()
    chain = panic_chain(log)
    return log, chain, read_machine(log, lines(log), chain)


def _start(request: ReportRequest, memory: Memory) -> Child:
    """The child that reads what takes names and types."""

    def work(stage: Stage) -> None:
        from kdive.kernel.collect import collect
        from kdive.symbols.find import SymbolOptions, find_symbols

        options = SymbolOptions(request.vmlinux, request.debug_dirs, request.force, request.no_debuginfo)
        symbols = find_symbols(memory, options, before_debuginfo=lambda: stage.allow(_LIMITS_DEBUGINFO))
        stage.emit("rung", symbols.rung)
        if symbols.program is not None:
            for name, value in collect(memory, symbols):
                stage.emit(name, value)

    return Child(work, _LIMITS)


def _with_symbols(facts: Facts, child: Child) -> Facts:
    """`facts` with what the child adds; when it dies or hangs, with what it gave until then."""
    outcome = child.result()
    reason = Missing("this takes names and types of the kernel, and there are none")
    if outcome.failure:
        reason = Missing(f"the reader of kernel memory ended early: {outcome.failure}")
    values = dict(outcome.values)
    banner = with_ending(filled(values.pop("banner", Banner()), facts.banner))
    if not values.get("registers"):
        values["registers"] = facts.registers
    values.setdefault("rung", Rung("vmcoreinfo", why=reason.reason))
    return with_reason(replace(facts, banner=banner, **values), reason)
