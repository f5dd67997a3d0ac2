"""Keys and passwords in pages are counted and placed; what only resembles them is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.engine.aes_schedule import expand, is_schedule
from kdive.engine.key_shapes import KeyShape, find_key_shapes
from kdive.memory.open import open_memory
from kdive.units import Address
from tests.build_dump import PAGE_SIZE, build_elf

PEM = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun\n"


def shapes_in(tmp_path: Path, *contents: bytes) -> tuple[KeyShape, ...]:
    path = tmp_path / "dump"
    path.write_bytes(build_elf({pfn: content.ljust(PAGE_SIZE, b"\0") for pfn, content in enumerate(contents)}))
    with open_dump(path) as dump:
        return find_key_shapes(open_memory(dump))


def test_a_schedule_is_that_of_the_standard() -> None:
    # FIPS 197, appendices A.1 and A.3: the last words
    assert expand(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))[-4:].hex() == "b6630ca6"
    long_key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    assert expand(long_key)[-4:].hex() == "706c631e"
    assert expand(bytes.fromhex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"))[-4:].hex() == "01002202"


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("swapped", [False, True])
def test_an_expanded_key_is_found_at_any_word(tmp_path: Path, size: int, swapped: bool) -> None:
    schedule = expand(random.Random(size).randbytes(size))
    if swapped:
        schedule = b"".join(schedule[at : at + 4][::-1] for at in range(0, len(schedule), 4))
    found = shapes_in(tmp_path, b"", bytes(52) + schedule)
    assert found == (KeyShape(f"AES-{8 * size} key schedule", 1, (Address(PAGE_SIZE + 52),)),)


def test_one_wrong_bit_makes_it_no_schedule() -> None:
    schedule = bytearray(expand(bytes(range(16))))
    schedule[100] ^= 1
    assert not is_schedule(bytes(schedule), 4)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("private key (PEM)", PEM),
        ("private key (OpenSSH)", b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none"),
        ("private key (DER)", bytes.fromhex("308204a40201000282010100bb549494")),
        ("JSON web token", b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
        ("bearer token", b"Authorization: Bearer 0123456789abcdefABCDEF"),
        ("password in a text", b"user=root&password=correct-horse"),
        ("password in a text", b"MYSQL_PASSWORD=hunter22\0"),
    ],
)
def test_a_text_that_is_a_secret_is_found_where_it_lies(tmp_path: Path, name: str, content: bytes) -> None:
    found = shapes_in(tmp_path, b"", b"", bytes(100) + content)
    (shape,) = found
    assert (shape.name, shape.count) == (name, 1)
    assert 2 * PAGE_SIZE + 100 <= shape.places[0] < 2 * PAGE_SIZE + 100 + len(content)


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n",
        b"-----BEGIN PRIVATE KEY-----\0",
        b"password=%s\0passwd=\0password=<your password>",
        b"eyJ and nothing else",
        bytes.fromhex("308204a50201000282010100d71e77828c9231e76902a2d55cdea20c"),  # crypto/testmgr.h
        b"X" * PAGE_SIZE,
        bytes(PAGE_SIZE),
        bytes(range(256)) * 16,
    ],
)
def test_what_only_begins_like_one_is_not_counted(tmp_path: Path, content: bytes) -> None:
    assert shapes_in(tmp_path, content) == ()


def test_of_many_places_only_the_first_are_named(tmp_path: Path) -> None:
    (shape,) = shapes_in(tmp_path, *[PEM] * 40)
    assert shape.count == 40
    assert len(shape.places) == 32
