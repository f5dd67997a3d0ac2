"""Two threads that report at once, in logs with and without the column of callers."""

from __future__ import annotations

from pathlib import Path

from kdive.facts.log import LogEvent
from kdive.log.chain import panic_chain
from kdive.log.events import find_events
from kdive.log.from_text import read_text_log
from kdive.log.render import lines

LOG = (Path(__file__).parent.parent / "data" / "logs" / "interleaved-callers.log").read_text()


def functions(event: LogEvent) -> list[str]:
    return [frame.function for frame in (event.ip, *event.frames) if frame is not None]


def test_callers_tell_two_reports_apart() -> None:
    oops, warning, _panic = find_events(read_text_log(LOG.encode()))
    assert (oops.kind, oops.cpu, oops.pid, oops.comm) == ("null-deref", 1, 500, "victim")
    assert functions(oops) == ["victim_leaf", "victim_mid", "victim_top"]
    assert oops.registers["rbx"] == 0x1111111111111111
    assert (warning.kind, warning.cpu, warning.pid, warning.comm) == ("warning", 2, 700, "warner")
    assert functions(warning) == ["other_fn", "other_mid", "other_top"]


def test_events_keep_the_numbers_of_the_logs_own_lines() -> None:
    log = read_text_log(LOG.encode())
    for event in find_events(log):
        assert lines(log)[event.line] == event.headline
        assert event.line < event.end_line <= len(log.records)


def test_oops_is_the_fault_though_a_warning_cut_it_in_two() -> None:
    chain = panic_chain(read_text_log(LOG.encode()))
    assert chain.first_fault is not None and chain.first_fault.kind == "null-deref"
    assert chain.panic is not None and chain.panic.details["reason"] == "Fatal exception"


def test_report_that_had_ended_is_not_mixed_into_the_next_one() -> None:
    warning = [row for row in LOG.splitlines() if "T700]" in row and "cut here" not in row]
    oops = [row for row in LOG.splitlines() if "T500]" in row]
    after = "[   50.002000][  T700]  unrelated+0x1/0x2 [other]"
    first, second, _panic = find_events(read_text_log("\n".join([*warning, *oops[:-1], after, oops[-1]]).encode()))
    assert functions(first) == ["other_fn", "other_mid", "other_top"]
    assert functions(second)[:3] == ["victim_leaf", "victim_mid", "victim_top"]
