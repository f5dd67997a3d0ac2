"""Images of the interpreter that runs the tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.image.plan import ImageRequest, plan_image
from kdive.kdump.image.record import image_path, read_record, record_path
from kdive.kdump.image.write import write_image
from tests.lab.need import need

RELEASE = "6.1.0-test"


def quiet(what: str) -> None:
    pass


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root with a kernel's modules and a shell."""
    modules = tmp_path / "lib/modules" / RELEASE
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text("ext4.ko:\nloop.ko:\n")
    (modules / "modules.builtin").write_text("kernel/fs/squashfs/squashfs.ko\n")
    for name in ("ext4", "loop"):
        (modules / f"{name}.ko").write_bytes(b"\x7fELF" + name.encode())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/busybox").write_bytes(b"#!static\n")
    return tmp_path


def request(**other: object) -> ImageRequest:
    texts = {"collector.sh": "echo saved\n", "etc/kdump.conf": "path /var/crash\n"}
    return ImageRequest(RELEASE, required=("ext4",), texts=texts, packages=("zstandard",), **other)  # type: ignore[arg-type]


def names(image: bytes) -> list[str]:
    """Paths in a cpio archive of the "newc" form, in their order."""
    found: list[str] = []
    offset = 0
    while True:
        size, name_size = (int(image[offset + at : offset + at + 8], 16) for at in (54, 94))
        name = image[offset + 110 : offset + 110 + name_size - 1].decode()
        if name == "TRAILER!!!":
            return found
        found.append(name)
        offset = (offset + 110 + name_size + 3) // 4 * 4 + (size + 3) // 4 * 4


def test_without_python_the_image_is_the_shell_and_the_modules(machine: Path) -> None:
    plan = plan_image(request(python=False), machine)
    record = write_image(plan, quiet, machine)
    image = image_path(RELEASE, machine).read_bytes()
    assert names(image) == [
        "bin", "bin/busybox", "bin/sh", "collector.sh", "etc", "etc/kdive", "etc/kdive/environment", "etc/kdump.conf",
        "init", "modules", "modules/ext4.ko", "modules/order",
    ]  # fmt: skip
    assert b"ext4.ko\n" in image
    assert record == read_record(RELEASE, machine)
    assert (record.size, record.modules, record.python) == (len(image), ("ext4",), False)
    assert image_path(RELEASE, machine).stat().st_mode & 0o777 == 0o600


def test_the_same_files_make_the_same_image_and_python_is_packed_once(machine: Path) -> None:
    need("mksquashfs")
    said: list[str] = []
    plan = plan_image(request(), machine)
    assert plan.modules == ("ext4", "loop")
    write_image(plan, said.append, machine)
    first = image_path(RELEASE, machine).read_bytes()
    write_image(plan, said.append, machine)
    assert said == ["packing Python for the capture kernel"]
    shutil.rmtree(machine / "var")
    write_image(plan, said.append, machine)
    assert image_path(RELEASE, machine).read_bytes() == first
    assert "runtime.squashfs" in names(first)
    assert not list((machine / "var/lib/kdive").glob(".*"))


def test_a_changed_file_makes_the_image_stale(machine: Path) -> None:
    record = write_image(plan_image(request(python=False), machine), quiet, machine)
    assert record.changed() == []
    (machine / f"lib/modules/{RELEASE}/ext4.ko").write_bytes(b"\x7fELF another")
    (machine / "bin/busybox").unlink()
    assert record.changed() == [str(machine / "bin/busybox"), str(machine / f"lib/modules/{RELEASE}/ext4.ko")]


def test_a_kernel_without_the_module_of_the_file_system_is_refused(machine: Path) -> None:
    with pytest.raises(KdiveError, match=r"the kernel 6.1.0-test has no module xfs, and it is not built in"):
        plan_image(ImageRequest(RELEASE, required=("xfs",)), machine)


def test_a_damaged_record_is_missing(machine: Path) -> None:
    assert isinstance(read_record(RELEASE, machine), Missing)
    record_path(RELEASE, machine).parent.mkdir(parents=True)
    for text in ("{", "[]", '{"modules": 3}', '{"modules": [], "other": 1}'):
        record_path(RELEASE, machine).write_text(text)
        assert isinstance(read_record(RELEASE, machine), Missing)
