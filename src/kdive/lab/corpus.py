"""A folder of crashes whose truth is known: CORPUS/RELEASE/KIND-2cpu/ holds what one crash gave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.lab import truth

DONE, CANNOT, FAILED = "done", "cannot", "failed"
_STATUS = "status.json"


@dataclass(frozen=True)
class Case:
    """One crash, made or to be made."""

    kind: str
    release: str
    cpus: int

    @property
    def folder(self) -> Path:
        """Where it lies below its corpus."""
        return Path(self.release) / f"{self.kind}-{self.cpus}cpu"


@dataclass(frozen=True)
class Status:
    """`state` is DONE, CANNOT (this kernel cannot crash so) or FAILED; `reason` says why it is not done."""

    state: str
    reason: str = ""
    seconds: float = 0.0


def status(corpus: Path, case: Case) -> Status | None:
    """How making `case` ended; None when it was never tried to its end."""
    folder = corpus / case.folder
    if (folder / truth.FILE_NAME).exists():
        return Status(DONE)
    try:
        return Status(**json.loads((folder / _STATUS).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def statuses(corpus: Path) -> dict[Case, Status]:
    """How making each case that was tried ended."""
    found: dict[Case, Status] = {}
    for folder in corpus.glob("*/*cpu"):
        kind, _, cpus = folder.name.removesuffix("cpu").rpartition("-")
        case = Case(kind, folder.parent.name, int(cpus)) if cpus.isdecimal() else None
        ended = status(corpus, case) if case else None
        if case and ended:
            found[case] = ended
    return found


def write_status(corpus: Path, case: Case, ended: Status) -> None:
    """Notes a case that gave no dump."""
    folder = corpus / case.folder
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{_STATUS}.new"
    new.write_text(json.dumps({"state": ended.state, "reason": ended.reason}) + "\n")
    new.rename(folder / _STATUS)


def crashes(corpus: Path) -> list[Path]:
    """Folders of all crashes in `corpus`, sorted. Raises KdiveError when there is none."""
    found = sorted(path.parent for path in corpus.rglob(truth.FILE_NAME))
    if not found:
        raise KdiveError(f"{corpus}: holds no crash of the lab", hint="`kdive lab matrix` makes some")
    return found
