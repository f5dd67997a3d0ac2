"""Damaged dumps: a result or a KdiveError, soon, and in little memory; never another exception."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.dumpfile.info import describe
from kdive.dumpfile.open import open_dump
from kdive.dumpfile.recognise import recognise
from kdive.errors import KdiveError, ReadError
from tests.build_dump import PAGE_SIZE, VMCOREINFO, build_elf, build_kdump, flatten, note, prstatus_note, split_kdump

PAGES = {pfn: b"page %d " % pfn * 100 for pfn in range(1, 40, 2)} | {41: VMCOREINFO.encode()}
NOTES = prstatus_note(1, {"rip": 1}) + note("QEMU", 0, bytes(64))
SEEDS: dict[str, bytes] = {
    **{codec: build_kdump(PAGES, codec=codec, notes=NOTES) for codec in ("zlib", "lzo", "snappy", "zstd", "")},
    "oldest": build_kdump(PAGES, version=1),
    "arm": build_kdump(PAGES, word_size=4, aligned=True, machine="armv7l"),
    "part": split_kdump(PAGES, [20])[1],
    "elf": build_elf(PAGES, notes=NOTES, excluded=range(50, 60)),
    "elf32": build_elf(PAGES, word_size=4, order=">", e_machine=20, xnum=True),
    "flattened kdump": flatten(build_kdump(PAGES), record_size=3000),
    "flattened elf": flatten(build_elf(PAGES), record_size=5000),
}
TIME_LIMIT_S = 5.0
PAGES_READ = 64


def use(path: Path) -> int:
    """Does with the file all that is done with a dump; returns how many pages could be read."""
    recognise(path)
    read = 0
    with open_dump(path) as dump:
        describe(dump)
        cpu_registers(dump)
        addresses: list[int] = [segment.physical for segment in dump.segments()[:PAGES_READ]]
        for segment in dump.segments()[:8]:
            addresses += range(segment.physical, segment.physical + min(segment.size, PAGES_READ << 12), PAGE_SIZE)
        addresses += [0, 2**52, 2**63, 2**64 - 4096]
        for address in addresses:
            try:
                assert len(dump.read_physical(address, 100)) == 100
                read += 1
            except ReadError:
                pass
        with suppress(ReadError):
            sum(size for _, size in islice(dump.kept_ranges(), 1000))
    return read


def survives(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    start = time.process_time()
    try:
        use(path)
    except KdiveError as error:
        assert error.message
    assert time.process_time() - start < TIME_LIMIT_S


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "vmcore"


quickly = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_undamaged_dumps_can_be_read(place: Path, seed: str) -> None:
    place.write_bytes(SEEDS[seed])
    assert use(place) >= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dump_cut_at_every_64th_is_survived(place: Path, seed: str) -> None:
    for part in range(64):
        survives(place, SEEDS[seed][: len(SEEDS[seed]) * part // 64])


@quickly
@given(seed=st.sampled_from(sorted(SEEDS)), data=st.data())
def test_flipped_bytes_are_survived(place: Path, seed: str, data: st.DataObject) -> None:
    content = bytearray(SEEDS[seed])
    positions = st.integers(0, min(len(content), 6 * PAGE_SIZE) - 1)
    for position, value in data.draw(st.lists(st.tuples(positions, st.integers(0, 255)), min_size=1, max_size=12)):
        content[position] = value
    survives(place, bytes(content))


@quickly
@given(seed=st.sampled_from(sorted(SEEDS)), data=st.data())
def test_hostile_numbers_in_the_headers_are_survived(place: Path, seed: str, data: st.DataObject) -> None:
    content = bytearray(SEEDS[seed])
    hostile = st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
    words = st.integers(0, 3 * PAGE_SIZE // 4 - 3)
    for word, value in data.draw(st.lists(st.tuples(words, hostile), min_size=1, max_size=6)):
        struct.pack_into(data.draw(st.sampled_from("<>")) + "Q", content, word * 4, value)
    survives(place, bytes(content))


@quickly
@given(st.binary(max_size=6000), st.sampled_from([b"KDUMP   ", b"\x7fELF\2\1\1", b"makedumpfile\0\0\0\0", b""]))
def test_noise_behind_a_signature_is_survived(place: Path, noise: bytes, signature: bytes) -> None:
    survives(place, signature + noise)


def test_the_sample_with_flipped_bits_is_survived(tmp_path: Path, sample_vmcore: Path) -> None:
    content = bytearray(sample_vmcore.read_bytes())
    path = tmp_path / "vmcore"
    path.write_bytes(content)
    chance = random.Random(20261123)
    for _ in range(60):
        with open(path, "r+b") as file:
            position = chance.choice([chance.randrange(512), chance.randrange(40_000), chance.randrange(len(content))])
            file.seek(position)
            file.write(bytes([content[position] ^ 1 << chance.randrange(8)]))
        start = time.process_time()
        try:
            use(path)
        except KdiveError as error:
            assert error.message
        assert time.process_time() - start < TIME_LIMIT_S
        with open(path, "r+b") as file:
            file.seek(position)
            file.write(content[position : position + 1])


def test_the_sample_cut_at_every_64th_opens_as_incomplete(tmp_path: Path, sample_vmcore: Path) -> None:
    path = tmp_path / "vmcore"
    size = sample_vmcore.stat().st_size
    path.write_bytes(sample_vmcore.read_bytes())
    for part in range(63, 0, -1):
        with open(path, "r+b") as file:
            file.truncate(size * part // 64)
        use(path)
        with open_dump(path) as dump:
            assert "cut short" in dump.container.incomplete
            assert dump.identity.release == "5.10.0-32-cloud-amd64"
    with open(path, "r+b") as file:
        file.truncate(300)
    with pytest.raises(KdiveError, match="damaged or cut short"):
        open_dump(path)


def patched(data: bytes, *changes: tuple[str, int, int]) -> bytes:
    content = bytearray(data)
    for code, offset, value in changes:
        struct.pack_into(code, content, offset, value)
    return bytes(content)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "notes of 2^63 bytes": lambda: patched(SEEDS["zlib"], ("<Q", 4096 + 56, 2**63)),
    "vmcoreinfo of 2^64 bytes": lambda: patched(SEEDS["zlib"], ("<Q", 4096 + 40, 2**64 - 1)),
    "2^64 pages": lambda: patched(SEEDS["zlib"], ("<Q", 4096 + 96, 2**64 - 1)),
    "2^32 bitmap blocks": lambda: patched(SEEDS["zlib"], ("<I", 436, 2**32 - 1), ("<Q", 4096 + 96, 2**44)),
    "a sub header of 2^20 blocks": lambda: patched(SEEDS["zlib"], ("<I", 432, 2**20 - 1)),
    "blocks of 1 MiB": lambda: patched(SEEDS["zlib"], ("<I", 428, 1 << 20)),
    "notes without end": lambda: build_elf(PAGES, notes=note("LOOP", 0, b"") * 300_000),
    "a note of 2^32 bytes": lambda: patched(SEEDS["elf"], ("<I", 64 + 56 * 30, 2**32 - 1)),
    "a segment of 2^64 bytes": lambda: patched(SEEDS["elf"], ("<Q", 64 + 56 + 40, 2**64 - 1)),
    "a segment of 2^64 bytes in the file": lambda: patched(
        SEEDS["elf"], ("<Q", 64 + 56 + 40, 2**64 - 1), ("<Q", 64 + 56 + 32, 2**64 - 1)
    ),
    "a flattened record at 2^61": lambda: patched(SEEDS["flattened kdump"], (">Q", 4096, 2**61)),
    "a bitmap of noise": lambda: build_kdump({}, ram=range(0, 1 << 20, 2)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_cost_neither_time_nor_memory(tmp_path: Path, name: str) -> None:
    data = HOSTILE[name]()
    tracemalloc.start()
    try:
        survives(tmp_path / "vmcore", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20
