"""All installed kernels, and the one to start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kdive.errors import KdiveError
from kdive.formats import pe
from kdive.kexec.boot import bls
from kdive.kexec.boot.entry import BootEntry, version_key, version_of
from kdive.kexec.boot.grub import read_grub
from kdive.kexec.plan import LoadError
from kdive.kexec.small_files import read_small

_UNIFIED = ("efi/EFI/Linux", "boot/EFI/Linux", "boot/efi/EFI/Linux")
_UNIFIED_LIMIT = 1 << 30  # bytes of one
_KERNELS = ("vmlinuz-*", "vmlinux-*", "Image-*", "kernel-*")
_INITRDS = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initramfs-{}", "initrd-{}.img")


def entries(root: Path = Path("/")) -> list[BootEntry]:
    """All kernels below `root`; what a boot loader offers comes before what merely lies in /boot.

    Entries whose kernel is not there any more are left out.
    """
    grub = read_grub(root)
    of_bls = bls.entries(root, grub.variables if grub.reads_bls else None, grub.chosen if grub.reads_bls else "")
    # A GRUB that does not read them, and no systemd-boot: files of the specification are then left over.
    uses_grub = bool(grub.entries) and not grub.reads_bls and not bls.systemd_boot(root)
    offered = [*grub.entries, *of_bls] if uses_grub else [*of_bls, *grub.entries]
    found = [*offered, *_unified(root), *_by_name(root)]
    return [entry for entry in found if entry.kernel.is_file()]


def choose(known: Sequence[BootEntry], version: str = "") -> BootEntry:
    """The entry of that version, or of the newest that begins with it; without one, what the boot loader would start.

    Raises LoadError when there is none.
    """
    if not known:
        raise LoadError(
            "no installed kernel is found: no boot loader's entry, and no vmlinuz in /boot",
            hint="is /boot mounted? kdive kexec load KERNEL --initrd FILE loads any file",
        )
    if not version:
        return next((entry for entry in known if entry.default), None) or _newest(known)
    exact = [entry for entry in known if entry.version == version]
    begins = [entry for entry in known if entry.version.startswith(version)]
    if not exact and not begins:
        there = sorted({entry.version for entry in known if entry.version}, key=version_key, reverse=True)
        raise LoadError(f"no installed kernel is called {version}", hint=f"there are {', '.join(there)}")
    return exact[0] if exact else _newest(begins)


def _newest(known: Sequence[BootEntry]) -> BootEntry:
    return max(known, key=lambda entry: version_key(entry.version))  # of equals the first


def _unified(root: Path) -> Iterator[BootEntry]:
    for folder in _UNIFIED:
        for path in sorted((root / folder).glob("*.efi")):
            try:
                version = _unified_version(path)
            except (OSError, KdiveError):
                continue  # something else, or damaged: nothing to start
            yield BootEntry("UKI", path, path.stem, version or version_of(path.name), path, (), None)


def _unified_version(path: Path) -> str:
    if path.stat().st_size > _UNIFIED_LIMIT:
        raise LoadError(f"{path}: too large", hint="is it a kernel?")
    data = read_small(path, _UNIFIED_LIMIT)
    program = pe.read_pe(data)
    if program.section(data, ".linux") is None:
        raise LoadError(f"{path}: no kernel", hint="it is another EFI program")
    return (program.section(data, ".uname") or b"").rstrip(b"\0\n ").decode("ascii", "replace")


def _by_name(root: Path) -> list[BootEntry]:
    folder = root / "boot"
    paths = [path for pattern in _KERNELS for path in sorted(folder.glob(pattern)) if "-rescue-" not in path.name]
    found = []
    for path in paths:
        version = path.name.partition("-")[2]
        initrds = (folder / pattern.format(version) for pattern in _INITRDS)
        initrd = next((one for one in initrds if one.is_file()), None)
        found.append(BootEntry("/boot", path, path.name, version, path, (initrd,) if initrd else (), None))
    return sorted(found, key=lambda entry: version_key(entry.version), reverse=True)
