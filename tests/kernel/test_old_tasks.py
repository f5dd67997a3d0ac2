"""Tasks of a kernel before 4.5, built: thread_info on the stack, masks behind pointers, thread_group, old states."""

from __future__ import annotations

import struct

import pytest

from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.kernel.tasks import read_tasks
from tests.kernel.build_program import BuiltKernel

OFFSET_OF_TASKS, OFFSET_OF_GROUP = 40, 56
STATES = ["R (running)", "S (sleeping)", "D (disk sleep)", "T", "t", "Z", "X", "x (dead)", "K", "W", "P (parked)"]


class OldKernel(BuiltKernel):
    def __init__(self) -> None:
        super().__init__()
        list_head = self.struct("list_head", [("next", self.void_p), ("prev", self.void_p)])
        self.thread_info = self.struct("thread_info", [("task", self.void_p), ("flags", self.u32), ("cpu", self.u32)])
        self.task = self.struct(
            "task_struct",
            [
                ("state", self.s64),
                ("stack", self.void_p),
                ("flags", self.u32),
                ("exit_state", self.int),
                ("pid", self.int),
                ("tgid", self.int),
                ("real_parent", self.void_p),
                ("tasks", list_head),
                ("thread_group", list_head),
                ("comm", self.array(self.char, 16)),
            ],
        )
        self.rq = self.struct("rq", [("clock", self.u64), ("curr", self.void_p), ("idle", self.void_p)])
        mask = self.struct("cpumask", [("bits", self.array(self.u64, 1))])
        for name in ("possible", "present", "online"):
            bits = self.put(mask, {"bits": [0b11]})
            self.variable(f"cpu_{name}_mask", self.pointer(mask), bits)
        names = [self.put(self.array(self.char, 16), name.encode()) for name in STATES]
        self.variable("task_state_array", self.array(self.pointer(self.char), len(names)), names)

    def add_task(self, pid: int, comm: str, *, state: int = 0, cpu: int = 0, tgid: int = 0, parent: int = 0) -> int:
        stack = self.put(self.thread_info, {"cpu": cpu})
        values = {"state": state, "stack": stack, "pid": pid, "tgid": tgid or pid, "comm": comm.encode()}
        address = self.put(self.task, values | {"real_parent": parent or 0xFFFF_8880_FFFF_0000})
        self.link(OFFSET_OF_GROUP, address)
        return address

    def link(self, offset: int, *tasks: int) -> None:
        """Makes a list of the tasks, the last linked to the first."""
        for task, following in zip(tasks, (*tasks[1:], tasks[0]), strict=True):
            self.write(task + offset, struct.pack("<Q", following + offset))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Tasks:
    kernel = OldKernel()
    swapper = kernel.add_task(0, "swapper/0")
    init = kernel.add_task(1, "systemd", state=1, cpu=1)
    parked = kernel.add_task(9, "migration/1", state=0x200, cpu=1, parent=init)
    thread = kernel.add_task(12, "worker", state=0x82, tgid=9, parent=init)
    zombie = kernel.add_task(30, "defunct", state=0x40, parent=init)
    kernel.write(zombie + 20, struct.pack("<i", 0x10))  # exit_state
    kernel.link(OFFSET_OF_TASKS, swapper, init, parked, zombie)
    kernel.link(OFFSET_OF_GROUP, parked, thread)
    kernel.variable("init_task", kernel.task, address=swapper)
    queues = [kernel.put(kernel.rq, {"clock": 5, "curr": task, "idle": swapper}) for task in (swapper, thread)]
    kernel.variable("runqueues", kernel.rq, address=queues[0])
    kernel.variable("__per_cpu_offset", kernel.array(kernel.u64, 2), [0, queues[1] - queues[0]])
    return read_tasks(kernel.kernel(tmp_path_factory.mktemp("old")), (0, 1))


def test_all_threads_are_found_with_the_states_of_their_kernel(tasks: Tasks) -> None:
    assert [(task.pid, task.tgid, task.comm, task.state) for task in tasks.tasks] == [
        (0, 0, "swapper/0", "RU"),
        (1, 1, "systemd", "IN"),
        (9, 9, "migration/1", "PA"),
        (12, 9, "worker", "UN"),
        (30, 30, "defunct", "ZO"),
    ]
    assert tasks.truncated == ""


def test_the_cpu_comes_from_thread_info_on_the_stack(tasks: Tasks) -> None:
    assert [(task.cpu, task.on_cpu) for task in tasks.tasks] == [
        (0, True),
        (1, False),
        (1, False),
        (1, True),
        (0, False),
    ]


def test_a_parent_that_cannot_be_read_is_missing_and_not_pid_0(tasks: Tasks) -> None:
    parents = {task.pid: task.ppid for task in tasks.tasks}
    assert (parents[9], parents[12]) == (1, 1)
    assert parents[1] == Missing("memory at 0xffff8880ffff0014 is not in the dump") or isinstance(parents[1], Missing)
