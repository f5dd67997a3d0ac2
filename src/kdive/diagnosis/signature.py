"""The signature of a crash: the same from a dump, its log as text, a console or pstore.

`text` is "kd1 CLASS:FUNCTION:MODULE" (MODULE is "vmlinux" for the kernel itself), or "kd1 CLASS" where no function is
known. `key` is the bucket: BLAKE2b with 64 bits over UTF-8 "family|function|module" (module empty for the kernel), in
lower-case base32 without padding; empty where nothing but the class is known, so that unlike crashes never share one.

Everything comes from the kernel's log alone: a dump and a console know the same of it.
"""

from __future__ import annotations

import base64
import hashlib
import re

from kdive.facts.verdict import Signature

_FAMILIES = {
    "bad-access": (
        "null-deref", "page-fault", "gpf", "kasan-uaf", "kasan-oob", "kasan-invalid-free", "kasan-null-deref",
        "kasan-wild-access", "kfence", "slab-corruption",
    ),
    "stall": ("soft-lockup", "hard-lockup", "rcu-stall", "workqueue-lockup"),
    "hang": ("hung-task", "io-hang"),
}  # fmt: skip
_FAMILY_OF = {class_: family for family, classes in _FAMILIES.items() for class_ in classes}
_CLONE = re.compile(r"\.(?:isra|constprop|part|cold|llvm|lto_priv|warm|str)(?:\.\w+)*$|\.\d+$")
_SYSCALL = re.compile(r"^(?:__(?:x64|ia32|arm64|s390x?|riscv|powerpc)_|__do_|__se_|SyS_|SYSC_)(?:sys_)?")
_RUST_HASH = re.compile(r"(?:::h[0-9a-f]{16}|17h[0-9a-f]{16}E)$")


def family(class_: str) -> str:
    """What crashes of different classes share when the same code is at fault."""
    return _FAMILY_OF.get(class_, class_)


def normalised(function: str) -> str:
    """The function as the source names it, whatever compiler and system call wrapper made of it."""
    name = _RUST_HASH.sub("", function)
    while (shorter := _CLONE.sub("", name)) != name:
        name = shorter
    if "sys_" in name or name.startswith(("SyS_", "SYSC_")):
        name = _SYSCALL.sub("sys_", name)
    return name


def signature(class_: str, function: str | None, module: str | None) -> Signature:
    """The signature of a crash of `class_` whose log points at `function`; None or "" where it points at none."""
    if class_ == "none":
        return Signature("", "")
    if not function:
        return Signature(f"kd1 {class_}", "")
    name = normalised(function)
    digest = hashlib.blake2b(f"{family(class_)}|{name}|{module or ''}".encode(), digest_size=8).digest()
    key = base64.b32encode(digest).decode().rstrip("=").lower()
    return Signature(f"kd1 {class_}:{name}:{module or 'vmlinux'}", key)
