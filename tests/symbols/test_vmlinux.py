from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import KdiveError, MismatchError
from kdive.symbols.belongs import check, mismatch
from kdive.symbols.identity import KernelIdentity
from kdive.symbols.vmlinux import read_vmlinux
from tests.symbols.build_vmlinux import build_vmlinux

ID_A, ID_B = "aa" * 20, "bb" * 20


def _write(folder: Path, data: bytes) -> Path:
    path = folder / "vmlinux"
    path.write_bytes(data)
    return path


def test_vmlinux_tells_build_id_release_and_debuginfo(tmp_path: Path) -> None:
    file = read_vmlinux(_write(tmp_path, build_vmlinux(release="6.1.0-9-amd64", build_id=ID_A)))
    assert (file.build_id, file.release, file.has_debuginfo) == (ID_A, "6.1.0-9-amd64", True)
    assert not read_vmlinux(_write(tmp_path, build_vmlinux(debuginfo=False))).has_debuginfo


def test_module_with_debuginfo_is_named_as_such(sample_module: Path) -> None:
    with pytest.raises(KdiveError, match="kernel module"):
        read_vmlinux(sample_module)


def test_dump_in_the_place_of_a_vmlinux_is_refused(sample_vmcore: Path) -> None:
    with pytest.raises(KdiveError, match="not a vmlinux"):
        read_vmlinux(sample_vmcore)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"hello\n" * 100, "a text"),
        (bytes(0x202) + b"HdrS" + bytes(100), "bzImage"),
        (b"\x1f\x8b\x08" + bytes(100), "compressed file"),
        (build_vmlinux(kernel=False, debuginfo=False), "not of a kernel"),
    ],
)
def test_other_files_are_named(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(KdiveError, match=words):
        read_vmlinux(_write(tmp_path, data))


@given(st.data())
def test_damaged_vmlinux_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(build_vmlinux(release="6.1.0", build_id=ID_A))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(content)))
    with suppress(KdiveError):
        read_vmlinux(_write(tmp_path_factory.mktemp("damaged"), bytes(content[:cut])))


@pytest.mark.parametrize(
    ("file", "kernel", "fits"),
    [
        ({"release": "6.1.0", "build_id": ID_A}, KernelIdentity("6.1.0", "#1 SMP", ID_A), True),
        ({"release": "6.1.0", "build_id": ID_B}, KernelIdentity("6.1.0", "#1 SMP", ID_A), False),
        ({"build_id": ID_A}, KernelIdentity("6.1.0", "#1 SMP", ID_A), True),
        # before 5.9 VMCOREINFO has no build ID: release and version decide
        ({"release": "4.18.0", "build_id": ID_A}, KernelIdentity("4.18.0", "#1 SMP", ""), True),
        ({"release": "4.18.0", "build_id": ID_A}, KernelIdentity("4.18.0", "#2 SMP", ""), False),
        ({"release": "4.18.0", "build_id": ID_A}, KernelIdentity("4.18.0-1", "#1 SMP", ""), False),
        ({"build_id": ID_A}, KernelIdentity("4.18.0", "#1 SMP", ""), True),
    ],
)
def test_build_id_decides_else_the_banner(
    tmp_path: Path, file: dict[str, str], kernel: KernelIdentity, fits: bool
) -> None:
    assert (mismatch(read_vmlinux(_write(tmp_path, build_vmlinux(**file))), kernel) == "") is fits  # type: ignore[arg-type]


def test_refusal_names_both_kernels(tmp_path: Path) -> None:
    file = read_vmlinux(_write(tmp_path, build_vmlinux(release="6.1.0-8", build_id=ID_B)))
    with pytest.raises(MismatchError) as refusal:
        check(file, KernelIdentity("6.1.0-9", "#1 SMP", ID_A))
    assert refusal.value.exit_code == 3
    assert all(words in refusal.value.message for words in ("6.1.0-8", ID_B, "6.1.0-9", ID_A))
    assert "--force" in refusal.value.hint
