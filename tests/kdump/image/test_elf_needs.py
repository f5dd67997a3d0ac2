from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.kdump.image.elf_needs import Libraries, read_needs
from kdive.kdump.image.tree import Tree

PYTHON = Path(sys.executable).resolve()


def test_the_interpreter_needs_the_c_library_and_its_loader() -> None:
    needs = read_needs(PYTHON.read_bytes())
    assert needs is not None
    assert "ld-linux" in needs.interpreter or "ld-musl" in needs.interpreter
    tree = Tree()
    assert Libraries(tree).add(str(PYTHON)) == str(PYTHON)
    names = {Path(path).name for path in tree.items}
    assert {"libc.so.6", "libm.so.6", PYTHON.name, Path(needs.interpreter).name} <= names


def test_libraries_of_a_wheel_are_found_beside_it() -> None:
    import numpy

    assert numpy.__file__
    extension = next(Path(numpy.__file__).parent.rglob("_multiarray_umath.*.so"))
    tree = Tree()
    Libraries(tree).add(str(extension))
    assert [path for path in tree.items if "openblas" in path and path.endswith(".so")]


def test_a_library_that_is_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_bytes(PYTHON.read_bytes())
    with pytest.raises(KdiveError, match=r"No such file|is in no folder for libraries"):
        Libraries(Tree(tmp_path)).add("/bin/python")


def test_a_script_needs_nothing() -> None:
    assert read_needs(b"#!/bin/sh\n") is None


HEAD = PYTHON.read_bytes()[:8192]


@given(st.integers(0, len(HEAD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_never_gives_an_error(place: int, damage: bytes) -> None:
    read_needs(HEAD[:place] + damage + HEAD[place + len(damage) :])
    read_needs(HEAD[:place])
