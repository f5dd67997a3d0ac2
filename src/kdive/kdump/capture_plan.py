"""What the capture kernel is told: where the dump goes and how, with all names already resolved.

It lies in the capture image as /etc/kdive/capture.json: there is nobody in the capture kernel to ask.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.codec import from_json, to_json
from kdive.kexec.small_files import read_small

PLAN = Path("etc/kdive/capture.json")
SCHEMA = "kdive-plan/1"
KINDS = ("local", "ssh", "nfs", "raw", "http")
FAILURE_ACTIONS = ("reboot", "halt", "poweroff", "shell", "dump_to_rootfs")
FINAL_ACTIONS = ("reboot", "halt", "poweroff")
_LIMIT = 1 << 20  # bytes


@dataclass(frozen=True)
class Place:
    """A target as the capture kernel finds it. Which fields count is a matter of `kind`."""

    kind: str  # one of KINDS
    device: str = ""  # local, raw: "UUID=…", "LABEL=…" or a path; nfs: "host:/export"
    fstype: str = ""  # local, nfs
    options: str = ""  # of the mount, with commas
    folder: str = ""  # below the root of the file system, the folder at the other machine; unused by raw
    login: str = ""  # ssh: "user@host"
    port: int = 22  # ssh
    key: str = ""  # ssh: path of the private key in the image
    known_hosts: str = ""  # ssh: path in the image
    url: str = ""  # http


@dataclass(frozen=True)
class CapturePlan:
    """All that the collector has to know."""

    host: str  # the name of the machine
    kernel: str  # release of the kernel that is watched
    places: tuple[Place, ...]  # in the order in which they are tried; the root file system is the last
    address: str = "127.0.0.1"  # in the names of folders: of this machine, as the target sees it
    machine_id: str = ""
    test_id: str = ""  # of the `kdive test` that crashes the machine
    core_collector: str = "makedumpfile -z -d 31"
    kdump_pre: str = ""
    kdump_post: str = ""
    kdump_emergency: str = ""
    failure_action: str = "reboot"  # one of FAILURE_ACTIONS
    final_action: str = "reboot"  # one of FINAL_ACTIONS
    deadline_s: int = 3600  # for the whole capture
    hook_deadline_s: int = 60
    stall_s: int = 120  # a target that takes nothing for so long is dead
    reserve: int = 64 << 20  # bytes left free on a file system


def write_plan(plan: CapturePlan) -> str:
    """The text of the file in the image."""
    return json.dumps({"schema": SCHEMA, **to_json(plan)}, indent=1) + "\n"


def read_plan(path: Path) -> CapturePlan:
    """The plan in the file at `path`. Raises KdiveError where there is none that can be followed."""
    hint = "kdive setup --refresh builds the capture image anew"
    try:
        data = json.loads(read_small(path, _LIMIT))
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise KdiveError(f"{path}: not valid JSON ({error})", hint=hint) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise KdiveError(f"{path}: not a plan of the kind {SCHEMA}", hint=hint)
    try:
        plan = from_json(CapturePlan, data)
    except KdiveError as error:
        raise KdiveError(f"{path}: {error.message}", hint=hint) from error
    for what, value, known in (
        ("failure_action", plan.failure_action, FAILURE_ACTIONS),
        ("final_action", plan.final_action, FINAL_ACTIONS),
        *(("kind of target", place.kind, KINDS) for place in plan.places),
    ):
        if value not in known:
            raise KdiveError(f"{path}: {value[:40]!r} is no {what}", hint=hint)
    return plan
