"""NT_PRSTATUS: the registers of one CPU, as the kernel (or the hypervisor) saved them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kdive.formats.record import S32, U16, U32, U64, ByteOrder, Hole2, Record

REGISTER_NAMES = {
    # arch/x86/include/asm/user_64.h, struct user_regs_struct
    "x86_64": (
        *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi"),
        *("orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs"),
    ),
    # arch/arm64/include/uapi/asm/ptrace.h, struct user_pt_regs
    "aarch64": (*(f"x{number}" for number in range(31)), "sp", "pc", "pstate"),
}


class PrstatusStart(Record, source="include/linux/elfcore.h, struct elf_prstatus_common on 64-bit machines"):
    si_signo: S32
    si_code: S32
    si_errno: S32
    pr_cursig: U16
    hole: Hole2
    pr_sigpend: U64
    pr_sighold: U64
    pr_pid: U32
    pr_ppid: U32
    pr_pgrp: U32
    pr_sid: U32
    pr_utime_s: U64
    pr_utime_us: U64
    pr_stime_s: U64
    pr_stime_us: U64
    pr_cutime_s: U64
    pr_cutime_us: U64
    pr_cstime_s: U64
    pr_cstime_us: U64


@dataclass(frozen=True)
class Prstatus:
    pid: int
    registers: dict[str, int]  # name → value


def parse(data: bytes, arch: str, order: ByteOrder) -> Prstatus | None:
    """The saved registers; None for an architecture that is not known here, or a note that is too short."""
    names = REGISTER_NAMES.get(arch)
    start_bytes = PrstatusStart.size()
    if names is None or len(data) < start_bytes + 8 * len(names):
        return None
    values = struct.unpack_from(f"{order}{len(names)}Q", data, start_bytes)
    return Prstatus(PrstatusStart.read(data, 0, order).pr_pid, dict(zip(names, values, strict=True)))


def pack(status: Prstatus, arch: str, order: ByteOrder) -> bytes:
    """The descriptor that `parse` reads back; registers that are not named are 0."""
    start = PrstatusStart(0, 0, 0, 0, bytes(2), 0, 0, status.pid, *[0] * 11)
    names = REGISTER_NAMES[arch]
    values = struct.pack(f"{order}{len(names)}Q", *(status.registers.get(name, 0) for name in names))
    return start.pack(order) + values + bytes(8)  # pr_fpvalid and its padding
