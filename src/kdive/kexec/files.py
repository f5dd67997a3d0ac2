"""Files as the kernel takes them: opened, or made in memory where they are not on a disk as they are."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kdive.kexec.calls import NO_FD
from kdive.kexec.image import Image, recognise
from kdive.kexec.plan import LoadError, LoadPlan

_KERNEL_LIMIT = 2 << 30  # bytes; a unified image with a large initramfs stays below
_CHUNK = 4 << 20
_NOEXEC_SEAL = 8  # MFD_NOEXEC_SEAL, 105ff5339f49, v6.3: where vm.memfd_noexec is 2, nothing else is allowed


def read_image(path: Path) -> Image:
    """The kernel in the file. Raises LoadError when it cannot be read, KdiveError when it is none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _KERNEL_LIMIT:
            raise LoadError(f"{path}: this is no kernel", hint="give the path of a vmlinuz, Image or UKI: ls /boot")
        with path.open("rb") as file:
            data = file.read(status.st_size)
    except OSError as error:
        raise _unreadable(path, error) from error
    return recognise(data)


def initrd_bytes(paths: Sequence[Path]) -> int:
    """Bytes of the files together. Raises LoadError when one is not there, or no file."""
    total = 0
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise LoadError(f"{path}: this is no file", hint="give the path of an initramfs: ls /boot")
        total += status.st_size
    return total


@contextmanager
def opened(plan: LoadPlan) -> Iterator[tuple[int, int]]:
    """Descriptors of kernel and initramfs (NO_FD for none), open inside of the context.

    A file is handed over as it is wherever it can be: the kernel finds signatures of its contents beside it.
    """
    with ExitStack() as stack:
        try:
            kernel = _kernel(stack, plan)
            initrd = _initrd(stack, plan)
        except OSError as error:
            raise LoadError(f"no copy in memory can be made: {error.strerror}", hint="free memory") from error
        yield kernel, initrd


def _kernel(stack: ExitStack, plan: LoadPlan) -> int:
    if plan.image.wrappings:
        return _in_memory(stack, "kernel", [plan.image.data])
    return _open(stack, plan.kernel)


def _initrd(stack: ExitStack, plan: LoadPlan) -> int:
    own = [plan.image.initrd] if plan.image.initrd else []
    if not own and not plan.initrds:
        return NO_FD
    if not own and len(plan.initrds) == 1:
        return _open(stack, plan.initrds[0])
    target = _in_memory(stack, "initrd", own)
    for path in plan.initrds:
        _append(target, path)
    return target


def _open(stack: ExitStack, path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    stack.callback(os.close, fd)
    return fd


def _in_memory(stack: ExitStack, name: str, parts: Sequence[bytes]) -> int:
    try:
        fd = os.memfd_create(name, os.MFD_CLOEXEC | _NOEXEC_SEAL)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        fd = os.memfd_create(name, os.MFD_CLOEXEC)
    stack.callback(os.close, fd)
    for part in parts:
        _write(fd, part)
    return fd


def _append(fd: int, path: Path) -> None:
    """Adds an archive, at a multiple of four bytes as the kernel expects it."""
    _write(fd, bytes(-os.lseek(fd, 0, os.SEEK_CUR) % 4))
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                _write(fd, chunk)
    except OSError as error:
        raise _unreadable(path, error) from error


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left[:_CHUNK]) :]


def _unreadable(path: Path, error: OSError) -> LoadError:
    hint = "run it as root" if error.errno == errno.EACCES else "give the path of a file that is there: ls /boot"
    return LoadError(f"{path}: {error.strerror}", hint=hint)
