"""The core_collector line of the configuration: our engine where it says makedumpfile, else the program it names."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from kdive.engine.flattened_writer import FlattenedOutput
from kdive.engine.output import FileOutput, Output
from kdive.engine.writing import OutputFullError, Progress
from kdive.errors import KdiveError
from kdive.kdump.collector.child import Stopping

if TYPE_CHECKING:
    from kdive.engine.request import DumpRequest, Saved

Alive = Callable[[], None]
_HIGHEST_LEVEL = 31
_LOOK_S = 0.5
_COPY_BYTES = 1 << 20
_PAGE_BYTES = 4096
_DEFAULT = ("-z", "-d", "31")


@dataclass(frozen=True)
class Made:
    """What came of it; `facts` go into the manifest."""

    incomplete: str = ""
    full: bool = False  # because no more fitted
    facts: dict[str, Any] = field(default_factory=dict)


def uses_engine(line: str) -> bool:
    """Whether the line asks for makedumpfile, which kdive does itself."""
    words = _words(line)
    return not words or PurePath(words[0]).name == "makedumpfile"


def to_file(line: str, vmcore: Path, path: Path, room: int, control: Control) -> Made:
    """Makes the dump at `path`, at most `room` bytes of it; at the highest level where it fits at no lower one."""
    if control.way == Way.COPY:
        with _StoppableFile(path, control.stopping, room) as output:
            return copy_memory(vmcore, output, control)
    if not uses_engine(line):
        return _program([*_words(line), str(vmcore), str(path)], path, None, control)
    request = _request(line, vmcore, path)
    for level in request.levels:
        options = replace(request.options, limit_bytes=_least(request.options.limit_bytes, room))
        one = replace(request, levels=(level,), options=options)
        with _StoppableFile(path, control.stopping, options.limit_bytes) as output:
            saved = _save(one, output, control)
        if not saved.result.full or control.stopping.asked:
            break
    return _made(saved, control)


def to_stream(
    line: str, vmcore: Path, stream: BinaryIO, limit: int | None, control: Control, *, highest: bool = False
) -> Made:
    """Makes the dump as a flattened stream, at the highest level where that is asked for.

    What another program writes to its output goes as it comes.
    """
    if control.way == Way.COPY:
        with _StoppableStream(stream, control.stopping, limit) as output:
            return copy_memory(vmcore, output, control)
    if not uses_engine(line):
        return _program([*_words(line), str(vmcore)], None, stream, control)
    request = _request(line, vmcore, Path("-"))
    limit_bytes = _least(request.options.limit_bytes, limit)
    level = _HIGHEST_LEVEL if highest else request.levels[0]
    one = replace(request, levels=(level,), options=replace(request.options, limit_bytes=limit_bytes))
    return _made(_save(one, _StoppableStream(stream, control.stopping, limit_bytes), control), control)


class Way(IntEnum):
    """How the dump is made: where one breaks down, or takes more memory than there is, the next may do."""

    FILTER = 0
    PLAIN = 1  # by the standard library alone
    COPY = 2


@dataclass(frozen=True)
class Control:
    """Between the work and who watches it."""

    alive: Alive
    stopping: Stopping
    way: Way = Way.FILTER


def _request(line: str, vmcore: Path, path: Path) -> DumpRequest:
    """A line that cannot be followed must not cost the dump; but what it wants erased is not saved."""
    from kdive.engine.makedumpfile8 import Action, ParameterError, understand

    words = [word for word in _words(line)[1:] if word not in ("-F", "-f")]
    notes = [str(vmcore), str(path)]
    try:
        command = understand([*words, *notes])
    except ParameterError:
        command = understand([*_DEFAULT, *notes])
    if command.filter is not None:
        raise KdiveError("--config asks for data to be erased, which needs more than the capture kernel has")
    if command.action != Action.DUMP or command.request is None or len(command.request.outputs) != 1:
        command = understand([*_DEFAULT, *notes])
    assert command.request is not None
    levels = command.request.levels
    return replace(command.request, levels=levels if _HIGHEST_LEVEL in levels else (*levels, _HIGHEST_LEVEL))


def _save(request: DumpRequest, output: Output, control: Control) -> Saved:
    def report(progress: Progress) -> None:
        control.alive()

    if control.way == Way.PLAIN or importlib.util.find_spec("numpy") is None:
        from kdive.engine.save_plain import save_plain

        return save_plain(request, report, output)
    from kdive.engine.save import save

    return save(request, report, output)


def _made(saved: Saved, control: Control) -> Made:
    result = saved.result
    facts = {
        "level": saved.level,
        "pages": {
            "machine": result.pages,
            "of_kind": dict(result.pages_of_kind),
            "excluded": dict(result.excluded_of_kind),
            "zero": result.zero,
            "kept": result.kept,
            "lost": result.lost,
        },
        "warnings": list(saved.summary.warnings),
    }
    stopped = control.stopping.asked and bool(result.incomplete)
    return Made("the capture was told to stop" if stopped else result.incomplete, result.full and not stopped, facts)


def copy_memory(vmcore: Path, output: Output, control: Control) -> Made:
    """/proc/vmcore as it is. What cannot be read of it stays zeros."""
    offset, bad, incomplete, full = 0, 0, "", False
    with vmcore.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            while offset < size:
                wanted = min(_COPY_BYTES, size - offset)
                data, lost = _read(file.fileno(), offset, wanted)
                if not data:
                    incomplete = f"it ends at {offset} of {size} bytes"
                    break
                output.write(offset, data)
                offset, bad = offset + len(data), bad + lost
                control.alive()
            output.sync()
        except OutputFullError as error:
            incomplete, full = error.message, True
    output.finish()
    return Made(incomplete, full, {"program": ["copy"], "unreadable_bytes": bad})


def _read(fd: int, offset: int, size: int) -> tuple[bytes, int]:
    """The bytes, and how many of them could not be read."""
    try:
        return os.pread(fd, size, offset), 0
    except OSError:
        if size <= _PAGE_BYTES:
            return bytes(size), size
        parts = [
            _read(fd, at, min(_PAGE_BYTES, offset + size - at)) for at in range(offset, offset + size, _PAGE_BYTES)
        ]
        return b"".join(data for data, _ in parts), sum(lost for _, lost in parts)


def _program(argv: list[str], path: Path | None, stream: BinaryIO | None, control: Control) -> Made:
    """Another program: it is done when it ends with 0."""
    facts = {"program": argv}
    try:
        program = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if stream else None, umask=0o077
        )
    except OSError as error:
        return Made(f"{argv[0]} cannot be run: {error.strerror}", facts=facts)
    try:
        if stream is not None:
            _pump(program, stream, control)
        else:
            assert path is not None
            _follow(program, path, control)
    finally:
        if program.poll() is None:
            program.kill()
        code = program.wait()
    return Made(f"{argv[0]} ended with {code}" if code else "", facts=facts)


def _pump(program: subprocess.Popen[bytes], stream: BinaryIO, control: Control) -> None:
    assert program.stdout is not None
    while not control.stopping.asked and (data := program.stdout.read(_COPY_BYTES)):
        stream.write(data)
        control.alive()
    if not control.stopping.asked:
        program.wait()


def _follow(program: subprocess.Popen[bytes], path: Path, control: Control) -> None:
    size = -1
    while program.poll() is None and not control.stopping.asked:
        with suppress(OSError):
            if (now := path.stat().st_size) != size:
                size = now
                control.alive()
        time.sleep(_LOOK_S)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _least(first: int | None, second: int | None) -> int | None:
    known = [one for one in (first, second) if one is not None]
    return min(known) if known else None


class _StoppableFile(FileOutput):
    """Full once somebody asks to stop: so the dump is closed as one that opens."""

    def __init__(self, path: Path, stopping: Stopping, limit_bytes: int | None) -> None:
        super().__init__(path, overwrite=True, limit_bytes=limit_bytes)
        self._stopping = stopping

    def check_room(self, end: int) -> None:
        if self._stopping.asked and end > self.size:
            raise OutputFullError(f"{self.name}: the capture was told to stop")
        super().check_room(end)


class _StoppableStream(FlattenedOutput):
    """The same for a stream."""

    def __init__(self, stream: BinaryIO, stopping: Stopping, limit_bytes: int | None) -> None:
        super().__init__(stream, name="the target", limit_bytes=limit_bytes)
        self._stopping = stopping

    def check_room(self, end: int) -> None:
        if self._stopping.asked and end > self.size:
            raise OutputFullError(f"{self.name}: the capture was told to stop")
        super().check_room(end)
