"""How a task that waits for a lock is queued, and how the lock names its owner."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.compat.variables import Layout


@dataclass(frozen=True)
class Queue:
    """A waiter lies on the sleeping task's own stack; its `link` is in the list whose head is the lock's `head`."""

    waiter: str  # type
    task: str  # members of the waiter
    link: str
    lock: str  # type
    head: str  # member of the lock


@dataclass(frozen=True)
class Owner:
    """The `member` of the lock holds the owner's address, and `flags`, bits that are no address."""

    lock: str  # type
    member: str
    flags: int
    reader: int = 0  # the bit among them that says that a reader holds it


def queue(kind: str, layout: Layout) -> Queue | None:
    """The queue of a lock of that kind ("mutex" …); None where this kernel keeps it in another way."""
    found = _QUEUES.get(kind)
    if found is None:
        return None
    known = layout.has_member(found.waiter, found.link) and layout.has_member(found.lock, found.head.split(".")[0])
    return found if known else None


def owner(kind: str, layout: Layout) -> Owner | None:
    """Where a lock of that kind names its owner; None where it does not."""
    found = _OWNERS.get(kind)
    return found if found and layout.has_member(found.lock, found.member) else None


def blocker_kinds(layout: Layout) -> tuple[str, ...]:
    """What the two lowest bits of task_struct.blocker stand for; the rest is the lock's address. Empty without it."""
    # e711faaafbe5 "hung_task: replace blocker_mutex with encoded blocker", v6.16
    if layout.has_member("struct task_struct", "blocker"):
        return ("mutex", "semaphore", "rw_semaphore", "rw_semaphore")
    return ()


# Kernels of 7.x have a pointer to the first waiter of a mutex or read-write semaphore instead of a list with a head;
# they name the blocker in the task.
_QUEUES = {
    "mutex": Queue("struct mutex_waiter", "task", "list", "struct mutex", "wait_list"),
    "rw_semaphore": Queue("struct rwsem_waiter", "task", "list", "struct rw_semaphore", "wait_list"),
    "semaphore": Queue("struct semaphore_waiter", "task", "list", "struct semaphore", "wait_list"),
    # a5c6234e1028 "completion: Use simple wait queues", v5.7
    "completion": Queue("struct swait_queue", "task", "task_list", "struct completion", "wait.task_list"),
}
_OWNERS = {
    # 3ca0ff571b09 "locking/mutex: Rework mutex::owner", v4.10: flags in the low bits; before, a plain pointer
    "mutex": Owner("struct mutex", "owner", 0x7),
    # 94a9717b3c40 "locking/rwsem: Make rwsem->owner an atomic_long_t", v5.3; RWSEM_READER_OWNED is bit 0
    "rw_semaphore": Owner("struct rw_semaphore", "owner", 0x7, reader=0x1),
}
