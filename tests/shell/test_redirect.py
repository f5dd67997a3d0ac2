"""Where the output of a command line goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.shell.redirect import Line, read_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("log", Line("log")),
        ("log | grep -i oops | head", Line("log", pipe="grep -i oops | head")),
        ("log|wc -l", Line("log", pipe="wc -l")),
        ("log > /tmp/a", Line("log", file="/tmp/a")),
        ("log >> a", Line("log", file="a", append=True)),
        ("p task->pid", Line("p task->pid")),
        ("p 'a | b > c'", Line("p 'a | b > c'")),
        ("", Line("")),
    ],
)
def test_what_follows_is_read_as_a_shell_would(text: str, line: Line) -> None:
    assert read_line(text) == line


@pytest.mark.parametrize("text", ["log |", "log >", "log >> "])
def test_nothing_to_write_to_is_an_error(text: str) -> None:
    with pytest.raises(KdiveError, match="nothing follows"):
        read_line(text)


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(text: str) -> None:
    try:
        line = read_line(text)
    except KdiveError:
        return
    assert not (line.pipe and line.file)
