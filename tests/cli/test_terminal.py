"""What only a terminal gets: colours, its width, and a line of progress."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kdive.cli.terminal import Terminal

SLOW = """
import time
from kdive.cli.terminal import Terminal
with Terminal().progress() as progress:
    progress("reading")
    time.sleep({})
"""


def on_terminal(*argv: str, **env: str) -> str:
    """What `argv` writes when standard output and standard error are a terminal."""
    master, slave = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    program = subprocess.Popen(argv, stdout=slave, stderr=slave, stdin=slave, env=plain | {"TERM": "xterm"} | env)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the terminal's way to say that nobody writes any more
            break
        if not part:
            break
        shown += part
    os.close(master)
    program.wait(30)
    return shown.decode().replace("\r\n", "\n")


def test_colours_are_for_terminals_only(sample_vmcore: Path) -> None:
    argv = [sys.executable, "-m", "kdive", "info", str(sample_vmcore)]
    assert "\x1b[1m" in on_terminal(*argv)
    assert "\x1b" not in on_terminal(*argv, NO_COLOR="1")
    assert "\x1b" not in on_terminal(*argv, TERM="dumb")
    assert b"\x1b" not in subprocess.run(argv, capture_output=True, check=True).stdout


def test_a_long_stage_is_shown_and_its_line_cleared() -> None:
    shown = on_terminal(sys.executable, "-c", SLOW.format(2.5))
    assert re.search(r"\r\x1b\[K[|/\\-] reading \(2 s\)", shown)
    assert shown.endswith("\r\x1b[K")


def test_a_short_stage_shows_nothing() -> None:
    assert on_terminal(sys.executable, "-c", SLOW.format(0.1)) == ""


def test_no_terminal_no_progress() -> None:
    done = subprocess.run([sys.executable, "-c", SLOW.format(2.5)], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(("columns", "width"), [("132", 132), ("10", 40), ("x", 80), ("0", 80)])
def test_the_width_is_that_of_columns_else_80(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Terminal().width == width


def test_a_locale_without_unicode_never_fails() -> None:
    program = "from kdive.cli.terminal import Terminal\nt = Terminal(); t.write('caf\\u00e9 \\u2026'); t.flush()"
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=env, check=True)
    assert done.stdout == b"caf\\xe9 \\u2026\n"
