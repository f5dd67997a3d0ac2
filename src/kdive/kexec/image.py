"""Kernel images as they lie on disks, and what the kernel's loader takes of them.

A unified kernel image holds kernel, initramfs and command line in one executable; zboot and gzip hold a compressed
kernel. The loader of x86 takes a bzImage, that of arm64 an Image: everything else is unwrapped first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kdive.errors import KdiveError
from kdive.formats import bzimage, linux_image, pe
from kdive.formats.machines import of_elf
from kdive.kexec.unpack import compression_of, unpack

_BANNER = re.compile(rb"Linux version ([!-~]{1,64}) ")
_ELF_MAGIC = b"\x7fELF"
_S390_MAGIC_AT, _S390_MAGIC = 0x10008, b"S390EP"
_MODULE_SIGNATURE = b"~Module signature appended~\n"  # how kernels of s390x and ppc64le are signed
_DEPTH = 4  # wrappings within each other: a zboot in a UKI is two


@dataclass(frozen=True)
class Image:
    """A kernel, unwrapped."""

    format: str  # of the kernel inside: "bzImage", "Image", "vmlinux", "EFI program"
    arch: str  # as `uname -m` prints it, "" when it does not say
    data: bytes  # what goes to the loader
    version: str = ""  # "6.1.0-56-cloud-amd64", "" when it does not say
    signed: bool = False  # the kernel inside; whether the signature is good is the running kernel's to say
    signature_lost: bool = False  # the file was signed, what goes to the loader is not
    wrappings: tuple[str, ...] = ()  # the outermost first: "UKI", "zboot", "gzip"
    initrd: bytes = b""  # of a UKI
    cmdline: str | None = None  # of a UKI that has one
    cmdline_limit: int | None = None  # bytes, where the image says so
    memory: int = 0  # bytes that it takes once it is loaded, where the image says so

    @property
    def need(self) -> int:
        """Bytes of memory that it takes at least, its own initramfs included."""
        return max(len(self.data), self.memory) + len(self.initrd)

    @property
    def name(self) -> str:
        """ "bzImage", "arm64 Image in a zboot in a UKI"."""
        return " in ".join([self.format, *reversed(self.wrappings)])


def recognise(data: bytes) -> Image:
    """The kernel in the file `data`. Raises KdiveError for what holds none."""
    return _recognise(data, _DEPTH)


def _recognise(data: bytes, depth: int) -> Image:
    if depth == 0:
        raise KdiveError("the kernel is wrapped too many times", hint="give the kernel itself")
    if bzimage.is_bzimage(data):
        return _bzimage(data)
    if linux_image.is_zboot(data):
        payload = linux_image.zboot_payload(data)
        name = linux_image.ZbootHeader.read(data, 0, "<").compression.partition(b"\0")[0].decode("ascii", "replace")
        return _wrapped(data, "zboot", _recognise(unpack(payload, _zboot_compression(name)), depth - 1))
    if pe.is_pe(data):
        return _pe(data, depth)
    if compression := compression_of(data):
        return _wrapped(data, compression, _recognise(unpack(data, compression), depth - 1))
    return _plain(data)


def _bzimage(data: bytes) -> Image:
    header = bzimage.read_bzimage(data)
    return Image(
        format="bzImage",
        arch="x86_64" if header.sixty_four_bits else "i686",
        data=data,
        version=header.version.partition(" ")[0],
        signed=_signed(data),
        cmdline_limit=header.cmdline_limit,
        memory=header.init_size,
    )


def _pe(data: bytes, depth: int) -> Image:
    program = pe.read_pe(data)
    kernel = program.section(data, ".linux")
    if kernel is not None:
        inner = _recognise(kernel, depth - 1)
        cmdline = program.section(data, ".cmdline")
        return replace(
            _wrapped(data, "UKI", inner),
            initrd=_padded(program.section(data, ".ucode")) + (program.section(data, ".initrd") or b""),
            cmdline=None if cmdline is None else cmdline.rstrip(b"\0\n").decode("utf-8", "surrogateescape").strip(),
            version=inner.version or _text(program.section(data, ".uname")),
        )
    if arch := linux_image.arch_of(data):
        return _image(data, arch)
    return Image(format="EFI program", arch=program.arch, data=data, signed=program.signed)


def _plain(data: bytes) -> Image:
    if arch := linux_image.arch_of(data):
        return _image(data, arch)
    if data.startswith(_ELF_MAGIC) and len(data) > 64:
        little = data[5] == 1  # ELFDATA2LSB
        e_machine = int.from_bytes(data[18:20], "little" if little else "big")
        arch, _ = of_elf(e_machine, 8 if data[4] == 2 else 4, "<" if little else ">")
        return Image(format="vmlinux", arch=arch, data=data, version=_banner(data), signed=_signed(data))
    if data[_S390_MAGIC_AT : _S390_MAGIC_AT + len(_S390_MAGIC)] == _S390_MAGIC:
        return Image(format="s390x Image", arch="s390x", data=data, version=_banner(data), signed=_signed(data))
    raise KdiveError(
        "this is no kernel that could be loaded", hint="give the vmlinuz, Image or UKI that the boot loader loads"
    )


def _image(data: bytes, arch: str) -> Image:
    name = {"aarch64": "arm64 Image", "riscv64": "riscv Image"}[arch]
    size = linux_image.LinuxImageHeader.read(data, 0, "<").image_size
    return Image(format=name, arch=arch, data=data, version=_banner(data), signed=_signed(data), memory=size)


def _wrapped(outer: bytes, wrapping: str, inner: Image) -> Image:
    return replace(
        inner,
        wrappings=(wrapping, *inner.wrappings),
        signature_lost=inner.signature_lost or (_signed(outer) and not inner.signed),
    )


def _signed(data: bytes) -> bool:
    return data.endswith(_MODULE_SIGNATURE) or (pe.is_pe(data) and pe.read_pe(data).signed)


def _zboot_compression(name: str) -> str:
    """zboot names the rule of the kernel's build that packed it: "zstd22", "xzkern"."""
    return next((known for known in ("gzip", "zstd", "xz", "lzma", "lz4") if name.startswith(known)), name)


def _padded(data: bytes | None) -> bytes:
    """`data` so that another archive may follow it: each starts at a multiple of four."""
    return data + bytes(-len(data) % 4) if data else b""


def _text(data: bytes | None) -> str:
    return (data or b"").rstrip(b"\0\n").decode("ascii", "replace")


def _banner(data: bytes) -> str:
    found = _BANNER.search(data)
    return found.group(1).decode() if found else ""
