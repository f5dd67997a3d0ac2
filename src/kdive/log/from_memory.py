"""`read_log`: the kernel's log out of a dump, by VMCOREINFO alone."""

from __future__ import annotations

from kdive.compat import printk
from kdive.errors import DumpDamagedError, NoVerdictError
from kdive.facts.log import Log
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory


def read_log(memory: Memory) -> Log:
    """The log, in whichever form this kernel keeps it.

    Raises NoVerdictError where VMCOREINFO does not say where it is or where it is empty, ReadError where no record of
    it can be read.
    """
    log = _read(memory)
    if log.records:
        return log
    if log.lost_records:
        raise DumpDamagedError("no record of the log can be read: " + "; ".join(log.notes))
    raise NoVerdictError("the log is empty", hint="; ".join(log.notes))


def _read(memory: Memory) -> Log:
    info = memory.dump.vmcoreinfo
    if isinstance(info, Missing):
        raise NoVerdictError(f"the log cannot be found: {info.reason}", hint="VMCOREINFO says where it lies")
    ring = printk.ring_layout(info, memory.dump.order, memory.dump.word_size)
    if ring:
        from kdive.log.ring import read_ring

        return read_ring(memory, ring)
    records = printk.records_layout(info, memory.dump.order)
    if records:
        from kdive.log.records import read_records

        return read_records(memory, records)
    buffer = printk.buffer_layout(info)
    if buffer:
        from kdive.log.buffer import read_buffer

        return read_buffer(memory, buffer)
    raise NoVerdictError(
        "VMCOREINFO names no log", hint="a kernel without printk, or not one of Linux; is there a serial console's log?"
    )
