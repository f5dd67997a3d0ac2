"""Kernel images, built as small as they can be recognised."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_ALIGNED = 512
_PE_AT = 0x80
_DIRECTORIES = 16


def portable(sections: Mapping[str, bytes], machine: int = 0x8664, signed: bool = False, first: bytes = b"MZ") -> bytes:
    """A portable executable that begins with `first`."""
    optional = 112 + _DIRECTORIES * 8
    table = _PE_AT + 24 + optional
    at = -(-(table + 40 * len(sections)) // _ALIGNED) * _ALIGNED
    headers, bodies = b"", b""
    for name, data in sections.items():
        size = -(-len(data) // _ALIGNED) * _ALIGNED
        headers += struct.pack("<8s6I2HI", name.encode(), len(data), 0, size, at + len(bodies), 0, 0, 0, 0, 0)
        bodies += data.ljust(size, b"\0")
    end = at + len(bodies)
    directories = b"".join(struct.pack("<II", end, 8) if index == 4 and signed else bytes(8) for index in range(16))
    head = first.ljust(0x3C, b"\0") + struct.pack("<I", _PE_AT)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, optional, 0)
    body = head.ljust(_PE_AT, b"\0") + coff + struct.pack("<H", 0x20B).ljust(112, b"\0") + directories + headers
    return body.ljust(at, b"\0") + bodies + (bytes(8) if signed else b"")


def unified(sections: Mapping[str, bytes], signed: bool = False) -> bytes:
    """A unified kernel image for x86_64."""
    return portable(sections, signed=signed)


def x86(version: str = "6.1.0-test", size: int = 4096, cmdline_limit: int = 2047, init_size: int = 0) -> bytes:
    """A bzImage with nothing behind its header."""
    image = bytearray(size)
    image[0x1FE:0x206] = struct.pack("<HH4s", 0xAA55, 0, b"HdrS")
    struct.pack_into("<H", image, 0x20E, 0x400 - 0x200)
    image[0x236:0x238] = struct.pack("<H", 1)
    struct.pack_into("<I", image, 0x238, cmdline_limit)
    struct.pack_into("<I", image, 0x260, init_size)
    text = f"{version} (builder@host) #1".encode()
    image[0x400 : 0x400 + len(text)] = text
    return bytes(image)


def arm64(version: str = "6.12.0-test", signed: bool = False, size: int = 4096) -> bytes:
    """An Image, which is an EFI program too."""
    body = f"\0Linux version {version} (builder@host)\0".encode()
    image = bytearray(portable({".text": body.ljust(size, b"\0")}, 0xAA64, signed))
    struct.pack_into("<Q", image, 16, 8192)  # image_size
    image[56:60] = b"ARM\x64"
    return bytes(image)


def zboot(payload: bytes, compression: str, signed: bool = False) -> bytes:
    """A kernel that unpacks itself under EFI."""
    image = bytearray(portable({".data": payload}, 0xAA64, signed))
    at = bytes(image).index(payload)
    image[4:56] = struct.pack("<4sIIQ32s", b"zimg", at, len(payload), 0, compression.encode())
    return bytes(image)
