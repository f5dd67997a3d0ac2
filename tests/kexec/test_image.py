"""Kernel images of every kind are recognised and unwrapped."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct
from collections.abc import Callable

import cramjam
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.kexec.image import recognise
from tests.kexec.images import arm64, portable, unified, x86, zboot


def lz4_legacy(data: bytes) -> bytes:
    blocks = (data[at : at + (8 << 20)] for at in range(0, len(data), 8 << 20))
    packed = [bytes(cramjam.lz4.compress_block(block, store_size=False)) for block in blocks]
    return b"\x02\x21\x4c\x18" + b"".join(struct.pack("<I", len(one)) + one for one in packed)


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "bzip2": bz2.compress,
    "lz4": lz4_legacy,
}


def test_a_bzimage_goes_to_the_loader_as_it_is() -> None:
    data = x86("6.1.0-18-amd64", cmdline_limit=2047, init_size=40 << 20)
    image = recognise(data)
    assert (image.name, image.arch, image.version) == ("bzImage", "x86_64", "6.1.0-18-amd64")
    assert (image.data, image.wrappings, image.cmdline_limit, image.need) == (data, (), 2047, 40 << 20)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_compressed_arm64_image_is_unpacked(compression: str) -> None:
    data = arm64("6.12.0-arm64")
    image = recognise(COMPRESSIONS[compression](data))
    assert image.name == f"arm64 Image in {compression}"
    assert (image.arch, image.version, image.data) == ("aarch64", "6.12.0-arm64", data)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_compressed_image_that_is_cut_short_is_refused_not_loaded_in_part(compression: str) -> None:
    packed = COMPRESSIONS[compression](arm64(size=1 << 16) + random.Random(1).randbytes(1 << 16))
    with pytest.raises(KdiveError, match="cut short"):
        recognise(packed[: len(packed) // 2])


@pytest.mark.parametrize(("named", "compression"), [("gzip", "gzip"), ("zstd22", "zstd"), ("xzkern", "xz")])
def test_a_zboot_kernel_is_unpacked_by_the_name_of_its_compression(named: str, compression: str) -> None:
    data = arm64()
    image = recognise(zboot(COMPRESSIONS[compression](data), named))
    assert (image.name, image.data) == ("arm64 Image in zboot", data)


def test_a_zboot_kernel_packed_otherwise_is_refused_by_that_name() -> None:
    with pytest.raises(KdiveError, match="compressed with lzo, which kdive cannot unpack"):
        recognise(zboot(b"payload", "lzo"))


def test_a_unified_image_gives_kernel_initramfs_and_command_line() -> None:
    kernel = x86()
    parts = {".linux": kernel, ".initrd": b"initrd", ".cmdline": b"root=/dev/vda1 ro\n\0", ".ucode": b"micro"}
    image = recognise(unified(parts))
    assert (image.name, image.data, image.cmdline) == ("bzImage in UKI", kernel, "root=/dev/vda1 ro")
    assert image.initrd == b"micro\0\0\0initrd"  # microcode comes first, each archive at a multiple of four


def test_a_zboot_kernel_in_a_unified_image_is_found() -> None:
    image = recognise(unified({".linux": zboot(gzip.compress(arm64()), "gzip")}))
    assert image.name == "arm64 Image in zboot in UKI"
    assert image.cmdline is None


@pytest.mark.parametrize(
    ("data", "lost"),
    [
        (unified({".linux": x86()}, signed=True), True),
        (unified({".linux": x86()}), False),
        (unified({".linux": arm64(signed=True)}, signed=True), False),  # the kernel inside has its own
        (zboot(gzip.compress(arm64()), "gzip", signed=True), True),
        (arm64(signed=True), False),
    ],
)
def test_a_signature_is_lost_where_only_the_outside_has_one(data: bytes, lost: bool) -> None:
    assert recognise(data).signature_lost is lost


def test_an_efi_program_without_a_kernel_is_told_from_one() -> None:
    assert recognise(portable({".text": b"shell"})).format == "EFI program"


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x1f\x8b", gzip.compress(b"no kernel"), b"\x7fELF"])
def test_what_is_no_kernel_is_refused(data: bytes) -> None:
    with pytest.raises(KdiveError):
        recognise(data)


def test_wrappings_without_end_are_refused() -> None:
    data = x86()
    for _ in range(6):
        data = gzip.compress(data)
    with pytest.raises(KdiveError, match="wrapped too many times"):
        recognise(data)


WHOLE = [unified({".linux": x86(), ".initrd": b"i" * 700}), zboot(gzip.compress(arm64()), "gzip"), x86(size=2048)]


@settings(deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_damaged_image_is_recognised_or_refused_but_nothing_else(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, 1024), max_size=6)):
        if at < len(damaged):
            damaged[at] ^= data.draw(st.integers(1, 255))
    try:
        image = recognise(bytes(damaged))
    except KdiveError:
        return
    assert image.format
