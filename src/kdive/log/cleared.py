"""What was logged since the log was last cleared (`dmesg --clear`)."""

from __future__ import annotations

from dataclasses import replace

from kdive.errors import NoVerdictError
from kdive.facts.log import Log
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory


def since_cleared(memory: Memory, log: Log) -> Log:
    """The records of `log` that came after. Raises NoVerdictError where the kernel does not say which, ReadError."""
    info = known(memory.dump.vmcoreinfo, {})
    address = vmcoreinfo.symbol(info, "clear_seq")
    if address is None:
        raise NoVerdictError("VMCOREINFO does not say where the log was cleared", hint="print all of it")
    copies = vmcoreinfo.offset(info, "latched_seq.val")
    if copies is not None:
        # struct latched_seq: a sequence counter, which tells by its lowest bit which of two copies may be read.
        address += copies + 8 * (memory.read_u32(address) & 1)
    first = memory.read_u64(address)
    return replace(log, records=tuple(record for record in log.records if (record.sequence or 0) >= first))
