"""What blocked tasks wait for: a wait graph, without debuginfo.

The lock is no argument that a stack keeps. But who waits is queued: its entry lies on its own stack, names the task,
and is linked into a list whose head is part of the lock.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from functools import cached_property

import drgn

from kdive.compat.lock_waiters import Queue, blocker_kinds, owner, queue
from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stack, Stacks
from kdive.facts.waits import OWNED, Wait, Waits
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.symbols.layout import ProgramLayout
from kdive.units import Address

WAITER_LIMIT = 4096  # of one lock
_STACK_BYTES = 16384  # where "union thread_union" is not known
_STACK_LIMIT = 1 << 17
_FRAMES = 16  # from the innermost, among which the primitive is looked for

# The function in which a task sleeps, and what it then waits for; suffixes such as .constprop.0 are cut off before.
_PRIMITIVES = (
    (re.compile(r"(?:__)?(?:ww_)?mutex_lock(?:_\w+)?"), "mutex"),
    (re.compile(r"rwsem_down_\w+|(?:__)?down_(?:read|write)(?:_\w+)?"), "rw_semaphore"),
    (re.compile(r"__down(?:_common|_\w+)?|down(?:_interruptible|_killable|_timeout)?"), "semaphore"),
    (re.compile(r"(?:__)?rt_mutex_\w+|rtlock_slowlock\w*"), "rt_mutex"),
    (re.compile(r"(?:__|do_)?wait_for_common\w*|wait_for_completion\w*"), "completion"),
    (re.compile(r"folio_wait_bit_common|wait_on_page_bit\w*|(?:__)?(?:folio|page)_lock\w*|__lock_page\w*"), "page"),
    (re.compile(r"(?:__)?flush_(?:work|workqueue)\w*|__cancel_work\w*"), "work"),
    (re.compile(r"io_schedule\w*|bit_wait_io\w*|blk_mq_get_tag|rq_qos_wait"), "io"),
)


def read_waits(kernel: Kernel, tasks: Tasks | Missing, stacks: Stacks | Missing) -> Waits | Missing:
    """One for each task in uninterruptible sleep whose stack says what it waits for."""
    for fact in (tasks, stacks):
        if isinstance(fact, Missing):
            return fact
    assert isinstance(tasks, Tasks) and isinstance(stacks, Stacks)
    reader = _WaitReader(kernel, {int(task.task): task.pid for task in tasks.tasks if task.task})
    return Waits(tuple(reader.waits(stacks)))


class _WaitReader:
    def __init__(self, kernel: Kernel, pids: Mapping[int, int]) -> None:
        self._kernel = kernel
        self._program = kernel.program
        self._pids = pids  # address of the task → PID
        self._layout = ProgramLayout(kernel.program)

    def waits(self, stacks: Stacks) -> Iterator[Wait]:
        for stack in stacks.stacks:
            slept = None if stack.on_cpu or stack.pid is None else _primitive(stack)
            if slept is None or stack.task is None or stack.pid is None:
                continue
            function, kind = slept
            lock = guard.read(self._lock, kind, stack.task)
            if lock is None or isinstance(lock, Missing):
                yield Wait(stack.pid, kind, function)
            else:
                yield self._wait(stack.pid, kind, function, lock)

    def _wait(self, pid: int, kind: str, function: str, lock: int) -> Wait:
        held = guard.read(self._owner, kind, lock) if kind in OWNED else None
        address, by_reader = held if held is not None and not isinstance(held, Missing) else (0, False)
        return Wait(
            pid=pid,
            kind=kind,
            function=function,
            lock=Address(lock),
            name=self._name(lock),
            owner=self._pids.get(address),
            owner_gone=bool(address) and address not in self._pids,
            by_reader=by_reader,
        )

    def _lock(self, kind: str, task: int) -> int | None:
        """Where the lock lies that `task` waits for."""
        kinds = blocker_kinds(self._layout)
        if kinds:
            blocker = int(drgn.Object(self._program, "struct task_struct", address=task).member_("blocker").value_())
            if blocker and kinds[blocker & 3] == kind:
                return blocker & ~3
        known = queue(kind, self._layout)
        return None if known is None else self._queued_on(known, task)

    def _queued_on(self, known: Queue, task: int) -> int | None:
        waiter = self._program.type(known.waiter)
        task_at, link_at = drgn.offsetof(waiter, known.task), drgn.offsetof(waiter, known.link)
        head_at = drgn.offsetof(self._program.type(known.lock), known.head)
        for at in self._mentions(task):
            link = at - task_at + link_at
            if not self._is_linked(link):
                continue
            walk = ListWalk(self._program, WAITER_LIMIT)
            for entry in walk.entries(link, 0):
                if self._kernel.words(entry - link_at + task_at, 1)[0] not in self._pids:
                    return int(entry - head_at)
        return None

    def _mentions(self, task: int) -> Iterator[int]:
        """Addresses on the stack of `task` that hold its own address."""
        start = int(drgn.Object(self._program, "struct task_struct", address=task).member_("stack").value_())
        data = self._program.read(start, self._stack_bytes)
        size = self._kernel.memory.dump.word_size
        wanted = struct.pack(self._kernel.memory.dump.order + ("Q" if size == 8 else "I"), task)
        position = data.find(wanted)
        while position >= 0:
            if position % size == 0:
                yield start + position
            position = data.find(wanted, position + 1)

    @cached_property
    def _stack_bytes(self) -> int:
        size = guard.read(lambda: drgn.sizeof(self._program.type("union thread_union")))
        return _STACK_BYTES if isinstance(size, Missing) else min(size, _STACK_LIMIT)

    def _is_linked(self, link: int) -> bool:
        """Whether both neighbours of the list entry point back at it: a stale one on the stack is no longer queued."""
        size = self._kernel.memory.dump.word_size
        try:
            following, previous = self._kernel.words(link, 2)
            return (
                following != link
                and self._kernel.words(following + size, 1)[0] == link
                and self._kernel.words(previous, 1)[0] == link
            )
        except drgn.FaultError:
            return False

    def _owner(self, kind: str, lock: int) -> tuple[int, bool] | None:
        """Address of the task that holds the lock, 0 for none; and whether it is one reader of perhaps several."""
        known = owner(kind, self._layout)
        if known is None:
            return None
        offset = drgn.offsetof(self._program.type(known.lock), known.member)
        (value,) = self._kernel.words(lock + offset, 1)
        return value & ~known.flags, bool(value & known.reader)

    def _name(self, address: int) -> str:
        """The variable at `address`, or whose data it lies in; "" where that is not known."""
        try:
            return str(self._program.symbol(address).name)
        except LookupError:
            pass
        functions = self._kernel.symbols.functions
        module = functions.module_at(address) if functions else None
        return f"data of module {module.name}" if module else ""


def _primitive(stack: Stack) -> tuple[str, str] | None:
    """The outermost primitive of those that the task sleeps in, below which its own code begins; and its kind."""
    found = None
    for frame in stack.frames[:_FRAMES]:
        name = frame.function.partition(".")[0]
        kind = next((kind for pattern, kind in _PRIMITIVES if pattern.fullmatch(name)), None)
        if kind and (found is None or found[1] in (kind, "io")):
            found = (frame.function, kind)
    return found
