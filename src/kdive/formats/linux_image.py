"""The headers of arm64 and riscv kernel images, and of kernels that unpack themselves under EFI (zboot).

Source: the kernel's Documentation/arch/arm64/booting.rst, Documentation/arch/riscv/boot-image-header.rst and
drivers/firmware/efi/libstub/zboot-header.S.
"""

from __future__ import annotations

from typing import Annotated

from kdive.errors import DumpDamagedError
from kdive.formats.record import U32, U64, Record

_MAGIC_AT = 56
_ARM64_MAGIC = b"ARM\x64"
_RISCV_MAGIC = b"RSC\x05"
_ZBOOT_MAGIC_AT, _ZBOOT_MAGIC = 4, b"zimg"

Bytes32 = Annotated[bytes, "32s"]


class LinuxImageHeader(Record, source="Documentation/arch/arm64/booting.rst, and the same of riscv"):
    code0: U32
    code1: U32
    text_offset: U64
    image_size: U64  # bytes in memory, .bss included
    flags: U64  # arm64: bit 0 big-endian, bits 1 and 2 the page size
    res2: U64
    res3: U64
    res4: U64
    magic: U32
    res5: U32


class ZbootHeader(Record, source="drivers/firmware/efi/libstub/zboot-header.S"):
    mz: U32
    zimg: U32
    payload_offset: U32
    payload_size: U32
    reserved: U64
    compression: Bytes32  # "gzip", "zstd22" …, ends with a NUL


def arch_of(data: bytes) -> str:
    """ "aarch64" or "riscv64" for such an image, "" for anything else."""
    magic = data[_MAGIC_AT : _MAGIC_AT + 4]
    return {_ARM64_MAGIC: "aarch64", _RISCV_MAGIC: "riscv64"}.get(magic, "")


def is_zboot(data: bytes) -> bool:
    """Whether `data` begins a kernel that unpacks itself under EFI."""
    return data.startswith(b"MZ") and data[_ZBOOT_MAGIC_AT : _ZBOOT_MAGIC_AT + 4] == _ZBOOT_MAGIC


def zboot_payload(data: bytes) -> bytes:
    """The compressed kernel in it. Raises DumpDamagedError when the file ends before it does."""
    header = ZbootHeader.read(data, 0, "<")
    end = header.payload_offset + header.payload_size
    if end > len(data):
        raise DumpDamagedError("the compressed kernel reaches past the end of the file")
    return data[header.payload_offset : end]
