"""A stage in a child: what it sent is kept, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from kdive.errors import MismatchError
from kdive.pipeline.isolation import Child, Limits, Stage, StageBug

ROOMY = Limits(memory_bytes=1 << 30, silence_s=20)


def test_values_of_a_child_that_ends_by_itself_all_arrive() -> None:
    def work(stage: Stage) -> None:
        stage.emit("small", 1)
        stage.emit("large", b"x" * (3 << 20))

    outcome = Child(work, ROOMY).result()
    assert outcome.values["small"] == 1
    assert len(outcome.values["large"]) == 3 << 20
    assert outcome.failure == ""


def test_a_child_that_crashes_costs_only_what_it_had_not_sent() -> None:
    def work(stage: Stage) -> None:
        stage.emit("before", "kept")
        os.kill(os.getpid(), signal.SIGKILL)
        stage.emit("after", "lost")

    outcome = Child(work, ROOMY).result()
    assert outcome.values == {"before": "kept"}
    assert outcome.failure == "it died of SIGKILL"


def test_a_child_that_hangs_is_stopped_after_its_silence() -> None:
    def work(stage: Stage) -> None:
        stage.emit("before", "kept")
        time.sleep(60)

    start = time.monotonic()
    outcome = Child(work, Limits(memory_bytes=1 << 30, silence_s=2)).result()
    assert outcome.values == {"before": "kept"}
    assert outcome.failure == "it gave no result for too long and was stopped"
    assert time.monotonic() - start < 10


def test_a_child_that_eats_memory_is_told_apart() -> None:
    def work(stage: Stage) -> None:
        stage.emit("before", "kept")
        stage.emit("size", len(bytearray(1 << 30)))

    outcome = Child(work, Limits(memory_bytes=256 << 20, silence_s=20)).result()
    assert outcome.values == {"before": "kept"}
    assert outcome.failure == "it needed more memory than it may have"


def test_an_error_for_the_user_keeps_its_type_and_hint() -> None:
    def work(stage: Stage) -> None:
        raise MismatchError("wrong vmlinux", hint="take the other one")

    with pytest.raises(MismatchError, match="wrong vmlinux") as caught:
        Child(work, ROOMY).result()
    assert caught.value.hint == "take the other one"


def test_a_bug_in_the_stage_is_raised_with_its_traceback() -> None:
    def work(stage: Stage) -> None:
        stage.emit("x", [][1])

    with pytest.raises(StageBug, match="IndexError"):
        Child(work, ROOMY).result()


def test_no_child_is_left_behind() -> None:
    Child(lambda stage: stage.emit("x", 1), ROOMY).result()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_that_is_no_longer_wanted_is_stopped_at_once() -> None:
    start = time.monotonic()
    Child(lambda stage: time.sleep(60), ROOMY).stop()
    assert time.monotonic() - start < 10
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_may_ask_for_more_time_and_memory() -> None:
    def work(stage: Stage) -> None:
        stage.allow(Limits(memory_bytes=8 << 30, silence_s=20))  # what the tests before this one left counts too
        time.sleep(2.5)
        stage.emit("size", len(bytearray(512 << 20)))

    outcome = Child(work, Limits(memory_bytes=256 << 20, silence_s=2)).result()
    assert outcome.values == {"size": 512 << 20}
    assert outcome.failure == ""
