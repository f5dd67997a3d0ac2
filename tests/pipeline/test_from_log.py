"""Facts from log files: long ones, and ones that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import DumpError
from kdive.facts.log import Log
from kdive.facts.missing import Missing
from kdive.log.from_text import KEPT_HEAD_BYTES, KEPT_TAIL_BYTES
from kdive.pipeline.from_log import facts_of_log_file

CRASH = b"[  99.000000] Kernel panic - not syncing: frob: the end\n"


def test_the_end_of_a_long_log_is_read_and_its_middle_named(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    filler = (b"[   1.000000] " + b"x" * 8000 + b"\n") * 1024
    with path.open("wb") as file:
        while file.tell() <= KEPT_HEAD_BYTES + KEPT_TAIL_BYTES:
            file.write(filler)
        file.write(CRASH)
    facts = facts_of_log_file(path)
    assert not isinstance(facts.panic_chain, Missing)
    assert facts.panic_chain.first_fault is not None
    assert facts.panic_chain.first_fault.kind == "panic-other"
    assert isinstance(facts.log, Log)
    left_out = path.stat().st_size - KEPT_HEAD_BYTES - KEPT_TAIL_BYTES
    assert any(f"{left_out} bytes in its middle were not read" in note for note in facts.log.notes)
    assert facts.container.size == path.stat().st_size


def test_a_file_that_cannot_be_read_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="No such file") as caught:
        facts_of_log_file(tmp_path / "missing.log")
    assert caught.value.hint
