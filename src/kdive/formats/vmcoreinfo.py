"""VMCOREINFO: the text in which a kernel says how to read its memory.

Source: Documentation/admin-guide/kdump/vmcoreinfo.rst.
"""

from __future__ import annotations

from collections.abc import Mapping

LIMIT_BYTES = 1 << 20  # the kernel gives it one page; hypervisors may add lines


def parse(data: bytes) -> dict[str, str]:
    """Key → value, e.g. "SYMBOL(prb)" → "ffffffff8c8597e0"; a key that comes twice keeps its last value."""
    text = data[:LIMIT_BYTES].split(b"\0", 1)[0].decode("utf-8", "replace")
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key: value for key, equals, value in pairs if equals}


def symbol(info: Mapping[str, str], name: str) -> int | None:
    """Address of the variable `name`; None where the kernel does not export it, or not as a number."""
    return _number(info.get(f"SYMBOL({name})"), 16)


def size(info: Mapping[str, str], name: str) -> int | None:
    """Bytes of the structure `name`."""
    return _number(info.get(f"SIZE({name})"), 10)


def offset(info: Mapping[str, str], member: str) -> int | None:
    """Bytes from the start of a structure to its member, asked as "printk_info.text_len"."""
    return _number(info.get(f"OFFSET({member})"), 10)


def length(info: Mapping[str, str], name: str) -> int | None:
    """Elements of the array `name`."""
    return _number(info.get(f"LENGTH({name})"), 10)


def number(info: Mapping[str, str], name: str) -> int | None:
    """The constant `name`; the kernel prints some in decimal and some as 0x…."""
    return _number(info.get(f"NUMBER({name})"), 0)


def kernel_offset(info: Mapping[str, str]) -> int | None:
    """KERNELOFFSET: how far KASLR moved the kernel image, in bytes."""
    return _number(info.get("KERNELOFFSET"), 16)


def decimal(info: Mapping[str, str], key: str) -> int | None:
    """The value of a plain key such as PAGESIZE or CRASHTIME."""
    return _number(info.get(key), 10)


def _number(text: str | None, base: int) -> int | None:
    try:
        return None if text is None else int(text, base)
    except ValueError:
        return None
