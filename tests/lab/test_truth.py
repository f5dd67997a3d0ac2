"""What is known of a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab import truth
from kdive.lab.truth import Truth

TRUTH = Truth(
    "null-deref", "zoo_timer_leaf", "crashzoo", "6.1.0-99-test", "x86_64", "null-deref-timer", 2, 0, "swapper/1", 1
)


def test_the_last_that_said_so_did_it() -> None:
    console = (
        "[    4.2] crashzoo: here pid=107 cpu=1 comm=insmod\r\n"
        "[    4.3] crashzoo: here pid=0 cpu=1 comm=swapper/1\r\n"
        "[    4.4] BUG: kernel NULL pointer dereference\r\n"
    )
    assert truth.who(console) == (0, "swapper/1", 1)
    assert truth.who("nothing of the kind") == (None, None, None)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    truth.write(TRUTH, tmp_path)
    assert truth.read(tmp_path) == TRUTH
    assert '"class": "null-deref"' in (tmp_path / "truth.json").read_text()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "other/1"}', '{"schema": "kdive-lab-truth/1", "x": 1}'])
def test_any_other_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(text)
    with pytest.raises(KdiveError, match="not the truth of a crash"):
        truth.read(tmp_path)
