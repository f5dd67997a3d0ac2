"""The header of an x86 kernel image.

Source: the kernel's Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
"""

from __future__ import annotations

from dataclasses import dataclass

from kdive.formats.record import U8, U16, U32, U64, Record

_HEADER_AT = 0x1F1
_MAGIC_AT, _MAGIC = 0x202, b"HdrS"
_SECTOR = 512
_VERSION_LIMIT = 512
_XLF_KERNEL_64 = 1  # bit of xloadflags
_OLD_CMDLINE_LIMIT = 255  # bytes; before protocol 2.06


class SetupHeader(Record, source="Documentation/arch/x86/boot.rst, struct setup_header"):
    setup_sects: U8
    root_flags: U16
    syssize: U32
    ram_size: U16
    vid_mode: U16
    root_dev: U16
    boot_flag: U16
    jump: U16
    header: U32
    version: U16  # of the boot protocol: 0x020f is 2.15
    realmode_swtch: U32
    start_sys_seg: U16
    kernel_version: U16  # offset of the text, less 0x200
    type_of_loader: U8
    loadflags: U8
    setup_move_size: U16
    code32_start: U32
    ramdisk_image: U32
    ramdisk_size: U32
    bootsect_kludge: U32
    heap_end_ptr: U16
    ext_loader_ver: U8
    ext_loader_type: U8
    cmd_line_ptr: U32
    initrd_addr_max: U32
    kernel_alignment: U32
    relocatable_kernel: U8
    min_alignment: U8
    xloadflags: U16
    cmdline_size: U32  # bytes of command line that the kernel takes, without the NUL
    hardware_subarch: U32
    hardware_subarch_data: U64
    payload_offset: U32
    payload_length: U32
    setup_data: U64
    pref_address: U64
    init_size: U32


@dataclass(frozen=True)
class BzImage:
    """What a bzImage says of itself."""

    version: str  # "6.1.0-56-cloud-amd64 (builder@host) #1 SMP …", "" when it does not say
    sixty_four_bits: bool
    relocatable: bool
    cmdline_limit: int  # bytes, without the NUL
    init_size: int  # bytes of memory from the start of the kernel on, to unpack itself


def is_bzimage(data: bytes) -> bool:
    """Whether `data` begins an x86 kernel image."""
    return data[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def read_bzimage(data: bytes) -> BzImage:
    """The image that `data` holds. Raises DumpDamagedError when it is cut short."""
    header = SetupHeader.read(data, _HEADER_AT, "<")
    return BzImage(
        version=_version(data, header),
        sixty_four_bits=bool(header.xloadflags & _XLF_KERNEL_64),
        relocatable=bool(header.relocatable_kernel),
        cmdline_limit=header.cmdline_size or _OLD_CMDLINE_LIMIT,
        init_size=header.init_size,
    )


def _version(data: bytes, header: SetupHeader) -> str:
    if not 0 < header.kernel_version < max(header.setup_sects, 4) * _SECTOR:
        return ""
    start = header.kernel_version + _SECTOR
    text = data[start : start + _VERSION_LIMIT].partition(b"\0")[0]
    return text.decode("ascii", "replace")
