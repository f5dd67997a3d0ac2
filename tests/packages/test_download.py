"""Files by HTTP."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.packages.download import Checksum, NotThereError, download, read
from tests.packages.serve import serve

DATA = bytes(range(256)) * 20_000


def quiet(what: str) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file").write_bytes(DATA)
    return tmp_path / "served"


def test_a_file_comes_whole_and_leaves_nothing_beside_it(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as (address, _):
        download(f"{address}/file", tmp_path / "here", quiet, Checksum("sha256", hashlib.sha256(DATA).hexdigest()))
    assert (tmp_path / "here").read_bytes() == DATA
    assert not (tmp_path / "here.part").exists()


def test_what_broke_off_is_gone_on_from(folder: Path, tmp_path: Path) -> None:
    with serve(folder, break_off={"file"}) as (address, seen):
        download(f"{address}/file", tmp_path / "here", quiet)
    assert (tmp_path / "here").read_bytes() == DATA
    assert len(seen) == 2


def test_what_an_earlier_run_left_is_gone_on_from(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here.part").write_bytes(DATA[:1000])
    said: list[str] = []
    with serve(folder) as (address, _):
        download(f"{address}/file", tmp_path / "here", said.append)
    assert (tmp_path / "here").read_bytes() == DATA
    assert said[-1] == "fetching file: 4 of 4 MB"


def test_a_file_that_was_whole_already_is_not_fetched_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here.part").write_bytes(DATA)
    with serve(folder) as (address, _):
        download(f"{address}/file", tmp_path / "here", quiet)
    assert (tmp_path / "here").read_bytes() == DATA


def test_a_wrong_checksum_is_an_error_and_nothing_is_kept(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as (address, _), pytest.raises(KdiveError, match="checksum is wrong"):
        download(f"{address}/file", tmp_path / "here", quiet, Checksum("sha256", "00"))
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_a_file_that_is_not_there_is_told_from_a_server_that_is_not(folder: Path, tmp_path: Path) -> None:
    with serve(folder) as (address, _), pytest.raises(NotThereError):
        download(f"{address}/other", tmp_path / "here", quiet)
    with pytest.raises(KdiveError, match="cannot be fetched") as caught:
        read(address, 100)  # the server has ended
    assert not isinstance(caught.value, NotThereError)


def test_a_small_file_that_is_large_is_refused(folder: Path) -> None:
    with serve(folder) as (address, _), pytest.raises(KdiveError, match="larger than"):
        read(f"{address}/file", 1000)
