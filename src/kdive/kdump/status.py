"""Whether this machine is ready to capture a crash, on one screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kdive.errors import KdiveError
from kdive.facts.codec import to_json
from kdive.facts.missing import Missing
from kdive.kdump import places
from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, RawTarget, SshTarget
from kdive.kdump.crash_test import CrashTest, read_test
from kdive.kdump.doctor.examine import Checked, examine
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import image_file, record, remembered
from kdive.kdump.doctor.settings import landing, space
from kdive.kdump.dumps import StoredDump, dumps_in
from kdive.kexec.state import read_state
from kdive.units import ByteCount, UnixSeconds

SCHEMA = "kdive-status/1"
# Those that read little: `kdive doctor` looks at everything.
_CHECKS = (
    "kernel-config", "memory-reserved", "config-file", "capture-image", "image-loaded", "capture-cmdline", "services",
    "target-local", "target-space", "target-encrypted", "dump-folder", "panic-triggers", "last-test", "last-crash",
)  # fmt: skip


@dataclass(frozen=True)
class Status:
    """The machine."""

    ready: bool
    wrong: tuple[Checked, ...]  # the worst first
    reserved: ByteCount | Missing
    loaded: bool | Missing
    kernel: str | Missing  # that is loaded
    image: str | Missing
    image_built: UnixSeconds | Missing
    target: str
    free: ByteCount | Missing  # on the target
    last_test: CrashTest | Missing
    last_dump: StoredDump | Missing
    dumps: int


def read_status(host: Host) -> Status:
    """The status of `host`, which may be a saved tree."""
    checked = [one for one in examine(host, _CHECKS) if one.result in ("fail", "warn")]
    wrong = tuple(sorted(checked, key=lambda one: one.result != "fail"))
    state, loaded, built = read_state(host.root), remembered(host), record(host)
    config, dumps = _config(host), _dumps(host)
    where = landing(host) if isinstance(config, KdumpConfig) else config
    free = where if isinstance(where, Missing) else space(host, where)
    return Status(
        ready=state.crash_loaded is True and all(one.result != "fail" for one in wrong),
        wrong=wrong,
        reserved=state.crash_size,
        loaded=state.crash_loaded,
        kernel=loaded if isinstance(loaded, Missing) else loaded.kernel.path,
        image=image_file(host),
        image_built=built if isinstance(built, Missing) else built.built_at,
        target=config.reason if isinstance(config, Missing) else target_words(config),
        free=free if isinstance(free, Missing) else ByteCount(free.free),
        last_test=read_test(host.root),
        last_dump=dumps if isinstance(dumps, Missing) else next(iter(dumps), Missing("there is none")),
        dumps=0 if isinstance(dumps, Missing) else len(dumps),
    )


def target_words(config: KdumpConfig) -> str:
    """Where dumps go, in words."""
    target = config.target
    match target:
        case LocalTarget():
            return f"{config.path} on {target.device}" if target.device else config.path
        case SshTarget():
            return f"{config.path} at {target.login}, by ssh"
        case NfsTarget():
            return f"{config.path} on {target.export}, by NFS"
        case RawTarget():
            return f"the partition {target.device}, raw"
        case HttpTarget():
            return f"{target.url}, by HTTP"


def as_json(status: Status) -> str:
    """Everything, for programs."""
    return json.dumps({"schema": SCHEMA, **to_json(status)}, indent=2)


def as_text(status: Status) -> str:
    """One screen: what is wrong first."""
    lines = ["ready: a crash of this machine is captured" if status.ready else "NOT READY: a crash would be lost"]
    for one in status.wrong:
        lines.append(f"  {one.result}  {one.id}: {' '.join(one.reason.splitlines())}")
        lines += [f"        {one.fix}"] if one.fix else []
    test, dump = status.last_test, status.last_dump
    rows = {
        "reserved": _or(status.reserved, lambda size: f"{size >> 20} MB"),
        "loaded": _loaded(status),
        "image": _or(status.image, lambda name: f"/{name}") + _or(status.image_built, lambda at: f", {_day(at)}", ""),
        "target": status.target + _or(status.free, lambda free: f", {free >> 20} MB free", ""),
        "last test": _or(test, lambda one: f"{one.state}, {_day(one.started)}, {one.kernel}"),
        "last dump": _or(dump, _dump),
    }
    return "\n".join([*lines, *(f"{name:10} {' '.join(value.splitlines())}" for name, value in rows.items())])


def _loaded(status: Status) -> str:
    if isinstance(status.loaded, Missing):
        return f"not known: {status.loaded.reason}"
    if not status.loaded:
        return "nothing"
    return _or(status.kernel, str, "a kernel, by another tool or before this boot's record")


def _dump(dump: StoredDump) -> str:
    notes = [*([] if dump.complete else [dump.problem]), *(["a test"] if dump.test_id else [])]
    notes.append("report.txt beside it" if dump.reported else "not reported on")
    return f"{_day(dump.time)}, {dump.folder} ({'; '.join(notes)})"


def _or(value: object, words: Callable[[Any], str], missing: str | None = None) -> str:
    """`value` in words; a Missing as `missing`, or as its reason."""
    if isinstance(value, Missing):
        return value.reason if missing is None else missing
    return words(value)


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds since 1970"


def _config(host: Host) -> KdumpConfig | Missing:
    try:
        return places.configured(host.root)
    except KdiveError as error:
        return Missing(error.message)


def _dumps(host: Host) -> tuple[StoredDump, ...] | Missing:
    try:
        return dumps_in(places.dump_folders(places.configured(host.root), host.root))
    except KdiveError as error:
        return Missing(error.message)
