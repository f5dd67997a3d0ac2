"""A tiny kernel whose kallsyms hold functions alone: two CPUs, three tasks, one module, and no name of a variable."""

from __future__ import annotations

import struct
from pathlib import Path

from kdive.formats.btf import Kind
from kdive.memory.memory import Memory
from tests.formats.build_btf import BtfBuilder
from tests.symbols.build_kernel import DATA, STEXT, build_memory

PER_CPU_OFFSET = DATA + 0x2008
INIT_TASK = DATA + 0x3000
MODULES = DATA + 0x4000
VMAP_AREA_LIST = DATA + 0x4100
FAR = STEXT + 0x800000  # not in the image: what the kernel allocates
OTHER_TASK, THIRD_TASK = FAR, FAR + 0x100
CPU_MEMORY = (FAR + 0x1000, FAR + 0x3000)  # of each CPU, its run queue at RUNQUEUES
RUNQUEUES = 0x40
CFS_RQS = (FAR + 0x200, FAR + 0x210)
MODULE_AREA = FAR + 0x5000
MODULE = MODULE_AREA + 0x800
OTHER_AREA = FAR + 0x7000
_IDLE = (INIT_TASK, FAR + 0x300)
_AREAS = (FAR + 0x400, FAR + 0x440)


def functions_only(folder: Path, *, damage: dict[int, bytes] | None = None, btf: bytes | None = None) -> Memory:
    """The kernel's memory, with `damage` over it, and with `btf` instead of its own types."""
    functions = [("T", "_stext", STEXT), *(("t", f"do_thing_{n}", STEXT + 0x40 * n) for n in range(1, 600))]
    symbols = [*functions, ("T", "_etext", STEXT + 0x10000), ("T", "_einittext", DATA - 0x1000)]
    memory = {
        # What looks like the first task, but is not: a string in the kernel's read-only data.
        DATA + 0x1800: b"swapper/0\0",
        PER_CPU_OFFSET: struct.pack("<2Q", *CPU_MEMORY),  # variables of x86 are linked at 0
        MODULES: struct.pack("<2Q", MODULE + 8, MODULE + 8),
        VMAP_AREA_LIST: struct.pack("<2Q", _AREAS[0] + 16, _AREAS[1] + 16),
        _AREAS[0]: struct.pack("<4Q", OTHER_AREA, OTHER_AREA + 0x1000, _AREAS[1] + 16, VMAP_AREA_LIST),
        _AREAS[1]: struct.pack("<4Q", MODULE_AREA, MODULE_AREA + 0x2000, VMAP_AREA_LIST, _AREAS[0] + 16),
        OTHER_AREA: struct.pack("<Q", MODULE_AREA),  # points at a module, but is none
        MODULE: struct.pack("<Q2Q56s2Q", 0, MODULES, MODULES, b"frob", MODULE_AREA, 0x2000),
        INIT_TASK: _task(b"swapper/0", 0, INIT_TASK, OTHER_TASK, CFS_RQS[0]),
        _IDLE[1]: _task(b"swapper/1", 0, _IDLE[1], _IDLE[1], CFS_RQS[1]),
        OTHER_TASK: _task(b"init", 1, INIT_TASK, THIRD_TASK, CFS_RQS[1]),
        THIRD_TASK: _task(b"sh", 2, OTHER_TASK, INIT_TASK, CFS_RQS[0]),
    }
    for cpu, place in enumerate(CPU_MEMORY):
        memory[CFS_RQS[cpu]] = struct.pack("<Q", place + RUNQUEUES)
        memory[place + RUNQUEUES] = struct.pack("<Q2Q", cpu | 1 << 32, _IDLE[cpu], _IDLE[cpu])
    return build_memory(
        folder,
        symbols=symbols,
        named=True,
        btf=_types() if btf is None else btf,
        damage={**memory, **(damage or {})},
        info=[f"SYMBOL(vmap_area_list)={VMAP_AREA_LIST:x}"],
    )


def _task(comm: bytes, pid: int, parent: int, following: int, cfs_rq: int) -> bytes:
    leader = parent if pid == 0 else 0
    return struct.pack("<16sQ5Q", comm, pid, leader, parent, following + 0x28, 0, cfs_rq)


def _types() -> bytes:
    builder = BtfBuilder()
    word = builder.integer("long unsigned int", 8)
    number = builder.integer("int", 4, signed=True)
    char = builder.integer("char", 1, signed=True)
    short_name, long_name = builder.array(char, word, 16), builder.array(char, word, 56)
    address = builder.ptr(0)
    task = builder.next_id + 3  # after the list, its pointer, and the pointer to a task
    list_head = builder.struct("list_head", 16, [("next", builder.next_id + 1, 0), ("prev", builder.next_id + 1, 64)])
    builder.ptr(list_head)
    task_p = builder.ptr(task)
    entity, cfs_rq_p, cfs_rq, rq_p, rq = range(task + 1, task + 6)
    members = [("comm", short_name), ("pid", number), ("group_leader", task_p), ("real_parent", task_p)]
    places = [*zip(members, (0, 16, 24, 32), strict=True), (("tasks", list_head), 40), (("se", entity), 56)]
    builder.struct("task_struct", 64, [(name, type_, 8 * at) for (name, type_), at in places])
    builder.struct("sched_entity", 8, [("cfs_rq", cfs_rq_p, 0)])
    builder.ptr(cfs_rq)
    builder.struct("cfs_rq", 8, [("rq", rq_p, 0)])
    builder.ptr(rq)
    builder.struct("rq", 24, [("cpu", number, 0), ("online", number, 32), ("idle", task_p, 64), ("curr", task_p, 128)])
    layout = builder.struct("module_layout", 16, [("base", address, 0), ("size", number, 64)])
    builder.struct("module", 96, [("list", list_head, 64), ("name", long_name, 192), ("core_layout", layout, 640)])
    area = [("va_start", word, 0), ("va_end", word, 64), ("list", list_head, 128)]
    builder.struct("vmap_area", 32, area)
    queues = builder.var("runqueues", rq)
    builder.add(Kind.DATASEC, ".data..percpu", 0, [queues, RUNQUEUES, 24], 1)
    return builder.data()
