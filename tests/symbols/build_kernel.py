"""The memory of a tiny x86-64 kernel: kallsyms tables and, where wanted, BTF, in a built dump."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_kdump
from tests.formats.build_kallsyms import build_tables

STEXT = 0xFFFFFFFF81000000
RODATA = STEXT + 0x200000
BTF = STEXT + 0x300000
DATA = STEXT + 0x400000
END = STEXT + 0x500000
RELEASE = "5.4.0-built"
PERCPU = [("A", "__per_cpu_start", 0), ("D", "runqueues", 0x1000), ("D", "__per_cpu_end", 0x2000)]
_START_KERNEL_MAP = 0xFFFFFFFF80000000


def kernel_symbols(count: int = 600, btf_size: int = 0) -> list[tuple[str, str, int]]:
    """Enough symbols for three markers; per-CPU ones first, as on x86-64 before 6.15."""
    text = [("T", "_text", STEXT), ("T", "_stext", STEXT)]
    text += [("t" if number % 3 else "T", f"do_thing_{number}", STEXT + 0x40 * number) for number in range(1, count)]
    btf = [("R", "__start_BTF", BTF), ("R", "__stop_BTF", BTF + btf_size)] if btf_size else []
    return [*PERCPU, *text, *btf, ("D", "init_task", DATA), ("B", "_end", END)]


def build_memory(
    folder: Path,
    *,
    symbols: list[tuple[str, str, int]] | None = None,
    named: bool = False,
    btf: bytes = b"",
    damage: dict[int, bytes] | None = None,
    info: Sequence[str] = (),
    **layout: object,
) -> Memory:
    """`named` has VMCOREINFO name the tables, `info` are more lines of it; `damage` is written over memory, by virtual
    address."""
    symbols = kernel_symbols(btf_size=len(btf)) if symbols is None else symbols
    options = {"relative_base": STEXT, **layout}
    tables = build_tables(symbols, RODATA + 0x1230, **options)  # type: ignore[arg-type]
    content = {RODATA + 0x1230: tables.data, BTF: btf, **(damage or {})}
    lines = [f"OSRELEASE={RELEASE}", f"PAGESIZE={PAGE_SIZE}", "NUMBER(phys_base)=0", f"SYMBOL(_stext)={STEXT:x}"]
    lines += [f"SYMBOL(init_uts_ns)={DATA + 0x100:x}", f"SYMBOL(swapper_pg_dir)={DATA + 0x1000:x}"]
    if named:
        lines += [f"SYMBOL({name})={address:x}" for name, address in tables.addresses.items()]
    lines += info
    path = folder / "vmcore"
    # drgn finds no page tables in it, so it reads through our reader.
    path.write_bytes(build_kdump(_pages(content), vmcoreinfo="\n".join(lines) + "\n", release=RELEASE))
    return open_memory(open_dump(path))


def _pages(content: dict[int, bytes]) -> dict[int, bytes]:
    pages: dict[int, bytearray] = {}
    for virtual, data in content.items():
        for offset, byte in enumerate(data):
            pfn, place = divmod(virtual - _START_KERNEL_MAP + offset, PAGE_SIZE)
            pages.setdefault(pfn, bytearray(PAGE_SIZE))[place] = byte
    return {pfn: bytes(page) for pfn, page in pages.items()}
