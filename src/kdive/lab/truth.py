"""What is known of a crash that was made on purpose: to hold a report against."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kdive.errors import KdiveError
from kdive.lab.kind import MODULE

SCHEMA = "kdive-lab-truth/1"
FILE_NAME = "truth.json"
_HERE = re.compile(rf"{MODULE}: here pid=(\d+) cpu=(\d+) comm=(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Truth:
    """Class, function and module are named as in the report's verdict; who did it, the guest says on its console."""

    class_: str
    function: str | None
    module: str | None
    kernel: str  # as `uname -r` prints it
    arch: str
    kind: str
    cpus: int
    pid: int | None = None
    comm: str | None = None
    cpu: int | None = None
    captured_by: str = "kdump"  # or "qemu"


def who(console: str) -> tuple[int | None, str | None, int | None]:
    """PID, comm and CPU of the last that said it was about to crash the machine."""
    found = _HERE.findall(console)
    if not found:
        return None, None, None
    pid, cpu, comm = found[-1]
    return int(pid), comm, int(cpu)


def write(truth: Truth, folder: Path) -> None:
    fields: dict[str, Any] = asdict(truth)
    fields = {"schema": SCHEMA, "class": fields.pop("class_"), **fields}
    (folder / FILE_NAME).write_text(json.dumps(fields, indent=2) + "\n")


def read(folder: Path) -> Truth:
    """The truth of the crash in `folder`. Raises KdiveError where it is not one of ours."""
    path = folder / FILE_NAME
    try:
        fields = json.loads(path.read_text())
        if fields.pop("schema") != SCHEMA:
            raise ValueError("another schema")
        return Truth(class_=fields.pop("class"), **fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KdiveError(f"{path}: not the truth of a crash: {error}", hint="crash the machine again") from error
