"""Which frames of a report are believed."""

from __future__ import annotations

from pathlib import Path

from kdive.diagnosis.engine import diagnose
from kdive.diagnosis.findings import frames_of
from kdive.facts.log import LogEvent
from kdive.facts.stacks import Frame
from kdive.pipeline.from_log import facts_of_log

LOGS = Path(__file__).parent.parent / "data" / "logs"


def event(ip: Frame, *frames: Frame, access: str = "") -> LogEvent:
    return LogEvent("page-fault", 0, 1, "BUG: unable to handle page fault", access=access, ip=ip, frames=frames)


def guess(function: str) -> Frame:
    return Frame(function, reliable=False)


def test_data_that_was_jumped_to_is_not_guilty_for_having_a_name() -> None:
    path = LOGS / "nx-smep-cfi-named.log"
    diagnosis = diagnose(facts_of_log(path, path.read_bytes()))
    assert diagnosis.verdict is not None
    assert (diagnosis.verdict.function, diagnosis.verdict.module) == ("zoo_exec_nx_leaf", "crashzoo")
    assert diagnosis.signature.text == "kd1 nx-smep-cfi:zoo_exec_nx_leaf:crashzoo"


def test_the_caller_of_what_is_no_code_is_sure_behind_the_kernel_s_own_handlers() -> None:
    handlers = (guess("__die_body"), guess("page_fault_oops"), guess("exc_page_fault"), guess("table"))
    frames = frames_of(event(Frame("table"), *handlers, guess("caller"), guess("other"), access="fetch"))
    assert [frame.function for frame in frames if frame.reliable] == ["", "caller"]


def test_a_function_that_reads_a_bad_address_stays_and_guesses_stay_guesses() -> None:
    frames = frames_of(event(guess("reader"), guess("caller"), access="read"))
    assert [(frame.function, frame.reliable) for frame in frames] == [("reader", True), ("caller", False)]


def test_a_jump_without_a_caller_names_nobody() -> None:
    assert [frame.function for frame in frames_of(event(Frame("table"), access="fetch"))] == [""]
