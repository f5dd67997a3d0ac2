"""A tiny kernel that crashed in `__crash_kexec`, called by `panic`, called by `outer`, with ORC as 5.4 has it."""

from __future__ import annotations

import struct
from pathlib import Path

import drgn

from kdive.symbols.find import Symbols, find_symbols
from tests.formats.build_btf import BtfBuilder
from tests.symbols.build_kernel import BTF, DATA, END, PERCPU, RODATA, STEXT, build_memory

OUTER, PANIC, CRASH_KEXEC = STEXT + 0x100, STEXT + 0x200, STEXT + 0x300
IN_OUTER, IN_PANIC, IN_CRASH_KEXEC = OUTER + 5, PANIC + 6, CRASH_KEXEC + 0x1A
CALLS_DATA = STEXT + 0x400  # call *%rax
AFTER_CALL_OF_DATA = CALLS_DATA + 2
STACK = DATA + 0x2000
PT_REGS = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di"),
    *("orig_ax", "ip", "cs", "flags", "sp", "ss"),
)
_ORC = RODATA + 0x80000


def crashed_kernel(folder: Path, stack: bytes) -> Symbols:
    """Names and types of the kernel, with `stack` at STACK."""
    text = {
        OUTER: b"\xe8" + struct.pack("<i", PANIC - IN_OUTER),
        PANIC: b"\x53\xe8" + struct.pack("<i", CRASH_KEXEC - IN_PANIC),
        CALLS_DATA: b"\xff\xd0",
    }
    entries = [
        (STEXT, 0, 0),
        (OUTER, 8, 0x0400),  # the end of the stack
        (PANIC, 16, 0x0005),  # return address at sp + 8: rbx was pushed
        (CRASH_KEXEC, 0, 0),  # not to be unwound
        (CALLS_DATA, 8, 0x0400),
        (STEXT + 0x500, 0, 0),
    ]
    ips = b"".join(struct.pack("<i", address - (_ORC + 4 * i)) for i, (address, _, _) in enumerate(entries))
    orc = b"".join(struct.pack("<hhH", offset, 0, flags) for _, offset, flags in entries)
    btf = _types()
    symbols = [
        *PERCPU,
        ("T", "_text", STEXT),
        ("T", "_stext", STEXT),
        ("t", "outer", OUTER),
        ("T", "panic", PANIC),
        ("T", "__crash_kexec", CRASH_KEXEC),
        ("t", "calls_data", CALLS_DATA),
        ("t", "after", STEXT + 0x500),
        ("T", "_etext", STEXT + 0x600),
        ("R", "__start_orc_unwind_ip", _ORC),
        ("R", "__stop_orc_unwind_ip", _ORC + len(ips)),
        ("R", "__start_orc_unwind", _ORC + len(ips)),
        ("R", "__stop_orc_unwind", _ORC + len(ips) + len(orc)),
        ("R", "__start_BTF", BTF),
        ("R", "__stop_BTF", BTF + len(btf)),
        ("B", "_end", END),
    ]
    memory = build_memory(folder, symbols=symbols, named=True, btf=btf, damage={**text, _ORC: ips + orc, STACK: stack})
    return find_symbols(memory)


def registers(program: drgn.Program, **values: int) -> drgn.Object:
    """struct pt_regs with these values."""
    given = {"cs": 0x10, "ss": 0x18, **values}
    return drgn.Object(program, "struct pt_regs", value={name: given.get(name, 0) for name in PT_REGS})


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def _types() -> bytes:
    builder = BtfBuilder()
    builder.integer("long unsigned int", 8)
    builder.struct("pt_regs", 168, [(name, 1, 64 * place) for place, name in enumerate(PT_REGS)])
    return builder.data()
