"""Every kind of crash: its truth, its function, its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kdive.diagnosis.classes import classes
from kdive.errors import KdiveError
from kdive.lab import kind
from kdive.lab.kind import MODULE, ZOO

COMMON = {"zoo_main.c"}


@pytest.mark.parametrize("name", kind.names())
def test_its_truth_can_be_said_in_a_report(name: str) -> None:
    known = kind.load(name)
    assert known.class_ in classes()
    assert (known.function is None) == (known.module is None and known.driver is None)
    assert known.module in (None, MODULE)
    assert known.dump_by in ("kdump", "qemu")
    assert (known.silent_s > 0) == (known.dump_by == "qemu")
    assert kind.summary(name).endswith(".")
    assert all(re.fullmatch(r"!?CONFIG_\w+(=[ym])?", need) for need in known.needs)


@pytest.mark.parametrize("name", kind.names())
def test_its_guilty_function_is_its_own_and_stays_a_function(name: str) -> None:
    known, source = kind.load(name), kind.source(name)
    if source is None:
        assert known.module is None
        assert known.script or known.cmdline
        return
    text = source.read_text()
    assert re.search(rf"^int zoo_{name.replace('-', '_')}\(void\)$", text, re.MULTILINE)
    assert "zoo_here();" in text
    if known.function:
        assert re.search(rf"^static noinline .*\b{known.function}\(", text, re.MULTILINE)


@pytest.mark.parametrize("name", kind.names())
def test_who_does_it_is_said_before_it_happens(name: str) -> None:
    known, source = kind.load(name), kind.source(name)
    if source:
        assert not known.script or any(f"kind={name}" in line for line in known.script)
        return
    before_anybody_can_speak = known.class_ == "boot-failure"
    assert before_anybody_can_speak or "here" in known.script or "init_exit" in known.script


def test_functions_are_named_once_over_the_whole_module() -> None:
    defined: dict[str, Path] = {}
    for path in ZOO.glob("*.c"):
        for function in re.findall(
            r"^(?:static )?(?:noinline )?[\w\s\*]*?\b(zoo_\w+)\([^;]*\)\n\{", path.read_text(), re.M
        ):
            assert function not in defined, f"{function} in {path.name} and {defined[function].name}"
            defined[function] = path
    assert len(defined) > 80


def test_every_source_is_a_kind() -> None:
    sources = {path.name for path in ZOO.glob("*.c")} - COMMON
    assert sources == {source.name for name in kind.names() if (source := kind.source(name))}


def test_a_kind_that_there_is_not_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(KdiveError) as error:
        kind.load("null-derf")
    assert "null-deref-timer" in error.value.hint


def test_a_driver_is_a_module_where_the_configuration_says_so() -> None:
    known = kind.load("ext4-panic")
    assert kind.module_of(known, {"CONFIG_EXT4_FS": "m"}) == "ext4"
    assert kind.module_of(known, {"CONFIG_EXT4_FS": "y"}) is None
    assert kind.module_of(kind.load("bug"), {}) == MODULE
