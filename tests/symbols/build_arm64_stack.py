"""A tiny arm64 kernel in a built dump: functions with and without frame records, and a stack."""

from __future__ import annotations

import struct
from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.memory.open import open_memory
from kdive.symbols.find import Symbols, find_symbols
from tests.build_dump import PAGE_SIZE, build_kdump
from tests.formats.build_btf import BtfBuilder
from tests.formats.build_kallsyms import build_tables

STEXT = 0xFFFF800008010000
_VOFFSET = STEXT - 0x40010000
LEAF, MIDDLE, OUTER, HANDLER, ENTRY = (STEXT + 0x100 * number for number in range(1, 6))
IN_LEAF = LEAF + 8
IN_MIDDLE, IN_OUTER, IN_HANDLER, IN_ENTRY = (address + 16 for address in (MIDDLE, OUTER, HANDLER, ENTRY))
STACK = STEXT + 0x8000
PT_REGS_BYTES, STACKFRAME = 336, 304
_RODATA, _BTF, _END = STEXT + 0x10000, STEXT + 0x20000, STEXT + 0x30000
PAC_MASK = 0xFFFF000000000000
_EL1H = 5  # of pstate: the kernel, on its own stack pointer

NOP, PACIASP, AUTIASP, RET = 0xD503201F, 0xD503233F, 0xD50323BF, 0xD65F03C0
_PUSH, _SET_FRAME, _POP = 0xA9BF7BFD, 0x910003FD, 0xA8C17BFD


def signed(address: int) -> int:
    """`address` with a pointer authentication code."""
    return address & ~PAC_MASK | 0x00A5 << 48


def arm64_kernel(folder: Path, stack: bytes) -> Symbols:
    """Names and types of the kernel, with `stack` at STACK."""
    text = {
        LEAF: _code(NOP, NOP, 0xF9400000, PACIASP, AUTIASP, RET),
        MIDDLE: _calls(MIDDLE, LEAF),
        OUTER: _calls(OUTER, MIDDLE),
        HANDLER: _calls(HANDLER, LEAF),
        ENTRY: _code(NOP, NOP, NOP, _call(ENTRY + 12, HANDLER), NOP),
    }
    functions = [(LEAF, "leaf"), (MIDDLE, "middle"), (OUTER, "outer"), (HANDLER, "handler"), (ENTRY, "el1h_64_irq")]
    types = _types()
    symbols = [
        ("T", "_text", STEXT),
        ("T", "_stext", STEXT),
        *(("t", name, address) for address, name in functions),
        ("t", "after", ENTRY + 0x100),
        ("T", "_etext", ENTRY + 0x200),
        ("R", "__start_BTF", _BTF),
        ("R", "__stop_BTF", _BTF + len(types)),
        ("B", "_end", _END),
    ]
    tables = build_tables(symbols, _RODATA, relative_base=STEXT)
    info = {
        **{"OSRELEASE": "6.1.0-built", "PAGESIZE": PAGE_SIZE, "NUMBER(VA_BITS)": 48, "NUMBER(TCR_EL1_T1SZ)": "0x10"},
        **{"NUMBER(kimage_voffset)": hex(_VOFFSET), "NUMBER(PHYS_OFFSET)": "0x40000000"},
        **{"NUMBER(KERNELPACMASK)": hex(PAC_MASK), "SYMBOL(_stext)": f"{STEXT:x}"},
        **{"SYMBOL(swapper_pg_dir)": f"{_END - PAGE_SIZE:x}"},
        **{f"SYMBOL({name})": f"{address:x}" for name, address in tables.addresses.items()},
    }
    pages = _pages({**text, _RODATA: tables.data, _BTF: types, STACK: stack})
    note = "".join(f"{key}={value}\n" for key, value in info.items())
    path = folder / "vmcore"
    path.write_bytes(build_kdump(pages, vmcoreinfo=note, machine="aarch64", release="6.1.0-built"))
    return find_symbols(open_memory(open_dump(path)))


def saved_registers(*, pc: int, link: int, frame: int, record: tuple[int, int]) -> bytes:
    """A `struct pt_regs` on the stack; `record` is what it holds as a frame record."""
    registers = [0] * 34
    registers[29:] = [frame, link, frame, pc, _EL1H]
    return struct.pack("<34Q", *registers).ljust(STACKFRAME, b"\0") + struct.pack("<2Q", *record) + bytes(16)


def _calls(function: int, target: int) -> bytes:
    return _code(PACIASP, _PUSH, _SET_FRAME, _call(function + 12, target), _POP, AUTIASP, RET)


def _call(address: int, target: int) -> int:
    return 0x94000000 | (target - address) // 4 & 0x03FFFFFF


def _code(*instructions: int) -> bytes:
    return struct.pack(f"<{len(instructions)}I", *instructions)


def _types() -> bytes:
    builder = BtfBuilder()
    word = builder.integer("long unsigned int", 8)
    all_regs, two = builder.array(word, word, 31), builder.array(word, word, 2)
    members = [("regs", all_regs, 0), ("sp", word, 248), ("pc", word, 256), ("pstate", word, 264)]
    places = [(name, type_, 8 * at) for name, type_, at in (*members, ("stackframe", two, STACKFRAME))]
    builder.struct("pt_regs", PT_REGS_BYTES, places)
    return builder.data()


def _pages(content: dict[int, bytes]) -> dict[int, bytes]:
    pages: dict[int, bytearray] = {}
    for virtual, data in content.items():
        for offset, byte in enumerate(data):
            pfn, place = divmod(virtual - _VOFFSET + offset, PAGE_SIZE)
            pages.setdefault(pfn, bytearray(PAGE_SIZE))[place] = byte
    return {pfn: bytes(page) for pfn, page in pages.items()}
