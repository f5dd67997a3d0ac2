"""What is bound to fail is known before the kernel is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kdive.kexec.calls import FileFlag
from kdive.kexec.cmdline import Wanted
from kdive.kexec.image import Image
from kdive.kexec.plan import LoadError, Request, make_plan
from tests.kexec.fake import machine, state

IMAGE = Image("bzImage", "x86_64", b"k" * (8 << 20), cmdline_limit=100, memory=40 << 20)
KERNEL = Path("/boot/vmlinuz")


def refused(
    request: Request, image: Image = IMAGE, initrd_bytes: int = 1 << 20, crash_size: int = 256 << 20
) -> LoadError:
    with pytest.raises(LoadError) as error:
        make_plan(request, image, initrd_bytes, "ro", machine(), state(crash_size))
    return error.value


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (replace(IMAGE, arch="aarch64"), "a kernel for aarch64, and this machine is x86_64"),
        (replace(IMAGE, format="vmlinux"), "as the linker left it"),
        (replace(IMAGE, format="EFI program"), "without a kernel in it"),
    ],
)
def test_a_file_that_this_machine_cannot_start_is_refused_by_what_it_is(image: Image, words: str) -> None:
    assert words in refused(Request(KERNEL), image).message


def test_a_command_line_is_measured_against_what_the_image_takes() -> None:
    error = refused(Request(KERNEL, cmdline=Wanted("x" * 101)))
    assert error.message == "the command line has 101 bytes, and /boot/vmlinuz takes 100"
    assert make_plan(Request(KERNEL, cmdline=Wanted("x" * 100)), IMAGE, 1, "", machine(), state()).cmdline == "x" * 100


def test_a_capture_kernel_needs_a_reservation() -> None:
    assert "crashkernel=256M" in refused(Request(KERNEL, crash=True), crash_size=0).hint


def test_what_the_kernel_takes_once_unpacked_counts_not_the_size_of_its_file() -> None:
    error = refused(Request(KERNEL, crash=True), initrd_bytes=100 << 20, crash_size=128 << 20)
    assert error.message == "/boot/vmlinuz and its initramfs take 140 MB, and crashkernel= reserves 128 MB"
    assert make_plan(Request(KERNEL), IMAGE, 100 << 20, "", machine(), state(128 << 20)).crash is False


def test_flags_are_kept_where_loads_are_not_counted() -> None:
    wanted = Request(KERNEL, flags=FileFlag.DEBUG)
    assert make_plan(wanted, IMAGE, 1, "", machine(), state()).flags == FileFlag.DEBUG
    assert make_plan(wanted, IMAGE, 1, "", machine(), state(limit=5)).flags == FileFlag(0)


def test_a_32_bit_kernel_is_left_to_the_kernel_to_judge() -> None:
    image = replace(IMAGE, arch="i686")
    assert make_plan(Request(KERNEL), image, 1, "", machine(), state()).image is image
