"""What is written reads back as it was, whatever the formats on the way."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.engine.flattened_writer import FlattenedOutput
from kdive.engine.kinds import PageKind
from kdive.engine.output import FileOutput
from kdive.engine.reassemble import reassemble
from kdive.engine.split import write_split
from kdive.engine.write import write_dump
from kdive.formats.record import ByteOrder
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, prstatus_note
from tests.engine.copying import copy, pages_of, quick, windows

CODECS = ("zstd", "zlib", "lzo", "snappy", "")

contents = st.one_of(
    st.just(b""),
    st.binary(min_size=1, max_size=40),
    st.integers(0, 1 << 32).map(lambda seed: (seed.to_bytes(5, "little") * 820)[:PAGE_SIZE]),
    st.binary(min_size=PAGE_SIZE, max_size=PAGE_SIZE),  # does not shrink
)
machines = st.dictionaries(st.one_of(st.integers(0, 40), st.integers(32760, 32780)), contents, min_size=1, max_size=24)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def padded(pages: Mapping[int, bytes]) -> dict[int, bytes]:
    return {pfn: content.ljust(PAGE_SIZE, b"\0") for pfn, content in pages.items()}


def memory_of(dump: Dump) -> set[int]:
    """Addresses of all pages that the machine had."""
    return {
        address
        for segment in dump.segments()
        for address in range(segment.physical, segment.physical + segment.size, PAGE_SIZE)
    }


@few
@given(pages=machines, before=st.sampled_from(CODECS), after=st.sampled_from(CODECS), level=st.integers(0, 1))
def test_pages_are_the_same_after_any_change_of_compression(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[int, bytes], before: str, after: str, level: int
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_kdump(pages, codec=before, ram=range(60), notes=prstatus_note(1, {})))
    result = copy(folder / "in", folder / "out", quick(compression=after, level=level))
    assert result.incomplete == ""
    assert result.zero + result.kept == len(pages)
    assert pages_of(folder / "out") == padded(pages)
    with open_dump(folder / "in") as old, open_dump(folder / "out") as new:
        assert new.segments() == old.segments()
        assert new.notes == old.notes
        assert new.vmcoreinfo_text == old.vmcoreinfo_text
        assert new.identity == old.identity


@few
@given(pages=machines, dropped=st.integers(1, 8))
def test_compressed_to_elf_and_back_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[int, bytes], dropped: int
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_kdump(pages, ram=range(60)))
    copy(folder / "in", folder / "elf", quick(format="elf", level=0, dropped_run_pages=dropped))
    assert pages_of(folder / "elf") == padded(pages)
    copy(folder / "elf", folder / "out", quick(level=0))
    assert pages_of(folder / "out") == padded(pages)
    with open_dump(folder / "in") as old, open_dump(folder / "elf") as new:
        assert new.vmcoreinfo_text == old.vmcoreinfo_text
        assert memory_of(new) == memory_of(old)


@few
@given(pages=machines)
def test_flattened_stream_holds_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[int, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_kdump(pages))
    copy(folder / "in", folder / "file", quick())
    with open_dump(folder / "in") as dump, open(folder / "stream", "wb") as stream:
        write_dump(open_memory(dump), windows(dump), FlattenedOutput(stream), quick())
    assert pages_of(folder / "stream") == padded(pages)
    with open_dump(folder / "stream") as dump:
        assert dump.container.incomplete == ""
    assert rearranged((folder / "stream").read_bytes()) == (folder / "file").read_bytes()


def rearranged(stream: bytes) -> bytes:
    """The file that a flattened stream describes, put together record by record."""
    file = io.BytesIO()
    position = 4096
    while (offset := int.from_bytes(stream[position : position + 8], "big", signed=True)) >= 0:
        size = int.from_bytes(stream[position + 8 : position + 16], "big")
        file.seek(offset)
        file.write(stream[position + 16 : position + 16 + size])
        position += 16 + size
    return file.getvalue()


@few
@given(pages=machines, parts=st.integers(1, 4))
def test_parts_put_together_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, pages: dict[int, bytes], parts: int
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_kdump(pages))
    (folder / "set").mkdir()
    paths = [folder / "set" / f"part{number}" for number in range(parts)]
    with open_dump(folder / "in") as dump:
        assert write_split(open_memory(dump), windows(dump), paths, quick()).incomplete == ""
    assert pages_of(paths[-1]) == padded(pages)
    with FileOutput(folder / "whole") as output:
        assert reassemble(paths[::-1], output, sync=False) == ""
    assert pages_of(folder / "whole") == padded(pages)
    with open_dump(folder / "whole") as dump:
        assert dump.container.parts == 1


@few
@given(
    pages=machines,
    kinds=st.dictionaries(st.integers(0, 40), st.sampled_from(sorted(set(PageKind) - {PageKind.HOLE}))),
    levels=st.tuples(st.integers(0, 31), st.integers(0, 31)),
    format_=st.sampled_from(["kdump", "elf"]),
)
def test_higher_level_keeps_a_subset(
    tmp_path_factory: pytest.TempPathFactory,
    pages: dict[int, bytes],
    kinds: dict[int, PageKind],
    levels: tuple[int, int],
    format_: str,
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_kdump(pages))
    low, high = levels[0], levels[0] | levels[1]
    for level in {low, high}:
        copy(folder / "in", folder / str(level), quick(level=level, format=format_, dropped_run_pages=1), kinds)
    kept = pages_of(folder / str(low))
    assert pages_of(folder / str(high)).items() <= kept.items()
    assert kept.items() <= padded(pages).items()


@pytest.mark.parametrize(("word_size", "order", "machine"), [(8, ">", "s390x"), (4, "<", "i686"), (4, "<", "armv7l")])
def test_other_machines_keep_byte_order_and_word_size(
    tmp_path: Path, word_size: int, order: ByteOrder, machine: str
) -> None:
    pages = {3: b"three", 9: bytes(8), 12: b"twelve" * 500}
    aligned = machine == "armv7l"
    (tmp_path / "in").write_bytes(
        build_kdump(pages, word_size=word_size, order=order, machine=machine, aligned=aligned)
    )
    copy(tmp_path / "in", tmp_path / "out", quick(level=1))
    assert pages_of(tmp_path / "out") == padded(pages)
    with open_dump(tmp_path / "in") as old, open_dump(tmp_path / "out") as new:
        assert (new.word_size, new.order, new.arch) == (old.word_size, old.order, old.arch)
        assert new.vmcoreinfo == old.vmcoreinfo


def test_large_pages_cross_batches(tmp_path: Path) -> None:
    size = 65536
    pages = {pfn: bytes([pfn]) * size for pfn in range(150)}
    (tmp_path / "in").write_bytes(build_kdump(pages, page_size=size, codec="lzo", machine="ppc64le"))
    for jobs in (1, 3):
        result = copy(tmp_path / "in", tmp_path / f"out{jobs}", quick(jobs=jobs))
        assert (result.zero, result.kept) == (1, 149)
        assert pages_of(tmp_path / f"out{jobs}") == pages
    assert (tmp_path / "out1").read_bytes() == (tmp_path / "out3").read_bytes()


def test_elf_of_a_machine_with_memory_that_ends_within_a_page(tmp_path: Path) -> None:
    data = bytearray(build_elf({0: b"first", 1: b"second" * 600}))
    phdr = 64 + 56  # the program header of the only segment
    for member in (32, 40):  # p_filesz, p_memsz
        data[phdr + member : phdr + member + 8] = (PAGE_SIZE + 100).to_bytes(8, "little")
    (tmp_path / "in").write_bytes(data)
    copy(tmp_path / "in", tmp_path / "out", quick(level=0))
    second = (b"second" * 600)[:100].ljust(PAGE_SIZE, b"\0")
    assert pages_of(tmp_path / "out") == {0: b"first".ljust(PAGE_SIZE, b"\0"), 1: second}
