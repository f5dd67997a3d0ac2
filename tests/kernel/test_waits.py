"""What blocked tasks wait for, found by their entries in the queues of locks: built memory, no debuginfo."""

from __future__ import annotations

from pathlib import Path

import drgn
import pytest

from kdive.facts.machine import Task, Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.waits import Wait, Waits
from kdive.kernel.waits import read_waits
from kdive.units import Address
from tests.kernel.build_program import BuiltKernel

STACK_BYTES = 1024
MUTEX_OWNER_FLAGS = 0x3  # waiters, handoff


class Locks(BuiltKernel):
    """A kernel with mutexes, read-write semaphores and completions, and tasks that wait for them."""

    def __init__(self) -> None:
        super().__init__()
        list_head = self.struct("list_head", [("next", self.u64), ("prev", self.u64)])
        self.mutex = self.struct("mutex", [("owner", self.u64), ("wait_lock", self.u64), ("wait_list", list_head)])
        self.rwsem = self.struct("rw_semaphore", [("count", self.u64), ("owner", self.u64), ("wait_list", list_head)])
        queue_head = self.struct("swait_queue_head", [("lock", self.u64), ("task_list", list_head)])
        self.completion = self.struct("completion", [("done", self.u64), ("wait", queue_head)])
        self.mutex_waiter = self.struct("mutex_waiter", [("list", list_head), ("task", self.u64)])
        self.struct("rwsem_waiter", [("list", list_head), ("task", self.u64)])
        self.struct("swait_queue", [("task", self.u64), ("task_list", list_head)])
        self.union("thread_union", [("stack", self.array(self.char, STACK_BYTES))])
        self.task = self.task_struct()
        self.tasks: list[Task] = []
        self.stacks: list[Stack] = []

    def task_struct(self) -> drgn.Type:
        return self.struct("task_struct", [("stack", self.u64), ("pid", self.int)])

    def add_task(self, pid: int, *functions: str, state: str = "UN") -> int:
        stack = self.put(self.array(self.char, STACK_BYTES))
        address = self.put(self.task, {"stack": stack, "pid": pid})
        self.tasks.append(Task(pid, pid, 1, f"task{pid}", state, 0, Address(address), False, True))
        if functions:
            frames = tuple(Frame(name) for name in ("__schedule", "schedule", *functions))
            self.stacks.append(Stack(frames, pid=pid, task=Address(address), state=state))
        return address

    def stack_of(self, task: int) -> int:
        return int(drgn.Object(self.program, self.task, address=task).member_("stack").value_())

    def waiter(self, task: int, at: int = 0x100) -> int:
        """An entry on the stack of `task`, as for a mutex; the address of its link."""
        address = self.stack_of(task) + at
        self.words(address + 16, task)
        return address

    def words(self, address: int, *values: int) -> None:
        self.write(address, b"".join(value.to_bytes(8, "little") for value in values))

    def link(self, *links: int) -> None:
        """Makes a ring of the list entries."""
        for here, following, before in zip(links, (*links[1:], links[0]), (links[-1], *links[:-1]), strict=True):
            self.words(here, following, before)

    def read(self, folder: Path) -> tuple[Wait, ...]:
        read = read_waits(self.kernel(folder), Tasks(tuple(self.tasks)), Stacks(tuple(self.stacks)))
        assert isinstance(read, Waits)
        return read.waits


@pytest.fixture
def locks() -> Locks:
    return Locks()


def test_the_mutex_and_its_owner_are_found_behind_another_waiter(locks: Locks, tmp_path: Path) -> None:
    owner = locks.add_task(10, "msleep", "frob_keep")
    first, second = (locks.add_task(pid, "__mutex_lock.constprop.0", "frob_open") for pid in (11, 12))
    lock = locks.put(locks.mutex, {"owner": owner | MUTEX_OWNER_FLAGS})
    locks.link(lock + 16, locks.waiter(first), locks.waiter(second))
    found = {wait.pid: wait for wait in locks.read(tmp_path)}
    for pid in (11, 12):
        assert (found[pid].kind, found[pid].lock, found[pid].owner) == ("mutex", lock, 10)
        assert not found[pid].owner_gone
    assert 10 not in found


