"""A stage in a child process: C libraries may crash, hang or eat memory there, and it costs the stage alone.

The child is forked, so it starts with everything that was already read, and sends each value as soon as it has it:
what was sent before it died is kept.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import struct
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from kdive.errors import KdiveError

_HEADER = struct.Struct("<I")  # bytes of the pickled message that follows
_ERROR = "error"
_BUG = "bug"
_VALUE = "value"
_PATIENCE = "patience"


@dataclass(frozen=True)
class Limits:
    """`memory_bytes` of private data, and `silence_s` seconds without a new value before the child is stopped."""

    memory_bytes: int
    silence_s: float


class Stage:
    """What the work in a child has of its parent."""

    def __init__(self, sender: int) -> None:
        self._sender = sender

    def emit(self, name: str, value: object) -> None:
        """Sends a picklable value: from now on it is safe, whatever happens to the child."""
        _send(self._sender, (_VALUE, name, value))

    def allow(self, limits: Limits) -> None:
        """Asks for other limits: what comes now is known to take more."""
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, hard))
        _send(self._sender, (_PATIENCE, "", limits.silence_s))


@dataclass(frozen=True)
class Outcome:
    """The values that arrived, by name, and why there are no more ("" when the child ended by itself)."""

    values: dict[str, Any] = field(default_factory=dict)
    failure: str = ""


class StageBug(RuntimeError):
    """A programming error in the child, with its traceback as text."""


class Child:
    """A stage that runs beside us; `work` emits all it finds."""

    def __init__(self, work: Callable[[Stage], None], limits: Limits) -> None:
        self._limits = limits
        self._receiver, sender = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._receiver)
            _child(work, sender, limits)
        os.close(sender)

    def result(self) -> Outcome:
        """Waits for the end of the child, and gives what it sent.

        Raises the KdiveError that `work` raised, or StageBug for any other exception in it.
        """
        values: dict[str, Any] = {}
        silent = False
        try:
            for kind, name, value in _messages(self._receiver, self._limits.silence_s):
                if kind == _VALUE:
                    values[name] = value
                elif kind == _ERROR:
                    raise value
                else:
                    raise StageBug(value)
        except TimeoutError:
            silent = True
        finally:
            status = self.stop()
        if silent:
            return Outcome(values, "it gave no result for too long and was stopped")
        return Outcome(values, _death(status))

    def stop(self) -> int:
        """Ends the child where it still runs; its wait status, 0 when it was ended here. May be called again."""
        if self._pid == 0:
            return 0
        os.close(self._receiver)
        pid, self._pid = self._pid, 0
        return _stop(pid)


def _child(work: Callable[[Stage], None], sender: int, limits: Limits) -> NoReturn:
    """The whole life of the child; it never returns into the parent's code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = 0
    try:
        stage = Stage(sender)
        stage.allow(limits)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work(stage)
    except KdiveError as error:
        _send(sender, (_ERROR, "", error))
    except MemoryError:
        code = _OUT_OF_MEMORY
    except BrokenPipeError:
        code = 1
    except BaseException:
        _send(sender, (_BUG, "", traceback.format_exc()))
    os._exit(code)


_OUT_OF_MEMORY = 12


def _send(sender: int, message: tuple[str, str, object]) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    view = memoryview(_HEADER.pack(len(data)) + data)
    while view:
        view = view[os.write(sender, view) :]


def _messages(receiver: int, silence_s: float) -> Iterator[tuple[str, str, Any]]:
    """The child's messages until it closes its end. Raises TimeoutError after `silence_s` without a whole one."""
    pending = bytearray()
    deadline = time.monotonic() + silence_s
    while True:
        ready, _, _ = select.select([receiver], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        data = os.read(receiver, 1 << 20)
        if not data:
            return
        pending += data
        while len(pending) >= _HEADER.size:
            (size,) = _HEADER.unpack_from(pending)
            end = _HEADER.size + size
            if len(pending) < end:
                break
            message = pickle.loads(pending[_HEADER.size : end])
            del pending[:end]
            if message[0] == _PATIENCE:
                silence_s = message[2]
            else:
                yield message
            deadline = time.monotonic() + silence_s


def _stop(pid: int) -> int:
    """Ends the child if it still runs; its wait status (0 when it was ended here)."""
    waited, status = os.waitpid(pid, os.WNOHANG)
    if waited == 0:
        # Its pipe is closed: either it is about to exit, or it hangs. A moment tells.
        for _ in range(20):
            time.sleep(0.005)
            waited, status = os.waitpid(pid, os.WNOHANG)
            if waited:
                return status
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return 0
    return status


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it died of {signal.Signals(os.WTERMSIG(status)).name}"
    if os.WEXITSTATUS(status) == _OUT_OF_MEMORY:
        return "it needed more memory than it may have"
    return ""
