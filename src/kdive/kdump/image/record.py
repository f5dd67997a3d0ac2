"""What an image was made of, written beside it: whether it still holds can then be said."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kdump.image.tree import Item
from kdive.kexec.small_files import read_small
from kdive.units import ByteCount, UnixSeconds

FOLDER = Path("var/lib/kdive")
_LIMIT = 8 << 20
_GONE = "gone"


@dataclass(frozen=True)
class ImageRecord:
    """One image. `sources` are this machine's files with their size and time."""

    release: str
    built_at: UnixSeconds
    size: ByteCount  # of the file
    unpacked: ByteCount  # what it takes in the capture kernel's memory once it is unpacked
    python: bool
    modules: tuple[str, ...]
    sources: dict[str, str]
    content: str  # sha256 of what was not copied from a file: configuration, programs of the shell

    def changed(self, root: Path = Path("/")) -> list[str]:
        """Files that are no longer as they were when the image was made."""
        return [path for path, state in self.sources.items() if _state(root / path.lstrip("/")) != state]


def image_path(release: str, root: Path = Path("/")) -> Path:
    return root / FOLDER / f"capture-{release}.img"


def record_path(release: str, root: Path = Path("/")) -> Path:
    return root / FOLDER / f"capture-{release}.json"


def read_record(release: str, root: Path = Path("/")) -> ImageRecord | Missing:
    """The record of the image for that kernel."""
    path = record_path(release, root)
    try:
        values = json.loads(read_small(path, _LIMIT))
        values["modules"] = tuple(str(name) for name in values["modules"])
        values["sources"] = {name: str(state) for name, state in values["sources"].items()}
        record = ImageRecord(**values)
        if not all(isinstance(number, int) for number in (record.size, record.unpacked, record.built_at)):
            raise TypeError("sizes and times are numbers")
        return record
    except OSError as error:
        return Missing(f"{path}: {error.strerror}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Missing(f"{path}: written by another version of kdive")


def to_text(record: ImageRecord) -> str:
    return json.dumps(asdict(record), indent=1, sort_keys=True) + "\n"


def states(items: Iterable[Item]) -> dict[str, str]:
    """The files of this machine that `items` come from, with their states."""
    sources = {str(item.source): item.source for item in items if item.source}
    return {path: _state(source) for path, source in sorted(sources.items())}


def _state(path: Path) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return _GONE
    return f"{status.st_size} {status.st_mtime_ns}"
