"""A kernel that names none of its variables (KALLSYMS_ALL off), built: run queues and tasks tell the rest."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import drgn
import pytest

from kdive.facts.missing import Missing
from kdive.kernel.context import Kernel
from kdive.kernel.cpus import read_registers
from kdive.kernel.memory_totals import present_memory, read_memory_totals
from tests.build_dump import PAGE_SIZE, prstatus_note
from tests.kernel.build_program import BuiltKernel

CRASH_KEXEC = 0xFFFF_B260_6E00_1000
PAC_MASK = 0xFFFF_0000_0000_0000
SIGNED = 0x1234_B260_6E00_1040  # a return address into __crash_kexec, signed
STACK_BYTES = 16384


class Unnamed(BuiltKernel):
    """`pids` run on CPUs 0, 1 …; each CPU has a stack for interrupts beside that of its task."""

    def __init__(self, *pids: int) -> None:
        super().__init__()
        self.stack = self.array(self.char, STACK_BYTES)
        self.kthread = self.struct("kthread", [("flags", self.u64), ("data", self.void_p)])
        list_head = self.struct("list_head", [("next", self.void_p), ("prev", self.void_p)])
        members = [("pid", self.int), ("stack", self.void_p), ("tasks", list_head), ("comm", self.array(self.char, 16))]
        lists = [("thread_group", list_head), ("worker_private", self.void_p)]
        self.task = self.struct("task_struct", [*members, *lists])
        task_p = self.pointer(self.task)
        rq = self.struct("rq", [("cpu", self.int), ("online", self.int), ("curr", task_p), ("idle", task_p)])
        overflow = self.array(self.u64, 512)
        members = [("rq", rq), ("irq_stack_ptr", self.pointer(self.u64)), ("overflow_stack", overflow)]
        per_cpu = self.struct("per_cpu", members)
        self.task_stacks = [self.put(self.stack) for _ in pids]
        self.irq_stacks = [self.put(self.stack) for _ in pids]
        places = []
        for cpu, pid in enumerate(pids):
            task = self.put(self.task, {"pid": pid, "stack": self.task_stacks[cpu], "comm": b"runs"})
            queue = {"cpu": cpu, "online": 1, "curr": task, "idle": task}
            places.append(self.put(per_cpu, {"rq": queue, "irq_stack_ptr": self.irq_stacks[cpu]}))
        for member in per_cpu.members or ():
            name = "runqueues" if member.name == "rq" else member.name
            self.variable(name or "", member.type, address=member.offset)
        self.overflow_stacks = [place + drgn.offsetof(per_cpu, "overflow_stack") for place in places]
        self.variable("__per_cpu_offset", self.array(self.u64, len(pids) + 1), [*places, 0])
        symbol = drgn.Symbol("__crash_kexec", CRASH_KEXEC, 0x100, drgn.SymbolBinding.GLOBAL, drgn.SymbolKind.FUNC)
        self.program.register_symbol_finder("built", lambda *_: [symbol], enable_index=0)

    def at(self, folder: Path, notes: Sequence[tuple[int, int]] = ()) -> Kernel:
        """What readers start from; `notes` are the pid and the stack pointer of each."""
        data = b"".join(prstatus_note(pid, {"sp": sp}, machine="aarch64") for pid, sp in notes)
        info = {"NUMBER(KERNELPACMASK)": hex(PAC_MASK), "CRASHTIME": "1700000000"}
        return self.kernel(folder, info, notes=data, machine="aarch64")


def _stack_pointers(kernel: Kernel) -> dict[int, int | None]:
    registers = read_registers(kernel)
    assert not isinstance(registers, Missing)
    return {one.cpu: None if isinstance(one.registers, Missing) else one.registers["sp"] for one in registers}


def test_cpus_are_counted_by_their_run_queues(tmp_path: Path) -> None:
    kernel = Unnamed(7, 0, 12).at(tmp_path)
    assert kernel.cpus("possible") == kernel.cpus("present") == kernel.cpus("online") == (0, 1, 2)


@pytest.mark.parametrize("on", ["task_stacks", "irq_stacks", "overflow_stacks"])
def test_cpu_that_panicked_is_the_one_that_left_for_the_capture_kernel(tmp_path: Path, on: str) -> None:
    built = Unnamed(7, 9)
    built.write(getattr(built, on)[1] + 0x300, struct.pack("<2Q", 0, SIGNED))
    assert built.at(tmp_path).crashed_cpu == 1


def test_no_cpu_panicked_where_none_left_for_the_capture_kernel(tmp_path: Path) -> None:
    built = Unnamed(7, 9)
    built.write(built.task_stacks[1] + 0x300, struct.pack("<2Q", CRASH_KEXEC - 8, CRASH_KEXEC + 0x108))
    assert isinstance(built.at(tmp_path).crashed_cpu, Missing)


def test_notes_belong_to_the_cpus_in_their_order_where_there_is_one_for_each(tmp_path: Path) -> None:
    assert _stack_pointers(Unnamed(0, 0).at(tmp_path, [(0, 0x10), (0, 0x20)])) == {0: 0x10, 1: 0x20}


def test_note_belongs_to_the_cpu_that_ran_its_thread(tmp_path: Path) -> None:
    assert _stack_pointers(Unnamed(7, 9, 11).at(tmp_path, [(9, 0x10), (11, 0x20)])) == {0: None, 1: 0x10, 2: 0x20}


def test_note_of_an_idle_thread_belongs_to_the_cpu_whose_stack_it_was_on(tmp_path: Path) -> None:
    built = Unnamed(0, 7, 0)
    notes = [(7, 0x10), (0, built.irq_stacks[2] + 0x100)]
    assert _stack_pointers(built.at(tmp_path, notes)) == {0: None, 1: 0x10, 2: built.irq_stacks[2] + 0x100}


def test_note_of_a_thread_that_no_cpu_ran_is_nobody_s(tmp_path: Path) -> None:
    assert _stack_pointers(Unnamed(7, 9).at(tmp_path, [(7, 0x10), (8, 0x20)])) == {0: 0x10, 1: None}


class WithDaemons(Unnamed):
    """Two nodes, of 3 and 4 pages, each with the thread that frees its memory, and a thread that only has the name."""

    def __init__(self) -> None:
        super().__init__(1)
        zone = self.struct("zone", [("managed_pages", self.u64), ("vm_stat", self.array(self.s64, 2))])
        members = [("node_zones", self.array(zone, 1)), ("node_present_pages", self.u64), ("kswapd", self.void_p)]
        node = self.struct("pglist_data", [*members, ("vm_stat", self.array(self.s64, 1))])
        self.enum("zone_stat_item", NR_FREE_PAGES=1)
        self.enum("node_stat_item", NR_FILE_PAGES=0)
        tasks = [self.put(self.task, {"comm": b"init"})]
        for number, pages in enumerate((3, 4)):
            zones = [{"managed_pages": pages - 1, "vm_stat": [0, number + 1]}]
            address = self.put(node, {"node_zones": zones, "node_present_pages": pages, "vm_stat": [pages - 2]})
            thread = self.put(self.kthread, {"data": address})
            tasks.append(self.put(self.task, {"comm": b"kswapd%d" % number, "worker_private": thread}))
            kswapd_at = drgn.offsetof(node, "kswapd")
            self.write(address + kswapd_at, struct.pack("<Q", tasks[-1]))
            tasks.append(self.put(self.task, {"comm": b"kswapd%d" % number, "worker_private": thread}))
        for task, following in zip(tasks, (*tasks[1:], tasks[0]), strict=True):
            for member, linked in (("tasks", following), ("thread_group", task)):
                at = drgn.offsetof(self.task, member)
                self.write(task + at, struct.pack("<Q", linked + at))
        self.variable("init_task", self.task, address=tasks[0])


def test_nodes_are_told_by_the_threads_that_free_their_memory(tmp_path: Path) -> None:
    assert present_memory(WithDaemons().at(tmp_path)) == 7 * PAGE_SIZE


def test_counters_are_summed_over_zones_and_nodes(tmp_path: Path) -> None:
    totals = read_memory_totals(WithDaemons().at(tmp_path))
    assert totals.total == 5 * PAGE_SIZE
    assert totals.free == 3 * PAGE_SIZE
    assert totals.file == 3 * PAGE_SIZE
    assert isinstance(totals.swap_total, Missing)
