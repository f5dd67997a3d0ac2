"""kexec(8), where the kernel's newer call is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kexec import tool
from kdive.kexec.calls import FileFlag
from kdive.kexec.image import Image
from kdive.kexec.plan import NO_FLAGS, LoadError, LoadPlan, Method


def plan(crash: bool, flags: FileFlag = NO_FLAGS) -> LoadPlan:
    return LoadPlan(Path("/k"), Image("arm64 Image", "aarch64", b""), (), "ro a=1", crash, flags, Method.AUTO)


def test_a_link_to_kdive_by_its_name_is_not_taken_for_it(tmp_path: Path) -> None:
    for name, content in (("script", b"#!/usr/bin/python3\n"), ("program", b"\x7fELF")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kexec").write_bytes(content)
        (tmp_path / name / "kexec").chmod(0o755)
    assert tool.find(f"{tmp_path}/script:{tmp_path}/program") == tmp_path / "program/kexec"


def test_its_call_places_the_segments_itself() -> None:
    program = Path("/sbin/kexec")
    assert tool.load_argv(program, plan(True, FileFlag.DEBUG), "/k", "/i") == [
        "/sbin/kexec", "-c", "-p", "/k", "--command-line=ro a=1", "--initrd=/i", "-d",
    ]  # fmt: skip
    assert tool.load_argv(program, plan(False), "/k", "") == ["/sbin/kexec", "-c", "-l", "/k", "--command-line=ro a=1"]


def test_what_it_says_when_it_fails_is_kept() -> None:
    assert tool.run(["sh", "-c", "echo Cannot load >&2; exit 1"]) == "Cannot load"
    assert tool.run(["sh", "-c", "exit 3"]) == "it ended with exit code 3"
    assert tool.run(["true"]) == ""
    assert tool.run(["/no/such/kexec"]) == "No such file or directory"


def test_its_absence_is_an_error_with_the_package_to_install(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as absent:
        tool.find(str(tmp_path))
    assert "apt-get install kexec-tools" in absent.value.hint
