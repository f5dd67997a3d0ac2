"""Files of the machine that setup writes: shown as a difference, written with the original saved, and taken back."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.image.record import FOLDER

_SAVED = FOLDER / "saved"
_INDEX = "files.json"
_LIMIT = 16 << 20


@dataclass(frozen=True)
class FileChange:
    """What a file shall hold; None where it shall not be."""

    path: str  # absolute, as the machine names it
    text: str | None
    mode: int = 0o644


@dataclass(frozen=True)
class Saved:
    """How a file was before setup, and how setup left it."""

    original: str | None  # name of the copy in the folder of saved files; None where there was no file
    mode: int
    written: str | None  # sha256 of what setup wrote; None where it removed the file


def needed(changes: Iterable[FileChange], root: Path = Path("/")) -> list[FileChange]:
    """Those of `changes` that are not as they shall be."""
    return [one for one in changes if _read(_place(one.path, root)) != one.text]


def diff(change: FileChange, root: Path = Path("/")) -> str:
    """The change as `diff -u` shows it."""
    before = _read(_place(change.path, root))
    lines = difflib.unified_diff(
        (before or "").splitlines(),
        (change.text or "").splitlines(),
        "/dev/null" if before is None else change.path,
        "/dev/null" if change.text is None else change.path,
        lineterm="",
    )
    return "\n".join(lines)


def apply(changes: Iterable[FileChange], root: Path = Path("/")) -> None:
    """Makes them, each file saved first as it was before the first setup. Raises KdiveError where that cannot be."""
    saved = _index(root)
    for change in changes:
        place = _place(change.path, root)
        try:
            before = saved.get(change.path) or _save(change.path, place, root)
            saved[change.path] = Saved(before.original, before.mode, _sha256(change.text))
            _write_index(saved, root)  # before the file itself: what is written can always be taken back
            put(place, change.text, change.mode)
        except OSError as error:
            raise KdiveError(
                f"{place}: {error.strerror}", hint="run it as root, on a file system that can be written"
            ) from error


def restore(root: Path = Path("/")) -> list[str]:
    """Puts every file back as it was; sentences on those that somebody has changed since, which stay.

    Raises KdiveError where a file cannot be written.
    """
    saved, kept, notes = _index(root), {}, []
    for path, one in saved.items():
        place = _place(path, root)
        copy = root / _SAVED / one.original if one.original else None
        try:
            if _sha256(_read(place)) != one.written:
                kept[path] = one
                notes.append(f"{path} has been changed since: it stays" + (f"; it was {copy} before" if copy else ""))
                continue
            put(place, _read(copy) if copy else None, one.mode)
            if copy:
                copy.unlink(missing_ok=True)
        except OSError as error:
            raise KdiveError(f"{place}: {error.strerror}", hint="run it as root") from error
    _write_index(kept, root)
    return notes


def saved_paths(root: Path = Path("/")) -> list[str]:
    """The files that setup has written and teardown would put back."""
    return list(_index(root))


def put(place: Path, text: str | None, mode: int) -> None:
    """Writes a file beside and renames it, or removes it. Raises OSError."""
    if text is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.kdive-new")
    with new.open("w", encoding="utf-8", errors="surrogateescape") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(place)


def _save(path: str, place: Path, root: Path) -> Saved:
    text = _read(place)
    if text is None:
        return Saved(None, 0o644, None)
    name = hashlib.sha256(path.encode()).hexdigest()[:16]
    folder = root / _SAVED
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    put(folder / name, text, 0o600)
    return Saved(name, place.stat().st_mode & 0o7777, None)


def _index(root: Path) -> dict[str, Saved]:
    text = _read(root / _SAVED / _INDEX)
    if text is None:
        return {}
    try:
        return {path: Saved(**one) for path, one in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise KdiveError(
            f"/{_SAVED}/{_INDEX} is damaged: what setup changed is not known",
            hint=f"the files as they were lie in /{_SAVED}; remove {_INDEX} once they are back",
        ) from error


def _write_index(saved: dict[str, Saved], root: Path) -> None:
    (root / _SAVED).mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({path: asdict(one) for path, one in saved.items()}, indent=1, sort_keys=True)
    put(root / _SAVED / _INDEX, text + "\n" if saved else None, 0o600)


def _place(path: str, root: Path) -> Path:
    return root / path.lstrip("/")


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read(_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