def test_an_owner_that_is_no_task_any_more_is_said_to_be_gone(locks: Locks, tmp_path: Path) -> None:
    task = locks.add_task(11, "mutex_lock", "frob_open")
    lock = locks.put(locks.mutex, {"owner": 0xFFFF_8880_0300_0000})
    locks.link(lock + 16, locks.waiter(task))
    (wait,) = locks.read(tmp_path)
    assert (wait.owner, wait.owner_gone) == (None, True)


def test_a_reader_that_holds_a_semaphore_is_told_from_a_writer(locks: Locks, tmp_path: Path) -> None:
    reader = locks.add_task(10)
    task = locks.add_task(11, "rwsem_down_write_slowpath", "down_write", "frob_change")
    lock = locks.put(locks.rwsem, {"owner": reader | 1})
    locks.link(lock + 16, locks.waiter(task))
    (wait,) = locks.read(tmp_path)
    assert (wait.kind, wait.owner, wait.by_reader) == ("rw_semaphore", 10, True)


def test_a_completion_has_no_owner(locks: Locks, tmp_path: Path) -> None:
    task = locks.add_task(11, "schedule_timeout", "__wait_for_common", "frob_wait")
    done = locks.put(locks.completion)
    entry = locks.stack_of(task) + 0x80
    locks.words(entry, task)
    locks.link(done + 16, entry + 8)
    (wait,) = locks.read(tmp_path)
    assert (wait.kind, wait.lock, wait.owner, wait.owner_gone) == ("completion", done, None, False)


def test_an_entry_that_is_no_longer_queued_is_not_believed(locks: Locks, tmp_path: Path) -> None:
    task = locks.add_task(11, "mutex_lock", "frob_open")
    lock = locks.put(locks.mutex, {"owner": task})
    stale = locks.waiter(task, at=0x40)
    locks.words(stale, lock + 16, lock + 16)
    locks.words(lock + 16, lock + 16, lock + 16)
    (wait,) = locks.read(tmp_path)
    assert (wait.kind, wait.lock, wait.owner) == ("mutex", None, None)


def test_a_queue_bent_into_a_circle_ends(locks: Locks, tmp_path: Path) -> None:
    first, second = (locks.add_task(pid, "mutex_lock", "frob_open") for pid in (11, 12))
    locks.link(locks.waiter(first), locks.waiter(second))  # a ring of waiters without a lock
    assert [(wait.pid, wait.lock) for wait in locks.read(tmp_path)] == [(11, None), (12, None)]


def test_a_kernel_that_names_the_blocker_itself_is_believed(tmp_path: Path) -> None:
    class Newer(Locks):
        def task_struct(self) -> drgn.Type:
            return self.struct("task_struct", [("stack", self.u64), ("pid", self.int), ("blocker", self.u64)])

    locks = Newer()
    owner = locks.add_task(10)
    lock = locks.put(locks.rwsem, {"owner": owner})
    task = locks.add_task(11, "rwsem_down_read_slowpath", "frob_look")
    locks.words(task + 12, lock | 2)
    (wait,) = locks.read(tmp_path)
    assert (wait.kind, wait.lock, wait.owner) == ("rw_semaphore", lock, 10)


def test_io_is_told_by_the_function_alone(locks: Locks, tmp_path: Path) -> None:
    locks.add_task(11, "io_schedule", "folio_wait_bit_common", "filemap_read")
    locks.add_task(12, "schedule_timeout", "msleep", "frob_poll")
    assert [(wait.pid, wait.kind) for wait in locks.read(tmp_path)] == [(11, "page")]


def test_without_tasks_there_is_no_graph(locks: Locks, tmp_path: Path) -> None:
    missing = Missing("no tasks")
    assert read_waits(locks.kernel(tmp_path), missing, Stacks(())) == missing
