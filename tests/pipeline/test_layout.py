"""Layouts recorded out of dumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.compat.recorded import load, to_text
from kdive.errors import NoVerdictError
from kdive.pipeline.layout import record
from tests.build_dump import build_elf

COMMITTED = Path(__file__).parent.parent / "data" / "layouts" / "debian-5.10.0-32-x86_64.json"


def test_the_sample_gives_the_committed_layout(sample_vmcore: Path) -> None:
    assert to_text(record(sample_vmcore)) == COMMITTED.read_text()


def test_debuginfo_gives_the_same_layout_as_the_dump_itself(sample_vmcore: Path, sample_vmlinux: Path) -> None:
    assert record(sample_vmcore, sample_vmlinux) == load(COMMITTED)


def test_a_dump_without_types_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(build_elf({1: b"no kernel"}))
    with pytest.raises(NoVerdictError) as refused:
        record(path)
    assert "no names and types" in refused.value.message
    assert "--vmlinux" in refused.value.hint
