"""Writes a planned image: the compressed file system, then the initramfs around it."""

from __future__ import annotations

import hashlib
import os
import py_compile
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.formats import cpio
from kdive.kdump.image.modules import unpacked
from kdive.kdump.image.plan import SQUASHFS, ImagePlan
from kdive.kdump.image.record import FOLDER, ImageRecord, image_path, record_path, states, to_text
from kdive.kdump.image.tree import Item
from kdive.units import ByteCount, UnixSeconds

Progress = Callable[[str], None]

_RUNTIME, _RUNTIME_KEY = "runtime.squashfs", "runtime.key"
_SQUASH_S = 1800
_LEVEL = 12


def write_image(plan: ImagePlan, progress: Progress, root: Path = Path("/")) -> ImageRecord:
    """Writes image and record to /var/lib/kdive, each whole or not at all. Raises KdiveError when it cannot.

    The compressed file system does not depend on the kernel: it is kept, and made again when its files have changed.
    """
    folder = root / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        squashfs = _runtime(plan.inner, folder, progress) if plan.inner else b""
        entries = [_entry(item) for item in plan.outer]
        if squashfs:
            entries.append(cpio.file(SQUASHFS, squashfs))
        image = cpio.archive(entries)
        record = ImageRecord(
            release=plan.release,
            built_at=UnixSeconds(int(time.time())),
            size=ByteCount(len(image)),
            unpacked=ByteCount(sum(len(entry.data) for entry in entries)),
            python=bool(plan.inner),
            modules=plan.modules,
            sources=states((*plan.outer, *plan.inner)),
            content=made_here(plan.outer),
        )
        replace_file(image_path(plan.release, root), image)
        replace_file(record_path(plan.release, root), to_text(record).encode())
    except OSError as error:
        raise KdiveError(
            f"the capture image cannot be written: {error.filename or folder}: {error.strerror}",
            hint="free space below /var/lib; it must be possible to write there",
        ) from error
    return record


def made_here(items: Iterable[Item]) -> str:
    """sha256 of the items that come from no file, links included."""
    return _digest(f"{item.path}\0{item.target}\0".encode() + item.data for item in items if item.source is None)


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes `path` beside and renames it; on the disk when this returns."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _entry(item: Item) -> cpio.CpioEntry:
    if item.target:
        return cpio.link(item.path, item.target)
    if item.source is None:
        return cpio.file(item.path, item.data, item.executable)
    data = unpacked(item.source) if item.unpacked else item.source.read_bytes()
    return cpio.file(item.path, data, item.executable)


def _runtime(items: Sequence[Item], folder: Path, progress: Progress) -> bytes:
    """The compressed file system of `items`: the one that is here, where it is made of the same files."""
    key = _digest([made_here(items).encode(), repr(states(items)).encode(), str(_LEVEL).encode()])
    kept, kept_key = folder / _RUNTIME, folder / _RUNTIME_KEY
    if kept.exists() and kept_key.exists() and kept_key.read_text().strip() == key:
        return kept.read_bytes()
    progress("packing Python for the capture kernel")
    with _stage(items, folder) as stage:
        new = stage.parent / _RUNTIME
        _squash(stage, new)
        kept_key.unlink(missing_ok=True)
        new.rename(kept)
    replace_file(kept_key, key.encode() + b"\n")
    return kept.read_bytes()


@contextmanager
def _stage(items: Sequence[Item], folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as work:
        stage = Path(work) / "root"
        for item in items:
            _put(item, stage / item.path)
        yield stage


def _put(item: Item, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if item.target:
        place.symlink_to(item.target)
    elif item.source is None:
        place.write_bytes(item.data)
    elif item.compiled:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # without times: the same files give the same image
        try:
            py_compile.compile(
                str(item.source), str(place), dfile="/" + item.path, doraise=True, invalidation_mode=mode
            )
        except py_compile.PyCompileError:
            shutil.copyfile(item.source, place.with_suffix(".py"))  # no program, although it is called one
    else:
        shutil.copyfile(item.source, place)
        place.chmod(0o755 if item.executable else 0o644)


def _squash(stage: Path, into: Path) -> None:
    argv = ["mksquashfs", str(stage), str(into), "-noappend", "-quiet", "-no-progress", "-no-xattrs", "-all-root"]
    argv += ["-mkfs-time", "0", "-all-time", "0", "-comp", "zstd", "-Xcompression-level", str(_LEVEL)]
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    programs.run(argv, env=environment, timeout_s=_SQUASH_S)


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()
