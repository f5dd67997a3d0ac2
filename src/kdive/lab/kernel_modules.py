"""Modules that a guest loads, in the order in which the kernel takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kdive.errors import KdiveError
from kdive.lab.kernel import LabKernel

# Without these a guest sees no disk; each release has some of them built in.
DISK = ("virtio_blk", "virtio_pci", "virtio_mmio")
_SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")  # in .modinfo


def modules(kernel: LabKernel, names: Sequence[str]) -> list[tuple[str, bytes]]:
    """Name and content of the modules `names`, each after those it needs; what is built in or not there is left out.

    Packages have no modules.dep (depmod makes it where they are installed): a module itself says what it needs.
    """
    files = {_name(path): path for path in kernel.modules.rglob("*.ko*") if path.name.endswith(_SUFFIXES)}
    order: dict[str, bytes] = {}
    for name in names:
        _add(name, files, order, ())
    return list(order.items())


def _add(name: str, files: dict[str, Path], order: dict[str, bytes], above: tuple[str, ...]) -> None:
    name = name.replace("-", "_")
    if name in order or name not in files or name in above:
        return
    data = _read(files[name])
    found = _DEPENDS.search(data)
    for needed in found.group(1).decode().split(",") if found else ():
        _add(needed, files, order, (*above, name))
    order[name] = data


def _name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    try:
        if path.suffix == ".xz":
            import lzma

            return lzma.decompress(data)
        if path.suffix == ".zst":
            import zstandard

            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
        if path.suffix == ".gz":
            import gzip

            return gzip.decompress(data)
    except Exception as error:
        raise KdiveError(f"{path}: cannot be unpacked: {error}", hint="fetch the kernel again") from error
    return data
