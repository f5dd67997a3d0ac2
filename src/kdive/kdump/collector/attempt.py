"""The capture at one target, in its order: the log first, then memory, then what there is to say about both."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from kdive.engine.writing import OutputError, OutputFullError
from kdive.errors import KdiveError
from kdive.kdump.capture_plan import CapturePlan, Place
from kdive.kdump.collector import core_collector
from kdive.kdump.collector.child import Send, Stopping
from kdive.kdump.collector.core_collector import Control, Made, Way
from kdive.kdump.collector.hooks import programs_in, run_hook
from kdive.kdump.collector.machine import Console, MemoryUse
from kdive.kdump.collector.manifest import Manifest
from kdive.kdump.collector.store import INCOMPLETE, LOG, VMCORE, Counted, FolderStore, Store, StreamStore, TargetError
from kdive.kdump.collector.targets.opening import open_store
from kdive.kdump.dumps import MANIFEST

OWN_LOG = "kexec-dmesg.log"
PRE_FOLDER = "etc/kdump/pre.d"
_OWN_LOG_BYTES = 4 << 20
_RECORD_BYTES = 8192
_READ_BYTES = 1 << 20
_SMALLEST = 1 << 20  # bytes of room below which no dump is begun


@dataclass(frozen=True)
class Task:
    """What is to be tried; `pre` is the exit code of kdump_pre where it has run already."""

    plan: CapturePlan
    place: Place
    name: str  # of the folder
    root: Path
    begun: float  # time.time()
    before: tuple[str, ...] = ()
    pre: int | None = None
    way: Way = Way.FILTER


def attempt(task: Task, memory: MemoryUse, send: Send, stopping: Stopping) -> None:
    """Saves all that can be saved at the target, and sends word of each step. Raises KdiveError, OSError."""
    console = Console(task.root)

    def alive() -> None:
        memory.sample()
        send({})

    flattened = task.way == Way.COPY or core_collector.uses_engine(task.plan.core_collector)
    with open_store(task.plan, task.place, task.name, task.root, flattened) as store:
        console.say(f"saving to {store.where}")
        send({"where": store.where, "folder": str(store.folder) if isinstance(store, FolderStore) else ""})
        manifest = Manifest(task.plan, store.where, int(task.begun), task.before)

        def write_manifest() -> None:
            used = {"total": memory.total, "lowest_available": memory.lowest, "peak_used": memory.peak}
            store.put(MANIFEST, manifest.text(used, time.time() - task.begun))

        _save_log(task, store, manifest, console, send)
        with suppress(KdiveError, OSError):
            write_manifest()
        manifest.reason = _pre(task, alive, send)
        if not manifest.reason:
            manifest.reason = _save_memory(task, store, manifest, Control(alive, stopping, task.way), send)
        with suppress(KdiveError, OSError):
            store.put(OWN_LOG, _own_log(task.root))
        write_manifest()
        send({"complete": not manifest.reason, "reason": manifest.reason})


def read_dump_log(vmcore: Path) -> bytes:
    """The log of the kernel that crashed, as text. Raises KdiveError where none can be had."""
    from kdive.dumpfile.open import open_dump
    from kdive.log.format import human
    from kdive.log.from_memory import read_log
    from kdive.memory.open import open_memory

    with open_dump(vmcore) as dump:
        log = read_log(open_memory(dump))
        return ("\n".join(human(log)) + "\n").encode("utf-8", "replace")


def _save_log(task: Task, store: Store, manifest: Manifest, console: Console, send: Send) -> None:
    try:
        log = read_dump_log(task.root / "proc/vmcore")
    except KdiveError as error:
        console.say(f"the log cannot be read: {error.message}")
        return
    store.put(LOG, log)
    manifest.files[LOG] = {"size": len(log), "sha256": hashlib.sha256(log).hexdigest()}
    console.say("the log is saved")
    send({"log": True})


def _pre(task: Task, alive: Callable[[], None], send: Send) -> str:
    """Why kdump_pre wants no dump; "" where it has nothing against one. It runs once, whatever targets are tried."""
    code = task.pre
    if code is None:
        code = 0
        if task.plan.kdump_pre:
            code = run_hook([task.plan.kdump_pre], task.plan.hook_deadline_s, alive, {})
        send({"pre": code})
        if not code:
            for program in programs_in(task.root / PRE_FOLDER):
                run_hook([program], task.plan.hook_deadline_s, alive, {})
    return f"kdump_pre ended with {code}: no memory is saved" if code else ""


def _save_memory(task: Task, store: Store, manifest: Manifest, control: Control, send: Send) -> str:
    """Why the dump is not complete, or "". Sends word where the target is not to blame: another way may do."""
    vmcore = task.root / "proc/vmcore"
    try:
        if isinstance(store, FolderStore):
            made = _to_folder(task, store, vmcore, manifest, control)
        else:
            made = _to_stream(task, cast(StreamStore, store), vmcore, manifest, control)
    except (OutputError, OutputFullError, TargetError, OSError) as error:
        return str(error)
    except KdiveError as error:
        send({"not_made": True})
        return error.message
    manifest.facts = made.facts
    return made.incomplete


def _to_folder(task: Task, store: FolderStore, vmcore: Path, manifest: Manifest, control: Control) -> Made:
    room = store.room()
    if room < _SMALLEST:
        return Made("there is no room for memory: the log is all that is saved")
    path = store.folder / INCOMPLETE
    made = core_collector.to_file(task.plan.core_collector, vmcore, path, room, control)
    if not path.exists():
        return made
    listed = _listed(path, control)
    if not made.incomplete:
        store.finish(INCOMPLETE, VMCORE)
    manifest.files[INCOMPLETE if made.incomplete else VMCORE] = listed
    return made


def _to_stream(task: Task, store: StreamStore, vmcore: Path, manifest: Manifest, control: Control) -> Made:
    line = task.plan.core_collector
    flattened = task.way == Way.COPY or core_collector.uses_engine(line)
    for highest in (False, True):
        with store.stream() as stream:
            counted = Counted(stream)
            made = core_collector.to_stream(
                line, vmcore, cast(BinaryIO, counted), store.limit, control, highest=highest
            )
        if not made.full:
            break
    listed = {"size": counted.size, "sha256": counted.sha256}
    name = INCOMPLETE if made.incomplete else store.finish_stream(flattened)
    manifest.files[name] = listed
    return made


def _listed(path: Path, control: Control) -> dict[str, Any]:
    """Size and checksum, of what the disk gives back."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
            os.posix_fadvise(file.fileno(), size, len(data), os.POSIX_FADV_DONTNEED)
            size += len(data)
            control.alive()
    return {"size": size, "sha256": digest.hexdigest()}


def _own_log(root: Path) -> bytes:
    """The log of the capture kernel: what it, and the collector, said until now."""
    lines: list[bytes] = []
    size = 0
    fd = os.open(root / "dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while size < _OWN_LOG_BYTES:
            try:
                record = os.read(fd, _RECORD_BYTES)
            except BrokenPipeError:  # records were overwritten before they were read
                continue
            except BlockingIOError:
                break
            if not record:
                break
            head, _, text = record.partition(b";")
            fields = head.split(b",")
            stamp = int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else 0
            lines.append(b"[%5d.%06d] %s" % (*divmod(stamp, 1_000_000), text.split(b"\n", 1)[0]))
            size += len(lines[-1])
    finally:
        os.close(fd)
    return b"\n".join([*lines, b""])
