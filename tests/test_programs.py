"""No program that the lab starts outlives it; what a killed run leaves is removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab.workdir import workdir


def test_the_output_comes_back() -> None:
    assert programs.run(["sh", "-c", "echo said; echo complained >&2"]) == "said\n"


def test_a_failure_carries_what_the_program_said() -> None:
    with pytest.raises(KdiveError, match=r"sh failed with exit code 3: too bad"):
        programs.run(["sh", "-c", "echo too bad >&2; exit 3"])


def test_a_program_that_never_ends_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(KdiveError, match="sleep did not end within"):
        programs.run(["sleep", "60"], timeout_s=0.2)
    assert time.monotonic() - started < 30


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(KdiveError) as error:
        programs.run(["no-such-program-here"])
    assert "no-such-program-here is not installed" in error.value.message
    assert error.value.hint.startswith("apt-get install")


def gone(pid: int) -> bool:
    """Whether the process has ended, within ten seconds; one that nobody waited for has ended too."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def at_work(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A program that works in a workdir beside `folder`, and the PID of the child it has there."""
    program = f"""
        import sys, time
        from pathlib import Path
        from kdive import programs
        from kdive.lab.workdir import workdir
        with workdir(Path({str(folder)!r})) as work:
            (work / "vmcore").write_bytes(b"half")
            print(programs.start(["sleep", "300"], cwd=work).pid, flush=True)
            time.sleep(300)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killing_the_lab_ends_its_children(sent: signal.Signals, tmp_path: Path) -> None:
    process, pid = at_work(tmp_path / "out")
    os.kill(process.pid, sent)
    process.wait(20)
    assert gone(pid)


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path) -> None:
    killed, _ = at_work(tmp_path / "one")
    killed.kill()
    killed.wait()
    alive, pid = at_work(tmp_path / "two")
    left = {path.name for path in (tmp_path / ".kdive-lab").iterdir()}
    with workdir(tmp_path / "three") as work:
        now = {path.name for path in (tmp_path / ".kdive-lab").iterdir()}
        assert len(now - {work.name}) == 1
        assert now - {work.name} <= left
        assert not gone_at_once(pid)
    alive.kill()
    alive.wait()
    with workdir(tmp_path / "four"):
        pass
    assert not (tmp_path / ".kdive-lab").exists()


def gone_at_once(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_many_at_once_do_not_remove_each_others_folders(tmp_path: Path) -> None:
    def use(number: int) -> bool:
        with workdir(tmp_path / "out") as work:
            (work / "file").write_text(str(number))
            time.sleep(0.001)
            return (work / "file").read_text() == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))
    assert not (tmp_path / ".kdive-lab").exists()
