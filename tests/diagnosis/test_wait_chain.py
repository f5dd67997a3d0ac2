"""Who is to blame for an endless wait, by the wait graph."""

from __future__ import annotations

from kdive.facts.machine import Task, Tasks
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import CERTAIN, Finding
from kdive.facts.waits import Wait, Waits
from kdive.units import Address
from tests.diagnosis.reports import culprit, verdict_of
from tests.diagnosis.rules.test_hung_task import END, HUNG

TASKS = {77: "frobtest", 78: "frobd", 79: "kfrob"}
LOCK, OTHER = Address(0xFFFF888001000000), Address(0xFFFF888002000000)


def verdict(*waits: Wait, stacks: tuple[Stack, ...] = ()) -> Finding:
    tasks = Tasks(
        tuple(Task(pid, pid, 1, comm, "UN", 0, Address(pid << 12), False, False) for pid, comm in TASKS.items())
    )
    return verdict_of([*HUNG, END], waits=Waits(waits), stacks=Stacks(stacks), tasks=tasks)


def stack(pid: int, *functions: str) -> Stack:
    frames = [Frame(name.partition(" ")[0], module=name.partition(" ")[2]) for name in functions]
    return Stack(tuple(frames), pid=pid, comm=TASKS[pid], state="IN")


def test_tasks_that_wait_for_each_other_are_a_deadlock() -> None:
    found = verdict(
        Wait(77, "mutex", "__mutex_lock", LOCK, "frob_lock", owner=78),
        Wait(78, "mutex", "__mutex_lock", OTHER, "disk_lock", owner=77),
    )
    assert found.title.startswith("deadlock")
    assert culprit(found) == ("hung-task", "frob_open", "frob")
    assert found.confidence == CERTAIN
    assert "`frobd` (PID 78) waits for mutex disk_lock, which `frobtest` (PID 77) holds." in found.explanation
    assert ("task:77", "frobtest (PID 77) waits for mutex frob_lock, which frobd (PID 78) holds") in [
        (piece.source, piece.value) for piece in found.evidence
    ]


def test_who_sleeps_with_the_lock_is_to_blame_however_long_the_chain() -> None:
    found = verdict(
        Wait(77, "mutex", "__mutex_lock", LOCK, "frob_lock", owner=78),
        Wait(78, "rw_semaphore", "rwsem_down_write_slowpath", OTHER, owner=79, by_reader=True),
        stacks=(stack(79, "__schedule", "schedule", "schedule_timeout", "msleep", "frob_poll frob", "kthread"),),
    )
    assert culprit(found) == ("hung-task", "frob_poll", "frob")
    assert found.confidence == CERTAIN
    assert f"the read-write semaphore at {OTHER:#x}, which `kfrob` (PID 79) reads under" in found.explanation
    assert found.evidence[-1].source == "stack:79#4"


def test_an_owner_whose_stack_says_nothing_leaves_the_victims_function() -> None:
    found = verdict(Wait(77, "mutex", "__mutex_lock", LOCK, "frob_lock", owner=79))
    assert culprit(found) == ("hung-task", "frob_open", "frob")
    assert any("`kfrob` (PID 79)" in step for step in found.next_steps)


def test_a_dead_owner_is_said_to_be_dead() -> None:
    found = verdict(Wait(77, "mutex", "__mutex_lock", LOCK, "frob_lock", owner_gone=True))
    assert any("a task that has ended" in doubt for doubt in found.doubts)
    assert found.confidence != CERTAIN


def test_a_wait_without_an_owner_is_named_and_doubted() -> None:
    found = verdict(Wait(77, "completion", "wait_for_completion", LOCK, "frob_done"))
    assert "waits for completion frob_done." in found.explanation
    assert any("who should end this wait" in doubt for doubt in found.doubts)


def test_a_wait_for_itself_is_a_deadlock_too() -> None:
    found = verdict(Wait(77, "mutex", "__mutex_lock", LOCK, "frob_lock", owner=77))
    assert found.title.startswith("deadlock")
    assert "waits for a lock that it holds itself" in found.explanation


def test_nobody_is_to_blame_for_waiting_for_a_device() -> None:
    found = verdict(Wait(77, "io", "io_schedule"))
    assert culprit(found) == ("hung-task", None, None)
    assert "did not answer" in found.explanation
