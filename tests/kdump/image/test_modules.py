from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.image.modules import ModuleIndex, read_index, unpacked

# As depmod wrote them for Debian's 6.1, with fewer lines.
DEP = """\
kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko: kernel/crypto/crc32c_generic.ko
kernel/lib/crc16.ko:
kernel/crypto/crc32c_generic.ko:
kernel/arch/x86/crypto/crc32c-intel.ko.xz:
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
"""
ALIAS = """\
# Aliases extracted from modules themselves.
alias fs-ext4 ext4
alias crc32c crc32c_intel
alias crc32c crc32c_generic
alias virtio:d00000002v* virtio_blk
"""


@pytest.fixture
def index(tmp_path: Path) -> ModuleIndex:
    (tmp_path / "modules.dep").write_text(DEP)
    (tmp_path / "modules.alias").write_text(ALIAS)
    (tmp_path / "modules.softdep").write_text("# Soft dependencies\nsoftdep ext4 pre: crc32c\n")
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio_pci.ko\n")
    return read_index(tmp_path)


def test_each_module_comes_after_those_it_needs_and_after_its_softdeps(index: ModuleIndex) -> None:
    assert list(index.closure(["fs-ext4"]).paths) == [
        "crc32c_intel", "crc32c_generic", "crc16", "jbd2", "mbcache", "ext4",
    ]  # fmt: skip


def test_the_id_of_a_device_finds_its_driver(index: ModuleIndex) -> None:
    order = index.closure(["virtio:d00000002v00001AF4"])
    assert list(order.paths) == ["virtio_ring", "virtio", "virtio_blk"]
    assert order.paths["virtio_blk"].name == "virtio_blk.ko"


def test_what_is_built_in_is_known_and_not_loaded(index: ModuleIndex) -> None:
    order = index.closure(["virtio-pci", "nvme"])
    assert order.paths == {}
    assert order.unknown == ["nvme"]


def test_a_circle_of_needs_ends(tmp_path: Path) -> None:
    (tmp_path / "modules.dep").write_text("a.ko: b.ko\nb.ko: a.ko\n")
    assert list(read_index(tmp_path).closure(["a"]).paths) == ["b", "a"]


def test_a_kernel_without_an_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KdiveError) as caught:
        read_index(tmp_path / "6.1.0")
    assert caught.value.hint.endswith("depmod 6.1.0")


def test_a_packed_module_is_unpacked_and_a_broken_one_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.ko.xz").write_bytes(lzma.compress(b"\x7fELF module"))
    assert unpacked(tmp_path / "a.ko.xz") == b"\x7fELF module"
    (tmp_path / "b.ko.xz").write_bytes(b"no")
    (tmp_path / "b.ko.gz").write_bytes(b"no")
    (tmp_path / "b.ko.zst").write_bytes(b"no")
    for name in ("b.ko.xz", "b.ko.gz", "b.ko.zst"):
        with pytest.raises(KdiveError):
            unpacked(tmp_path / name)
