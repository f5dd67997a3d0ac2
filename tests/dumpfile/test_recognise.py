"""What an input is, named in one line with a hint."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from kdive.dumpfile.open import open_dump
from kdive.dumpfile.recognise import recognise
from kdive.errors import DumpError
from kdive.formats.record import ByteOrder
from tests.build_dump import build_elf, build_kdump, flatten

PAGES = {1: b"page"}
LOG = "[    0.000000] Linux version 6.1.0\n[   12.345678] BUG: kernel NULL pointer dereference, address: 18\n"


def write(tmp_path: Path, data: bytes | str, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    "data", [build_kdump(PAGES), build_elf(PAGES), flatten(build_elf(PAGES)), build_kdump(PAGES, signature=b"DISKDUMP")]
)
def test_every_container_is_a_dump(tmp_path: Path, data: bytes) -> None:
    assert recognise(write(tmp_path, data)).kind == "dump"


def test_the_sample_and_its_console_are_a_dump_and_a_log(sample_vmcore: Path, sample_console: Path) -> None:
    assert recognise(sample_vmcore).kind == "dump"
    assert recognise(sample_console).kind == "log"


@pytest.mark.parametrize(
    "text",
    [
        LOG,
        "<6>[    1.000000] x: y\n",
        "[    1.000000][    T1] x: y\n",
        "Nov 23 10:00:00 host kernel: x: y\n",
        "2026-11-23T10:00:00.123456+00:00 host kernel: x: y\n",
        "[Mon Nov 23 10:00:00 2026] x: y\n",
        "Panic#2 Part1\nCall Trace:\n",
        "Kernel panic - not syncing: Attempted to kill init!\n",
        '{"_TRANSPORT" : "kernel", "MESSAGE" : "x"}\n',
        "login: \r\n" + "x" * 600000 + "\n[    1.000000] x: y\n",
        "\0\x80\xff" * 3 + LOG * 5,
    ],
)
def test_kernel_logs_of_every_kind_are_logs(tmp_path: Path, text: str) -> None:
    assert recognise(write(tmp_path, text.encode("latin-1"))).kind == "log"


def test_stored_facts_and_reports_are_told_apart(tmp_path: Path) -> None:
    filler = ' "text": "' + "x" * 3_000_000 + '",'
    assert recognise(write(tmp_path, '{"schema": "kdive-facts/1"}')).kind == "facts"
    assert recognise(write(tmp_path, "{" + filler + '"schema":"kdive-facts/1",' + filler + '"z":1}')).kind == "facts"
    found = recognise(write(tmp_path, '{"schema": "kdive-report/1", "facts": {"schema": "kdive-facts/1"}}'))
    assert (found.kind, found.what) == ("other", "a report that kdive wrote")


BZIMAGE = bytes(0x202) + b"HdrS" + bytes(1000)


@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (b"", "an empty file", "never written"),
        (bytes(100_000), "a file of zeros", "never written"),
        (BZIMAGE, "a bootable kernel image (vmlinuz)", "vmcore"),
        (b"QEVM\0\0\0\3", "a QEMU migration stream (state of a virtual machine, not a dump)", "--memory-only"),
        (b"LibvirtQemudSave\2\0\0\0", "a saved virtual machine of libvirt, not a dump", "--memory-only"),
        (b"QFI\xfb\0\0\0\3", "a qcow2 disk image", "/var/crash"),
        (b"sadump\0\0" + bytes(100), "a Fujitsu sadump dump", "makedumpfile"),
        (bytes.fromhex("ed238f61730119a8") + bytes(50), "an LKCD dump", "convert"),
        (bytes.fromhex("a8190173618f23fd") + bytes(50), "an s390 stand-alone dump", "zgetdump"),
        (bytes.fromhex("d2bed2be") + bytes(50), "a VMware snapshot (vmss or vmsn)", "vmss2core"),
        (b"PAGEDU64" + bytes(50), "a Windows crash dump", "WinDbg"),
        (bytes.fromhex("edabeedb0300"), "an RPM package", "vmcore"),
        (b"!<arch>\ndebian-binary   ", "a Debian package", "vmcore"),
        (b"just some words\n", "a text without a kernel log in it", "--console"),
        (b'{"a": 1}', "a JSON file that kdive did not write", "vmcore"),
        (bytes(range(256)) * 100, "data of no format that is known here", "complete"),
        (b"\x7fELF\2\1\1", "the ELF identification is damaged or cut short", "complete"),
    ],
)
def test_other_files_are_named_with_a_hint(tmp_path: Path, data: bytes, what: str, hint: str) -> None:
    path = write(tmp_path, data)
    found = recognise(path)
    assert (found.kind, found.what) == ("other", what)
    assert hint in found.hint
    with pytest.raises(DumpError) as caught:
        open_dump(path)
    assert what in caught.value.message


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)])
def test_a_packed_dump_is_told_from_a_packed_log(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    assert recognise(write(tmp_path, pack(build_kdump(PAGES)))).what == f"a {name}-packed kernel dump"
    assert recognise(write(tmp_path, pack(LOG.encode()))).what == f"a {name}-packed kernel log"
    assert recognise(write(tmp_path, pack(b"else"))).what == f"a {name} file"


def test_a_zstd_packed_dump_and_a_tar_name_the_way_to_unpack_them(tmp_path: Path) -> None:
    path = write(tmp_path, zstandard.compress(build_elf(PAGES)))
    assert recognise(path).what == "a zstd-packed kernel dump"
    assert recognise(path).hint == f"unpack it first: unzstd {path}"
    with tarfile.open(tmp_path / "crash.tar", "w") as tar:
        tar.add(path, "vmcore")
    assert recognise(tmp_path / "crash.tar").what == "a tar file"


def test_elf_files_that_are_no_core_are_named(tmp_path: Path, sample_module: Path) -> None:
    assert recognise(sample_module).what == "a kernel module"
    program = build_elf({0: b""}, e_type=3)
    assert recognise(write(tmp_path, program)).what == "a program or shared library, not a dump"


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_vmlinux_is_known_by_its_sections(tmp_path: Path, order: ByteOrder) -> None:
    from kdive.formats import elf

    names = b"\0__ksymtab\0.shstrtab\0"
    ident = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    ehdr = elf.Ehdr64(ident, 2, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, 1, 0)
    shdr = elf.Shdr64(0, 3, 0, 0, 128, len(names), 0, 0, 1, 0)
    path = write(tmp_path, ehdr.pack(order) + shdr.pack(order) + names)
    assert recognise(path).what == "a vmlinux, the kernel itself"
    assert "--vmlinux" in recognise(path).hint


def test_what_is_no_regular_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert recognise(tmp_path / "fifo").what == "a named pipe"
    with pytest.raises(DumpError, match="a named pipe"):
        open_dump(tmp_path / "fifo")
    (tmp_path / "gone").symlink_to("nowhere")
    assert recognise(tmp_path / "gone").what == "a symbolic link to nowhere (nowhere)"
    assert recognise(tmp_path / "missing").what == "no such file"
    assert recognise(Path("/dev/null")).what == "a character device"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert recognise(tmp_path / "socket").what == "a socket"


def test_a_path_that_no_file_can_have_is_an_error(tmp_path: Path) -> None:
    for path in (Path("a\0b"), tmp_path / ("x" * 5000)):
        assert recognise(path).kind == "other"
        with pytest.raises(DumpError):
            open_dump(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_hints_at_sudo(tmp_path: Path) -> None:
    path = write(tmp_path, build_kdump(PAGES))
    path.chmod(0)
    assert "sudo" in recognise(path).hint
