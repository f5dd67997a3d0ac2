"""The CPUs of a kernel that does not name its variables (KALLSYMS_ALL off), and which of them panicked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import drgn

from kdive.dumpfile.dump import Dump
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo

STACK_BYTES = 16384  # of a task's stack and of one for interrupts, without KASAN
_CPU_LIMIT = 8192
_PANICKED = "__crash_kexec"  # the one function that only the panicking CPU enters


def cpus_with_queue(program: drgn.Program, online: bool) -> Iterator[int]:
    """Numbers of the CPUs that have a run queue; of those that tasks may run on, where `online`.

    A CPU that panic() stopped has still one.
    """
    queues = program["runqueues"]
    offsets = program["__per_cpu_offset"]
    for cpu in range(_CPU_LIMIT):
        offset = int(offsets[cpu].value_())
        if not offset:
            return
        address = (queues.address_ + offset) & (1 << 8 * drgn.sizeof(offsets[cpu])) - 1
        queue = drgn.Object(program, queues.type_, address=address)
        if queue.member_("cpu").value_() != cpu:
            return
        if not online or queue.member_("online").value_():
            yield cpu


def panicked_cpu(
    program: drgn.Program,
    dump: Dump,
    stacks: Iterable[tuple[int, int, int]],
    words: Callable[[int, int], Sequence[int]],
) -> int:
    """The CPU on one of whose stacks the kernel left for the capture kernel.

    `stacks` are CPUs, each with the start and size of a stack; `words` reads some from there.
    Raises LookupError where there is no such CPU.
    """
    symbol = program.symbol(_PANICKED)
    # On arm64 return addresses may be signed.
    mask = vmcoreinfo.number(known(dump.vmcoreinfo, {}), "KERNELPACMASK") or 0
    for cpu, start, size in stacks:
        try:
            values = words(start, size // dump.word_size)
        except drgn.FaultError:
            continue
        if any(symbol.address < value | mask <= symbol.address + symbol.size for value in values):
            return cpu
    raise LookupError(f"no CPU is in {_PANICKED}()")
