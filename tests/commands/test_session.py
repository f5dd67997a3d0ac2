"""`kdive crash` as a program: files in any order, command files, pipes."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

BUG = "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"


def crash(*arguments: str, typed: str = "", name: str = "kdive") -> subprocess.CompletedProcess[str]:
    first = [sys.executable, "-m", "kdive", "crash"]
    return subprocess.run([*first, *arguments], input=typed, capture_output=True, text=True, timeout=120)


def test_the_vmlinux_may_stand_on_either_side(sample_vmcore: Path, sample_vmlinux: Path) -> None:
    for files in ((sample_vmlinux, sample_vmcore), (sample_vmcore, sample_vmlinux)):
        shown = crash(*map(str, files), typed="q\n").stdout
        assert f"KERNEL: {sample_vmlinux}" in shown
        assert f'PANIC: "{BUG}"' in shown


def test_commands_of_a_file_come_first_and_pipes_filter(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "commands").write_text(f"log | grep -c BUG\nlog > {tmp_path}/log\n")
    done = crash("-s", "-i", str(tmp_path / "commands"), str(sample_vmcore), typed="log | head -n 1\n")
    assert done.returncode == 0
    count, first = done.stdout.splitlines()
    assert int(count) >= 1
    assert "Linux version 5.10.0-32-cloud-amd64" in first
    assert BUG in (tmp_path / "log").read_text()


def test_a_file_of_another_kind_is_named(sample_vmcore: Path, sample_console: Path) -> None:
    done = crash(str(sample_vmcore), str(sample_vmcore))
    assert done.returncode == 2
    assert "one dump and at most one vmlinux" in done.stderr
    done = crash(str(sample_console), str(sample_vmcore))
    assert done.returncode == 2
    assert "not a vmlinux" in done.stderr


def test_ctrl_c_ends_the_command_and_not_the_prompt(sample_vmcore: Path) -> None:
    main, other = pty.openpty()
    argv = [sys.executable, "-m", "kdive", "crash", "-s", str(sample_vmcore)]
    with subprocess.Popen(argv, stdin=other, stdout=other, stderr=other, start_new_session=True) as program:
        os.close(other)
        assert "crash> " in _read_until(main, "crash> ")
        os.write(main, b"log | sleep 60\n")
        time.sleep(1)
        os.killpg(program.pid, signal.SIGINT)
        assert "crash> " in _read_until(main, "crash> ")
        os.write(main, b"log | grep -c BUG\nq\n")
        assert program.wait(timeout=30) == 0
    os.close(main)


def _read_until(terminal: int, text: str) -> str:
    seen = ""
    ends = time.monotonic() + 60
    while text not in seen and time.monotonic() < ends:
        seen += os.read(terminal, 4096).decode()
    return seen
