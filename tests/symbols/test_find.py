from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdive.errors import KdiveError, MismatchError
from kdive.memory.memory import Memory
from kdive.symbols.find import SymbolOptions, Symbols, find_symbols
from tests.formats.build_btf import BtfBuilder
from tests.symbols.build_kernel import BTF, RELEASE, RODATA, build_memory
from tests.symbols.build_vmlinux import build_vmlinux

SAMPLE_BUILD_ID = "e0c94673e97d58a386e99a20572aa7d597d5aa5c"  # readelf -n over the sample's vmlinux


def _btf() -> bytes:
    builder = BtfBuilder()
    builder.struct("task_struct", 64, [])
    return builder.data()


def _vmlinux(folder: Path, **content: str) -> Path:
    path = folder / "given-vmlinux"
    path.write_bytes(build_vmlinux(**content))  # type: ignore[arg-type]
    return path


def test_sample_stands_on_the_rung_btf_and_says_what_would_lift_it(sample_symbols: Symbols) -> None:
    rung = sample_symbols.rung
    assert rung.name == "btf"
    assert "no debuginfo of 5.10.0-32-cloud-amd64" in rung.why
    assert "linux-image-5.10.0-32-cloud-amd64-dbg (= 5.10.223-1)" in rung.lift


def test_debuginfo_is_left_alone_when_it_is_not_wanted(tmp_path: Path) -> None:
    given = _vmlinux(tmp_path)
    symbols = find_symbols(build_memory(tmp_path, btf=_btf()), SymbolOptions(vmlinux=given, none=True))
    assert (symbols.rung.name, symbols.rung.why) == ("btf", "debuginfo was not to be used")


def test_built_kernel_with_btf_stands_on_the_rung_btf(tmp_path: Path) -> None:
    symbols = find_symbols(build_memory(tmp_path, btf=_btf()))
    assert symbols.rung.name == "btf"
    assert symbols.program is not None
    assert symbols.program["init_task"].type_.type_name() == "struct task_struct"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (b"\0\0", "magic"),
        (struct.pack("<HBBIII", 0xEB9F, 1, 0, 24, 0, 0xFFFFFFF0), "past its end"),
        (bytes(24) + b"\xff" * 8, "magic"),
    ],
)
def test_btf_that_lies_costs_the_rung_and_nothing_else(tmp_path: Path, damage: bytes, why: str) -> None:
    symbols = find_symbols(build_memory(tmp_path, btf=_btf(), damage={BTF: damage}))
    assert symbols.program is None
    assert symbols.rung.name == "vmcoreinfo"
    assert why in symbols.rung.why


def test_kernel_without_btf_stands_on_the_rung_vmcoreinfo(tmp_path: Path) -> None:
    rung = find_symbols(build_memory(tmp_path)).rung
    assert rung.name == "vmcoreinfo"
    assert "carries no BTF" in rung.why
    assert RELEASE in rung.lift


def test_kernel_without_kallsyms_stands_on_the_rung_vmcoreinfo(tmp_path: Path) -> None:
    rung = find_symbols(build_memory(tmp_path, damage={RODATA + 0x1230: bytes(0x8000)})).rung
    assert rung.name == "vmcoreinfo"
    assert "not found" in rung.why


def test_vmlinux_of_another_kernel_is_refused_with_both_named(sample_memory: Memory, tmp_path: Path) -> None:
    vmlinux = _vmlinux(tmp_path, release="6.1.0-9-amd64", build_id="ab" * 20)
    with pytest.raises(MismatchError) as refusal:
        find_symbols(sample_memory, SymbolOptions(vmlinux))
    message = refusal.value.message
    assert all(words in message for words in ("6.1.0-9-amd64", "ab" * 20, "5.10.0-32-cloud-amd64", SAMPLE_BUILD_ID))


def test_vmlinux_without_debuginfo_is_refused(sample_memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "stripped"
    path.write_bytes(build_vmlinux(build_id=SAMPLE_BUILD_ID, debuginfo=False))
    with pytest.raises(KdiveError, match="no debuginfo"):
        find_symbols(sample_memory, SymbolOptions(path))


def test_vmlinux_whose_debuginfo_is_broken_is_refused(sample_memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="debuginfo"):
        find_symbols(sample_memory, SymbolOptions(_vmlinux(tmp_path, build_id=SAMPLE_BUILD_ID)))
    with pytest.raises(KdiveError, match="debuginfo"):
        find_symbols(sample_memory, SymbolOptions(_vmlinux(tmp_path, build_id="ab" * 20), force=True))


def test_vmlinux_that_was_only_found_and_does_not_belong_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "vmlinux").write_bytes(build_vmlinux(release="6.1.0-9-amd64", build_id="ab" * 20))
    symbols = find_symbols(build_memory(tmp_path, btf=_btf()))
    assert symbols.rung.name == "btf"
    assert any("6.1.0-9-amd64" in note and RELEASE in note for note in symbols.rung.notes)


def test_debuginfo_of_the_sample_gives_the_rung_dwarf(sample_memory: Memory, sample_vmlinux: Path) -> None:
    symbols = find_symbols(sample_memory, SymbolOptions(sample_vmlinux))
    assert symbols.rung.name == "dwarf"
    assert symbols.vmlinux == sample_vmlinux
    assert symbols.program is not None
    assert symbols.unwinder is not None
    frames = symbols.unwinder.stack(symbols.program.crashed_thread())
    assert frames[0].frame.source().filename.endswith("crashzoo.c")  # the module's debuginfo lies beside the dump
