"""Registers from notes: which CPU they belong to is not always known."""

from __future__ import annotations

from pathlib import Path

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.dumpfile.info import describe
from kdive.dumpfile.open import open_dump
from kdive.facts.missing import Missing
from kdive.facts.stacks import Registers
from tests.build_dump import CRASH_TIME, build_elf, build_kdump, note, prstatus_note

PAGES = {1: b"page"}


def registers_of(tmp_path: Path, data: bytes) -> tuple[Registers, ...]:
    path = tmp_path / "vmcore"
    path.write_bytes(data)
    with open_dump(path) as dump:
        return cpu_registers(dump)


def test_the_sample_s_cpus_ran_the_crashing_thread_and_idle(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        registers = cpu_registers(dump)
    assert [(one.cpu, one.pid, one.by_position) for one in registers] == [(0, 104, True), (1, 0, True)]
    assert not isinstance(registers[0].registers, Missing)
    assert registers[0].registers["rip"] == 0xFFFFFFFFC009B616


def test_a_crashing_kernel_s_notes_are_numbered_by_position_and_say_so(tmp_path: Path) -> None:
    notes = prstatus_note(1, {"rip": 1}) + prstatus_note(2, {"rip": 2})
    registers = registers_of(tmp_path, build_kdump(PAGES, notes=notes))
    assert [(one.cpu, one.pid, one.by_position) for one in registers] == [(0, 1, True), (1, 2, True)]


def test_a_hypervisor_s_pid_is_the_cpu_s_number_plus_one(tmp_path: Path) -> None:
    notes = prstatus_note(3, {"rip": 3}) + prstatus_note(1, {"rip": 1}) + note("QEMU", 0, bytes(8))
    registers = registers_of(tmp_path, build_elf(PAGES, notes=notes))
    assert [(one.cpu, one.pid, one.by_position) for one in registers] == [(2, None, False), (0, None, False)]


def test_registers_of_an_unknown_machine_are_missing_not_zero(tmp_path: Path) -> None:
    notes = note("CORE", 1, bytes(504))
    (only,) = registers_of(tmp_path, build_kdump(PAGES, notes=notes, machine="ppc64"))
    assert isinstance(only.registers, Missing)
    assert "ppc64" in only.registers.reason


def test_info_of_the_sample(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        info = describe(dump)
    assert (info.release, info.arch, info.cpus, info.cpus_with_notes) == ("5.10.0-32-cloud-amd64", "x86_64", 2, 2)
    assert info.build_id == "e0c94673e97d58a386e99a20572aa7d597d5aa5c"  # of the -dbg package's vmlinux
    assert info.kaslr_offset == 0xA200000
    assert info.physical_base == -0x3800000
    assert info.crash_time == 1795410428
    assert info.files == (str(sample_vmcore),)
    assert (info.byte_order, info.word_size, info.page_size) == ("little", 8, 4096)


def test_info_says_what_a_dump_does_not_tell(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(build_kdump(PAGES, vmcoreinfo="", nodename="", nr_cpus=4, notes=prstatus_note(9, {})))
    with open_dump(path) as dump:
        info = describe(dump)
    assert isinstance(info.build_id, Missing)
    assert isinstance(info.nodename, Missing)
    assert isinstance(info.crash_time, Missing)
    assert info.saved_time == CRASH_TIME
    assert (info.cpus, info.cpus_with_notes, info.cpus_without_notes) == (4, 1, 3)
    assert info.release == "6.1.0-built"
