"""What an input is, before it is opened: a dump, a log, stored facts, or something else that is named."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kdive.dumpfile import text_kinds
from kdive.dumpfile.signatures import FILE_KINDS, HEAD_BYTES, FileKind
from kdive.dumpfile.source import FileSource
from kdive.errors import DumpError, KdiveError
from kdive.formats import elf, flattened, kdump_compressed

_DUMP_STARTS = (
    (kdump_compressed.SIGNATURE, "a kdump-compressed dump"),
    (kdump_compressed.DISKDUMP_SIGNATURE, "a diskdump"),
    (flattened.SIGNATURE, "a flattened dump"),
)
_SPECIAL_FILES = {
    stat.S_IFIFO: ("a named pipe", "save what comes out of it to a file, or give `-` to read a log from stdin"),
    stat.S_IFSOCK: ("a socket", "name a file"),
    stat.S_IFCHR: ("a character device", "name a file; /proc/kcore is the running kernel's memory"),
    stat.S_IFBLK: ("a block device", "mount it, or copy the dump off it with the tool that wrote it"),
}


@dataclass(frozen=True)
class Recognised:
    """What an input is. `kind` is "dump", "log", "facts" or "other"."""

    kind: str
    what: str  # in words, as "a gzip-packed kernel dump"
    hint: str = ""  # what to do when it is not what was asked for
    path: Path = Path()  # the file meant, where a folder was given


def recognise(path: Path) -> Recognised:
    """What `path` is; never raises for what is in a file, or for a file that is not there."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            return Recognised(
                "other", f"a symbolic link to nowhere ({os.readlink(path)})", "name the file itself", path
            )
        return Recognised("other", "no such file", "crash dumps usually lie in /var/crash", path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Recognised("other", f"cannot be opened: {reason}", "crash dumps belong to root: try it with sudo", path)
    if stat.S_ISDIR(mode):
        return _folder(path)
    special = _SPECIAL_FILES.get(stat.S_IFMT(mode))
    if special:
        return Recognised("other", *special, path)
    try:
        source = FileSource(path)
    except DumpError as error:
        return Recognised("other", error.message.removeprefix(f"{path}: "), error.hint, path)
    try:
        return _file(path, source)
    except KdiveError as error:
        return Recognised("other", error.message, error.hint, path)
    finally:
        source.close()


def _folder(path: Path) -> Recognised:
    from kdive.dumpfile import folder

    try:
        dump = folder.dump_in(path)
    except DumpError as error:
        try:
            log = folder.log_in(path)
        except DumpError:
            log = None
        if log and "without a dump" in error.message:
            return Recognised("log", "a folder with a kernel log", "", log)
        return Recognised("other", error.message.removeprefix(f"{path}: "), error.hint, path)
    return Recognised("dump", "a folder with a dump", "", dump)


def _file(path: Path, source: FileSource) -> Recognised:
    if source.size == 0 and path != Path("/proc/kcore"):
        return Recognised("other", "an empty file", "the dump was never written, or its copy failed", path)
    head = source.read_up_to(0, HEAD_BYTES)
    for start, what in _DUMP_STARTS:
        if head.startswith(start):
            return Recognised("dump", what, "", path)
    if head.startswith(elf.MAGIC):
        return _elf(path, source)
    kind = _kind(head)
    if kind and kind.packed:
        return _packed(path, source, kind)
    if kind:
        return Recognised("other", kind.what, kind.hint, path)
    if not any(head) and not any(source.read_up_to(source.size // 2, HEAD_BYTES)):
        return Recognised("other", "a file of zeros", "the dump was never written, or its copy failed", path)
    return Recognised(*text_kinds.kind_of(source), path)


def _kind(head: bytes) -> FileKind | None:
    return next((kind for kind in FILE_KINDS if head.startswith(kind.magic, kind.offset)), None)


def _elf(path: Path, source: FileSource) -> Recognised:
    from kdive.dumpfile.containers.elf import is_kernel_core
    from kdive.dumpfile.elf_headers import read_headers
    from kdive.dumpfile.elf_kinds import kind_of
    from kdive.dumpfile.notes import read_notes

    headers = read_headers(source)
    notes = read_notes(source, headers.note_spans(), headers.identification.order).notes
    if is_kernel_core(headers, notes):
        return Recognised("dump", "an ELF dump", "", path)
    kind = kind_of(source, headers, notes)
    return Recognised("other", kind.what, kind.hint, path)


def _packed(path: Path, source: FileSource, kind: FileKind) -> Recognised:
    """A packed file; what is in it is named where its start can be unpacked."""
    from kdive.dumpfile.unpack import first_bytes

    inside = first_bytes(kind.what, source.read_up_to(0, 1 << 16), HEAD_BYTES)
    if inside.startswith((*(start for start, _ in _DUMP_STARTS), elf.MAGIC)):
        what = f"a {kind.what}-packed kernel dump"
    elif inside and text_kinds.looks_like_kernel_log(inside):
        what = f"a {kind.what}-packed kernel log"
    else:
        what = f"a {kind.what} file"
    return Recognised("other", what, f"unpack it first: {kind.packed} {path}", path)
