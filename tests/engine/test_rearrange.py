"""Flattened streams put in order."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.dumpfile.open import open_dump
from kdive.engine.flattened_writer import FlattenedOutput
from kdive.engine.output import FileOutput
from kdive.engine.rearrange import rearrange
from kdive.engine.save import DumpRequest, save
from kdive.engine.writing import WriteOptions
from kdive.errors import DumpError, KdiveError
from kdive.formats.flattened import FlattenedRecord


def put_in_order(data: bytes, path: Path) -> str:
    with FileOutput(path, overwrite=True) as output:
        return rearrange(io.BytesIO(data), output, sync=False)


@pytest.fixture(scope="module")
def stream(sample_vmcore: Path) -> bytes:
    written = io.BytesIO()
    save(DumpRequest(sample_vmcore, ()), output=FlattenedOutput(written))
    return written.getvalue()


def test_the_file_is_the_one_that_would_have_been_written(stream: bytes, sample_vmcore: Path, tmp_path: Path) -> None:
    save(DumpRequest(sample_vmcore, (tmp_path / "direct",), options=WriteOptions(sync=False)))
    assert put_in_order(stream, tmp_path / "out") == ""
    assert (tmp_path / "out").read_bytes() == (tmp_path / "direct").read_bytes()


@pytest.mark.parametrize("left", [5_000, 100_000, 5_000_000, -1, -16])
def test_a_stream_cut_short_gives_a_dump_that_says_so(stream: bytes, tmp_path: Path, left: int) -> None:
    assert put_in_order(stream[:left], tmp_path / "out").startswith("the stream ")
    if left != 5_000:
        with open_dump(tmp_path / "out") as dump:
            assert dump.container.incomplete == "its header says so: the dump was not written to the end"


def test_the_mark_is_also_set_where_the_writer_did_not_say_so(stream: bytes, tmp_path: Path) -> None:
    put_in_order(stream, tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    again = stream[:4096] + FlattenedRecord(0, len(content)).pack(">") + content
    assert put_in_order(again, tmp_path / "out") == "the stream has no end marker: it was cut short"
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.incomplete == "its header says so: the dump was not written to the end"


def test_the_same_for_an_elf_core(sample_vmcore: Path, tmp_path: Path) -> None:
    written = io.BytesIO()
    save(DumpRequest(sample_vmcore, (), options=WriteOptions(format="elf")), output=FlattenedOutput(written))
    put_in_order(written.getvalue(), tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    again = written.getvalue()[:4096] + FlattenedRecord(0, len(content)).pack(">") + content
    put_in_order(again, tmp_path / "out")
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.incomplete == "its header says so: the dump was not written to the end"


def test_other_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DumpError):
        put_in_order(b"\x7fELF" + bytes(5000), tmp_path / "out")


@given(
    st.lists(st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 63), 1 << 20)), max_size=3),
    st.binary(max_size=64),
)
def test_any_records_give_a_result_or_an_error_of_kdives(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, int]], data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    header = b"makedumpfile".ljust(4096, b"\0")
    body = b"".join(FlattenedRecord(offset, size).pack(">") + data for offset, size in records)
    try:
        put_in_order(header + body, folder / "out")
    except KdiveError as error:
        assert error.message
