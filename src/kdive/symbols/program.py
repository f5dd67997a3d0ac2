"""The drgn program over a dump: drgn reads the file itself where it can do so rightly, else through our reader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import drgn

from kdive.errors import DumpError, ReadError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory

_ARCHITECTURES = {
    "x86_64": drgn.Architecture.X86_64,
    "i686": drgn.Architecture.I386,
    "aarch64": drgn.Architecture.AARCH64,
    "arm": drgn.Architecture.ARM,
    "ppc64": drgn.Architecture.PPC64,
    "ppc64le": drgn.Architecture.PPC64,
    "s390x": drgn.Architecture.S390X,
    "riscv64": drgn.Architecture.RISCV64,
    "loongarch64": drgn.Architecture.LOONGARCH64,
}


def open_program(memory: Memory) -> drgn.Program:
    """A program with the memory of the crashed kernel, and with no symbols or types yet.

    Raises DumpError when drgn cannot make sense of the dump.
    """
    dump = memory.dump
    try:
        with _no_plugins():
            program = _native_program(memory) if dump.native else None
            if program is None:
                program = _program_over_our_reader(memory)
    except (ValueError, LookupError, OSError, drgn.FaultError, drgn.BadDataError) as error:
        raise DumpError(f"{dump.path}: drgn cannot open it: {error}") from error
    if not program.flags & drgn.ProgramFlags.IS_LINUX_KERNEL:
        raise DumpError(f"{dump.path}: drgn does not see a Linux kernel in it")
    # Debuginfo is looked for on this machine alone: asking the network is for the user to decide.
    program.set_enabled_debug_info_finders(["standard"])
    return program


def _native_program(memory: Memory) -> drgn.Program | None:
    """drgn reads the file; None where it finds no way to the kernel's memory in it, as without its page tables."""
    program = drgn.Program()
    try:
        program.set_core_dump(memory.dump.path)
        if not isinstance(memory.dump.vmcoreinfo, Missing):
            program.read(vmcoreinfo.symbol(memory.dump.vmcoreinfo, "_stext") or 0, 1)
    except (ValueError, OSError, drgn.FaultError, drgn.BadDataError):
        return None
    return program


def _program_over_our_reader(memory: Memory) -> drgn.Program:
    """For split sets, flattened files, ELF files with excluded pages (which drgn reads as zeros) and the like."""
    dump = memory.dump
    architecture = _ARCHITECTURES.get(dump.arch)
    if architecture is None:
        raise ValueError(f"unknown architecture {dump.arch!r}")
    flags = drgn.PlatformFlags(0)
    if dump.word_size == 8:
        flags |= drgn.PlatformFlags.IS_64_BIT
    if dump.order == "<":
        flags |= drgn.PlatformFlags.IS_LITTLE_ENDIAN
    program = drgn.Program(drgn.Platform(architecture, flags))

    def read(address: int, count: int, offset: int, physical: bool) -> bytes:
        try:
            return dump.read_physical(address, count) if physical else memory.read(address, count)
        except ReadError as error:
            raise drgn.FaultError(error.message, address) from None

    for segment in dump.segments():
        program.add_memory_segment(segment.physical, segment.size, read, physical=True)
    program.set_linux_kernel_custom(dump.vmcoreinfo_text, is_live=False)
    # drgn could walk the page tables itself; ours are read once, and the kernel image needs none.
    kernel_half = 1 << (8 * dump.word_size - 1)
    program.add_memory_segment(kernel_half, kernel_half, read)
    return program


@contextmanager
def _no_plugins() -> Iterator[None]:
    """Keeps drgn from loading its own command line's plugins with the first program.

    They import every helper: 60 ms that no report needs. What the user asks for in DRGN_PLUGINS is loaded all the same.
    """
    before = os.environ.get("DRGN_DISABLE_PLUGINS")
    os.environ["DRGN_DISABLE_PLUGINS"] = "*"
    try:
        yield
    finally:
        if before is None:
            del os.environ["DRGN_DISABLE_PLUGINS"]
        else:
            os.environ["DRGN_DISABLE_PLUGINS"] = before
