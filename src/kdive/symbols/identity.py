"""Which kernel a dump is of: what debuginfo is looked for by, and compared with."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.facts.missing import Missing, known
from kdive.memory.identity import read_uts
from kdive.memory.memory import Memory


@dataclass(frozen=True)
class KernelIdentity:
    """What the dump says of its kernel; "" for what it does not say."""

    release: str
    version: str  # "#1 SMP Debian 5.10.223-1 (2024-08-10)"
    build_id: str  # hexadecimal


def identify_kernel(memory: Memory) -> KernelIdentity:
    info = known(memory.dump.vmcoreinfo, {})
    uts = read_uts(memory)
    version = memory.dump.identity.version if isinstance(uts, Missing) else uts["version"]
    release = memory.dump.identity.release if isinstance(uts, Missing) else uts["release"]
    return KernelIdentity(info.get("OSRELEASE", "") or release, version, info.get("BUILD-ID", "").lower())
