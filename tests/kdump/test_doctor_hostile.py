"""A saved tree may hold anything: each check answers, and none goes on for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.kdump.doctor.examine import examine, known
from kdive.kdump.doctor.host import Host
from kdive.kdump.status import as_text, read_status
from tests.cli.run import kdive
from tests.kdump.trees_of_hosts import healthy, link

NOISE = st.one_of(
    st.binary(max_size=64),
    st.text(max_size=64).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", b"\0" * 40, b"-1\n", b"9" * 30, b"[[[[", b'{"schema": "kdive-test/1"}', b"{}", b"null"]),
)


def files_of(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return healthy(tmp_path_factory.mktemp("host"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_give_answers_not_tracebacks(tree: Path, data: st.DataObject) -> None:
    names = files_of(tree)
    before = {name: (tree / name).read_bytes() for name in names}
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    try:
        for name in chosen:
            (tree / name).write_bytes(data.draw(NOISE))
        assert [one.id for one in examine(Host(tree))] == list(known())
        assert as_text(read_status(Host(tree)))
    finally:
        for name in chosen:
            (tree / name).write_bytes(before[name])


@pytest.mark.parametrize("odd", [0, 1])
def test_a_tree_of_pipes_and_loops_is_answered_at_once(odd: int, tmp_path: Path) -> None:
    root = healthy(tmp_path)
    for number, name in enumerate(files_of(root)):
        (root / name).unlink()
        link(root, name, name) if number % 2 == odd else os.mkfifo(root / name)
    for verb in ("status", "doctor"):
        done = kdive(verb, "--root", root)
        assert done.returncode in (0, 1, 2, 3), done.stderr
        assert done.stdout


def test_an_empty_tree_is_skipped_over(tmp_path: Path) -> None:
    results = {one.id: one.result for one in examine(Host(tmp_path))}
    assert "fail" not in results.values()
