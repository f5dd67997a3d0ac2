"""Which blocked task waits for what, and who holds it."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.units import Address

# Kinds that have an owner who must give them back.
OWNED = ("mutex", "rw_semaphore", "rt_mutex")


@dataclass(frozen=True)
class Wait:
    """What one task waits for, as far as its stack and the kernel's own queues tell."""

    pid: int  # who waits
    kind: str  # "mutex", "rw_semaphore", "rt_mutex", "semaphore", "completion", "page", "io", "work"
    function: str  # the primitive in which it sleeps
    lock: Address | None = None  # where the lock lies; None where it was not found
    name: str = ""  # of the variable, or of the module whose data it lies in
    owner: int | None = None  # PID of who holds it
    owner_gone: bool = False  # it is held by a task that has ended
    by_reader: bool = False  # the owner is one reader, perhaps of several


@dataclass(frozen=True)
class Chain:
    """Who waits for whom, from one task on. `cycle`: the last waits for one that comes before it."""

    waits: tuple[Wait, ...]
    cycle: bool = False

    @property
    def last(self) -> Wait:
        return self.waits[-1]


@dataclass(frozen=True)
class Waits:
    """A wait for each task in uninterruptible sleep whose stack says what it waits for."""

    waits: tuple[Wait, ...]

    def chain_from(self, pid: int) -> Chain | None:
        """The chain that begins with task `pid`; None when it waits for nothing that is known."""
        by_pid = {wait.pid: wait for wait in self.waits}
        passed: dict[int, Wait] = {}
        at: int | None = pid
        while at is not None and at in by_pid and at not in passed:
            passed[at] = by_pid[at]
            at = by_pid[at].owner
        return Chain(tuple(passed.values()), cycle=at in passed) if passed else None
