"""How files begin that are often given in place of a dump, and what to do with each."""

from __future__ import annotations

from dataclasses import dataclass

_CAPTURE_AGAIN = "capture it with kdump, or with `virsh dump --memory-only --format elf`"
_CONVERT = "kdive reads ELF and kdump-compressed dumps; convert it with the tool that wrote it"


@dataclass(frozen=True)
class FileKind:
    """One kind of file: `magic` at `offset`."""

    offset: int  # bytes
    magic: bytes
    what: str
    hint: str
    packed: str = ""  # how to unpack it, where something else is inside


FILE_KINDS = (
    FileKind(0, b"\x1f\x8b", "gzip", "", "gunzip"),
    FileKind(0, b"\xfd7zXZ\0", "xz", "", "unxz"),
    FileKind(0, b"BZh", "bzip2", "", "bunzip2"),
    FileKind(0, b"\x28\xb5\x2f\xfd", "zstd", "", "unzstd"),
    FileKind(0, b"\x04\x22\x4d\x18", "lz4", "", "unlz4"),
    FileKind(0, b"PK\x03\x04", "zip", "", "unzip"),
    FileKind(0, b"7z\xbc\xaf\x27\x1c", "7z", "", "7z x"),
    FileKind(257, b"ustar", "tar", "", "tar xf"),
    FileKind(0, b"\xed\xab\xee\xdb", "an RPM package", "name the vmcore, not a package"),
    FileKind(0, b"!<arch>\ndebian", "a Debian package", "name the vmcore, not a package"),
    FileKind(0, b"!<arch>\n", "an ar archive", "name the vmcore"),
    FileKind(0, b"\xed\x23\x8f\x61\x73\x01\x19\xa8", "an LKCD dump", _CONVERT),
    FileKind(0, b"\xa8\x19\x01\x73\x61\x8f\x23\xed", "an LKCD dump", _CONVERT),
    FileKind(
        0,
        b"\xa8\x19\x01\x73\x61\x8f\x23\xfd",
        "an s390 stand-alone dump",
        "convert it on the machine: zgetdump --fmt elf",
    ),
    FileKind(0, b"sadump\0\0", "a Fujitsu sadump dump", "convert it: makedumpfile -x VMLINUX -d 31 FILE vmcore"),
    FileKind(0, b"QEVM", "a QEMU migration stream (state of a virtual machine, not a dump)", _CAPTURE_AGAIN),
    FileKind(0, b"LibvirtQemudSave", "a saved virtual machine of libvirt, not a dump", _CAPTURE_AGAIN),
    FileKind(0, b"LibvirtQemudPart", "an unfinished save of a virtual machine of libvirt", _CAPTURE_AGAIN),
    FileKind(0, b"LinuxGuestRecord", "a saved Xen guest, not a dump", "dump the guest with `xl dump-core`"),
    FileKind(0, b"QFI\xfb", "a qcow2 disk image", "the dump may lie in the disk's /var/crash"),
    FileKind(0, b"KDMV", "a VMware disk image", "the dump may lie in the disk's /var/crash"),
    FileKind(0, b"\xd0\xbe\xd0\xbe", "a VMware snapshot (vmss or vmsn)", "convert it with VMware's vmss2core -N6"),
    FileKind(0, b"\xd2\xbe\xd2\xbe", "a VMware snapshot (vmss or vmsn)", "convert it with VMware's vmss2core -N6"),
    FileKind(0, b"\xd3\xbe\xd3\xbe", "a VMware snapshot (vmss or vmsn)", "convert it with VMware's vmss2core -N6"),
    FileKind(0, b"PAGEDU64", "a Windows crash dump", "open it with WinDbg: kdive knows Linux kernels"),
    FileKind(0, b"PAGEDUMP", "a Windows crash dump", "open it with WinDbg: kdive knows Linux kernels"),
    FileKind(0, b"MDMP", "a Windows minidump", "open it with WinDbg: kdive knows Linux kernels"),
    FileKind(0x202, b"HdrS", "a bootable kernel image (vmlinuz)", "name the vmcore; the kernel itself is not needed"),
    FileKind(56, b"ARMd", "a bootable arm64 kernel image", "name the vmcore; the kernel itself is not needed"),
    FileKind(0, b"SQLite format 3\0", "a SQLite database", "name a vmcore or a kernel log"),
    FileKind(0, b"LPKSHHRH", "a systemd journal", "export the kernel's log: journalctl -k -b -1 > kernel.log"),
)
HEAD_BYTES = 4096  # enough for all of them
