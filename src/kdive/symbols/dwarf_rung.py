"""The rung "dwarf": a vmlinux with debuginfo that belongs to the dump, found or given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import drgn

from kdive.errors import KdiveError
from kdive.memory.memory import Memory
from kdive.symbols.belongs import check, mismatch
from kdive.symbols.debug_files import SYSTEM_DIRS, module_candidates, vmlinux_candidates
from kdive.symbols.identity import KernelIdentity
from kdive.symbols.modules import LoadedModule
from kdive.symbols.program import open_program
from kdive.symbols.vmlinux import VmlinuxFile, read_vmlinux

_NOTES_LIMIT = 8
_NO_DEBUGINFO = "it has no debuginfo (DWARF): it was stripped, or built without CONFIG_DEBUG_INFO"


@dataclass(frozen=True)
class FoundVmlinux:
    file: VmlinuxFile | None
    notes: tuple[str, ...] = ()  # files that were passed over, and why


def given_vmlinux(path: Path, kernel: KernelIdentity, force: bool) -> FoundVmlinux:
    """The vmlinux that the user names.

    Raises MismatchError when it does not belong to the dump (unless `force`), KdiveError when it is no vmlinux with
    debuginfo.
    """
    file = read_vmlinux(path)
    if not force:
        check(file, kernel)
    if not file.has_debuginfo:
        raise KdiveError(f"{path}: {_NO_DEBUGINFO}", hint="pass the vmlinux of the kernel's debuginfo package")
    reason = mismatch(file, kernel)
    return FoundVmlinux(file, (f"opened by --force: {reason}",) if reason else ())


def search_vmlinux(dump: Path, kernel: KernelIdentity, debug_dirs: Iterable[Path]) -> FoundVmlinux:
    """The first vmlinux on this machine that belongs to the dump, or none."""
    notes = []
    for path in vmlinux_candidates(kernel.release, kernel.build_id, dump, debug_dirs):
        try:
            file = read_vmlinux(path)
        except KdiveError as error:
            if "vmlinux" in path.name:
                notes.append(f"passed over {error.message}")
            continue
        if not file.build_id and not file.banner:
            continue
        if reason := mismatch(file, kernel):
            if "vmlinux" in path.name:
                notes.append(f"passed over {reason}")
            continue
        if file.has_debuginfo:
            return FoundVmlinux(file, tuple(notes[:_NOTES_LIMIT]))
        notes.append(f"passed over {path}: {_NO_DEBUGINFO}")
    return FoundVmlinux(None, tuple(notes[:_NOTES_LIMIT]))


def load_dwarf(memory: Memory, file: VmlinuxFile) -> drgn.Program:
    """A program that knows what the debuginfo in `file` says. Raises KdiveError when drgn cannot read it."""
    program = open_program(memory)
    main = program.main_module("kernel", create=True)
    try:
        # Whether it belongs was checked before.
        main.try_file(file.path, force=True)
        loaded = main.debug_file_status == drgn.ModuleFileStatus.HAVE
        if loaded:
            program.type("struct task_struct")
    except (ValueError, LookupError, OSError, drgn.FaultError, drgn.MissingDebugInfoError) as error:
        raise KdiveError(f"{file.path}: its debuginfo cannot be read: {error}", hint=_BROKEN_HINT) from None
    if not loaded:
        raise KdiveError(f"{file.path}: drgn finds no debuginfo in it that it can use", hint=_BROKEN_HINT)
    return program


_BROKEN_HINT = "compare the file's size and checksum with the original"


def module_debuginfo(
    program: drgn.Program, memory: Memory, debug_dirs: tuple[Path, ...]
) -> Callable[[LoadedModule], bool]:
    """A function that loads a module's debuginfo where it is found; True when it did. It never fails.

    drgn compares the build ID that the kernel kept of the module, so a file of another build is not taken.
    """
    roots = (*debug_dirs, *(folder / "usr/lib/debug" for folder in debug_dirs), *SYSTEM_DIRS)
    program.debug_info_options.directories = tuple(map(str, roots))

    def load(loaded: LoadedModule) -> bool:
        try:
            module = program.linux_kernel_loadable_module(loaded.object)
            for path in module_candidates(loaded.name, memory.dump.path, debug_dirs):
                if module.wants_debug_file():
                    module.try_file(path)
            if module.wants_debug_file():
                program.load_module_debug_info(module)
            return bool(module.debug_file_status == drgn.ModuleFileStatus.HAVE)
        except (ValueError, LookupError, OSError, drgn.FaultError, drgn.MissingDebugInfoError):
            return False

    return load
