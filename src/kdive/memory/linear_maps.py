"""Where a kernel maps all memory at a fixed offset, on architectures whose page tables are not walked here.

That is enough for the log and all that the kernel allocates by the page; modules and vmalloc lie elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from kdive.formats import vmcoreinfo
from kdive.memory.address_space import Run

_PPC64_START, _PPC64_END = 0xC000000000000000, 0xC008000000000000  # up to where vmalloc starts with the radix MMU
_I686_LOWMEM_BYTES = 896 << 20
_I686_SPLIT = 256 << 20
_S390X_END = 1 << 53  # of what 4 levels of tables reach
_RISCV64_END = 1 << 64


def linear_maps(arch: str, info: Mapping[str, str]) -> list[Run]:
    """The mappings of a kernel for `arch`; none where they are not known."""
    if arch in ("ppc64", "ppc64le"):
        return [Run(_PPC64_START, _PPC64_END, 0)]
    if arch == "s390x":
        return _s390x(info)
    if arch == "riscv64":
        return _riscv64(info)
    if arch == "i686":
        return _i686(info)
    return []


def _s390x(info: Mapping[str, str]) -> list[Run]:
    """Virtual is physical, until v6.10 moved both the identity mapping and the image.

    Source: arch/s390/kernel/vmcore_info.c; __pa() in arch/s390/include/asm/page.h.
    """
    image = vmcoreinfo.kernel_offset(info)
    identity, image_physical = _hexadecimal(info, "IDENTITYBASE"), _hexadecimal(info, "KERNELOFFPHYS")
    if identity is None or image is None or image_physical is None:
        return [Run(0, _S390X_END, 0)]
    return [Run(image, _S390X_END, image_physical), Run(identity, image, 0)]


def _riscv64(info: Mapping[str, str]) -> list[Run]:
    """The image is mapped apart from the linear map, above it.

    Source: arch/riscv/kernel/vmcore_info.c (va_kernel_pa_offset since v6.5).
    """
    runs = []
    link_address = vmcoreinfo.number(info, "KERNEL_LINK_ADDR")
    image_offset = vmcoreinfo.number(info, "va_kernel_pa_offset")
    if link_address is not None and image_offset is not None:
        runs.append(Run(link_address, _RISCV64_END, link_address - image_offset))
    page_offset = vmcoreinfo.number(info, "PAGE_OFFSET")
    ram_base = vmcoreinfo.number(info, "phys_ram_base")
    if page_offset is not None and ram_base is not None:
        runs.append(Run(page_offset, link_address or _RISCV64_END, ram_base))
    return runs


def _i686(info: Mapping[str, str]) -> list[Run]:
    """Low memory, where the image lies: from 3 GiB on, or 256 MiB, 1 or 2 GiB below, as the kernel was configured."""
    stext = vmcoreinfo.symbol(info, "_stext")
    if stext is None:
        return []
    start = (stext - (vmcoreinfo.kernel_offset(info) or 0)) & -_I686_SPLIT
    return [Run(start, start + _I686_LOWMEM_BYTES, 0)]


def _hexadecimal(info: Mapping[str, str], key: str) -> int | None:
    try:
        return int(info[key], 16)
    except (KeyError, ValueError):
        return None
