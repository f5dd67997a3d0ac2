from __future__ import annotations

import drgn
import pytest

# Addresses are those of `nm vmlinux` plus the sample's KASLR offset; types those of its debuginfo.


@pytest.mark.parametrize(
    ("name", "address", "type_name"),
    [
        ("init_task", 0xFFFFFFFF8C813940, "struct task_struct"),
        ("init_uts_ns", 0xFFFFFFFF8C813700, "struct uts_namespace"),
    ],
)
def test_variables_have_address_and_type(sample_program: drgn.Program, name: str, address: int, type_name: str) -> None:
    variable = sample_program.variable(name)
    assert (variable.address_, variable.type_.type_name()) == (address, type_name)


def test_values_of_the_sample_are_as_debuginfo_says(sample_program: drgn.Program) -> None:
    assert sample_program["init_task"].comm.string_() == b"swapper/0"
    assert [int(value) for value in sample_program["avenrun"]] == [164, 34, 11]
    assert int(sample_program["panic_cpu"].counter) == 0
    assert int(sample_program["cpu_khz"]) == 2445451


def test_struct_without_a_tag_is_laid_out_as_the_compiler_did(sample_program: drgn.Program) -> None:
    assert int(sample_program["tk_core"].timekeeper.xtime_sec) == 1795410428


def test_per_cpu_variable_has_its_offset_for_address(sample_program: drgn.Program) -> None:
    assert sample_program["runqueues"].address_ < 1 << 20


def test_constants_of_named_and_anonymous_enums(sample_program: drgn.Program) -> None:
    assert int(sample_program.constant("PIDTYPE_TGID")) == 1
    assert int(sample_program.constant("LOG_CONT")) == 8
    with pytest.raises(LookupError):
        sample_program.constant("MOD_TEXT")


def test_variable_without_a_known_type_is_not_guessed(sample_program: drgn.Program) -> None:
    assert sample_program.symbol("kallsyms_op").name == "kallsyms_op"
    with pytest.raises(LookupError):
        sample_program.variable("kallsyms_op")
