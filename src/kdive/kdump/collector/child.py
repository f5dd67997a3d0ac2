"""Work that may hang, die or eat all memory: it is done in a child, and the capture goes on without it.

A process that waits for a dead disk or server cannot even be killed: then nobody waits for it either.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdive.errors import KdiveError

Send = Callable[[dict[str, Any]], None]
_TICK_S = 1.0
_DYING_S = 2.0
_LINE_LIMIT = 1 << 20
_FAILED = 1


@dataclass(frozen=True)
class Limits:
    """How long it may take, and how long it may show no progress."""

    deadline_s: float
    stall_s: float
    closing_s: float  # once it was asked to end: it closes the dump


@dataclass(frozen=True)
class Ended:
    """What the child said, the newest value of each name, and why it ended before its time."""

    said: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    not_made: bool = False  # it broke down, or was killed by the kernel, out of memory: something simpler may work


class Stopping:
    """Whether the child was asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        self.asked = True


def in_child(
    work: Callable[[Send, Stopping], None],
    limits: Limits,
    tick: Callable[[bool], None],
    stop: Stopping,
) -> Ended:
    """Runs `work` in a child; `tick` is called each second with whether there was progress of late."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _be_child(work, writer)
    os.close(writer)
    try:
        return _watch(pid, reader, limits, tick, stop)
    finally:
        os.close(reader)


def _be_child(work: Callable[[Send, Stopping], None], writer: int) -> None:
    """Never returns."""
    code = _FAILED
    try:
        _end_with_parent()
        os.setsid()
        stopping = Stopping()
        signal.signal(signal.SIGTERM, stopping.ask)
        with suppress(OSError):  # when memory runs out, this process is the one to go
            Path("/proc/self/oom_score_adj").write_text("500")

        def send(said: dict[str, Any]) -> None:
            data = json.dumps(said).encode() + b"\n"
            while data:
                data = data[os.write(writer, data) :]

        try:
            work(send, stopping)
            code = 0
        except (KdiveError, OSError) as error:
            send({"problem": str(error)})
        except MemoryError:
            send({"problem": "there is too little memory", "not_made": True})
        except Exception as error:
            traceback.print_exc()
            send({"problem": f"a bug in kdive: {error!r}", "not_made": True})
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Two collectors at one target would be one too many: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(ctypes.c_int(1), ctypes.c_ulong(signal.SIGKILL))


def _watch(pid: int, reader: int, limits: Limits, tick: Callable[[bool], None], stop: Stopping) -> Ended:
    said: dict[str, Any] = {}
    begun = last = time.monotonic()
    asked_at, why, rest = 0.0, "", b""
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    while True:
        if poll.poll(_TICK_S * 1000):
            data = os.read(reader, 1 << 16)
            if not data:
                break
            *lines, rest = (rest + data)[-_LINE_LIMIT:].split(b"\n")
            for line in lines:
                with suppress(ValueError):
                    said.update(json.loads(line))
            last = time.monotonic()
        now = time.monotonic()
        tick(now - last < limits.stall_s)
        if not why:
            why = _why_end(now - begun, now - last, limits, stop)
            if why:
                asked_at = now
                with suppress(OSError):
                    os.kill(pid, signal.SIGTERM)  # the child alone: what it writes to is still wanted
        elif now - asked_at > limits.closing_s:
            break
    return _ended(pid, said, why)


def _why_end(running_s: float, silent_s: float, limits: Limits, stop: Stopping) -> str:
    if stop.asked:
        return "the capture was told to stop"
    if running_s > limits.deadline_s:
        return f"it took longer than the {limits.deadline_s:.0f} s that it may take"
    if silent_s > limits.stall_s:
        return f"nothing was taken for {limits.stall_s:.0f} s"
    return ""


def _ended(pid: int, said: dict[str, Any], why: str) -> Ended:
    status = _wait(pid, _DYING_S)
    if status is None:
        _kill_all(pid)
        _wait(pid, _DYING_S)
        return Ended(said, why or "it did not end")
    _kill_all(pid)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL and not why:
        return Ended(said, "it was killed: there is too little memory", not_made=True)
    problem = str(said.get("problem", "")) or (f"it ended with {code}" if code else "")
    return Ended(said, why or problem, not_made=bool(said.get("not_made")))


def _wait(pid: int, seconds: float) -> int | None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with suppress(ChildProcessError):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return status
        time.sleep(0.02)
    return None


def _kill_all(pid: int) -> None:
    """The child and the programs that it started."""
    for kill in (os.killpg, os.kill):
        with suppress(OSError):
            kill(pid, signal.SIGKILL)
