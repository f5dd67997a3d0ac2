"""What is found in the bundled sample: a small kernel without keys of its own, dumped at level 31."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError
from kdive.formats.filter_config import parse
from kdive.kernel.secrets import kind
from kdive.kernel.secrets.plan import Found, Wanted, find_secrets
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from kdive.symbols.find import SymbolOptions, Symbols, find_symbols


@pytest.fixture(scope="module")
def opened(sample_vmcore: Path) -> Iterator[tuple[Memory, Symbols]]:
    with open_dump(sample_vmcore) as dump:
        memory = open_memory(dump)
        yield memory, find_symbols(memory, SymbolOptions(none=True))


def filtered(opened: tuple[Memory, Symbols], text: str) -> Found:
    memory, symbols = opened
    return find_secrets(memory, symbols, Wanted({}, "f", parse(text.encode(), "f")), 31)


def texts_at(memory: Memory, found: Found) -> list[bytes]:
    ranges = found.plan.poisoned
    pairs = zip(ranges.starts.tolist(), ranges.ends.tolist(), strict=True)
    return [memory.read_physical(start, end - start) for start, end in pairs]


def test_profiles_grow() -> None:
    assert set(kind.chosen("basic")) == {"crypto", "keyrings"}
    assert set(kind.chosen("full")) == set(kind.names())
    assert set(kind.chosen("basic,tls")) == {"crypto", "keyrings", "tls"}
    assert all(kind.summary(name) for name in kind.names())


def test_an_unknown_profile_is_an_error_that_names_them_all() -> None:
    with pytest.raises(KdiveError, match="nope: no such profile") as raised:
        kind.chosen("nope")
    assert "full" in raised.value.hint and "keyrings" in raised.value.hint


def test_all_kinds_are_looked_for_and_what_the_kernel_lacks_is_said(opened: tuple[Memory, Symbols]) -> None:
    memory, symbols = opened
    found = find_secrets(memory, symbols, Wanted(kind.chosen("full")), 31)
    assert found.warnings == ()
    assert set(found.absent) == {"dm-crypt", "tls", "wireguard"}
    assert found.counts["crypto"] > 0 and found.counts["random"] > 0 and found.counts["terminals"] > 0
    assert found.plan.level == 30
    assert b"erase base_crng size 56\n" in found.plan.text or b"erase primary_crng size" in found.plan.text


def test_a_member_a_string_and_a_list_are_where_the_kernel_has_them(opened: tuple[Memory, Symbols]) -> None:
    memory, _ = opened
    text = "erase init_task.comm\nerase saved_command_line size 8\n"
    loop = "for task in init_task.tasks.next within task_struct:tasks\nerase task.comm size 5\nendfor\n"
    assert b"swapper/0\0\0\0\0\0\0\0" in texts_at(memory, filtered(opened, text))
    names = {text[:4] for text in texts_at(memory, filtered(opened, loop))}
    assert {b"init", b"kthr", b"insm"} <= names


def test_a_pointer_that_is_nullified_is_zeros_and_nothing_else(opened: tuple[Memory, Symbols]) -> None:
    found = filtered(opened, "erase init_task.cred nullify\n")
    assert (found.plan.zeroed.size, found.plan.poisoned.size) == (8, 0)
    assert found.plan.text == b"erase init_task.cred nullify\n"


def test_a_variable_without_a_type_is_erased_as_far_as_its_symbol_goes(opened: tuple[Memory, Symbols]) -> None:
    assert filtered(opened, "erase key_serial_tree\n").plan.text == b"erase key_serial_tree size 8\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("erase no_such_thing", "f:1: no_such_thing is not among"),
        ("erase key_serial_tree.rb_node", "f:1: the type of key_serial_tree is not known"),
        ("erase init_task.no_such_member", "f:1: .*no_such_member"),
        ("erase init_task.comm nullify", "f:1: init_task.comm is no pointer"),
        ("erase init_task.stack", "f:1: init_task.stack points to something of unknown size"),
        ("for one in init_task\nerase one.comm\nendfor", "f:1: init_task is no array"),
        ("for one in init_task.tasks within task_struct:tasks\nerase other.comm\nendfor", "f:1: other.comm: not of"),
    ],
)
def test_what_cannot_be_found_is_an_error_with_its_line(
    opened: tuple[Memory, Symbols], text: str, message: str
) -> None:
    with pytest.raises(KdiveError, match=message) as raised:
        filtered(opened, text)
    assert raised.value.hint


def test_the_section_of_a_module_that_is_not_loaded_is_left_out_and_said(opened: tuple[Memory, Symbols]) -> None:
    found = filtered(opened, "[nouveau]\nerase anything\n")
    assert found.absent == ("module nouveau",)
    assert found.plan.size == 0


def test_a_dump_whose_programs_memory_cannot_be_told_warns_that_it_may_be_left(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        memory = open_memory(dump)
        symbols = find_symbols(memory, SymbolOptions(none=True))
        lines = dump.vmcoreinfo_text.splitlines(keepends=True)
        dump.adopt_vmcoreinfo(b"".join(line for line in lines if not line.startswith(b"OFFSET(page.mapping)")))
        found = find_secrets(memory, symbols, Wanted(kind.chosen("keyrings")), 31)
    assert any(warning.startswith("programs' memory: ") for warning in found.warnings)
