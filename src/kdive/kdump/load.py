"""Loads the capture kernel with its image, and takes it away again."""

from __future__ import annotations

import os
from pathlib import Path

from kdive.errors import KdiveError
from kdive.formats.machines import of_utsname
from kdive.kdump import capture_cmdline
from kdive.kdump.config_files.find import find_config
from kdive.kdump.image.record import image_path
from kdive.kexec import load as kexec
from kdive.kexec.load import Host
from kdive.kexec.plan import LoadPlan, Request

_KERNELS = (
    "boot/vmlinuz-{}",
    "lib/modules/{}/vmlinuz",
    "boot/vmlinux-{}",
    "boot/Image-{}",
    "usr/lib/modules/{}/vmlinuz",
)


def kernel_file(release: str, root: Path = Path("/")) -> Path:
    """The kernel of that release as it is installed. Raises KdiveError when it is not."""
    for name in _KERNELS:
        if (path := root / name.format(release)).is_file():
            return path
    raise KdiveError(
        f"there is no kernel {release} in /boot or /lib/modules",
        hint="the running kernel's package was removed: boot the installed kernel, then run `kdive setup` again",
    )


def plan_load(release: str, host: Host, extra: tuple[str, ...] = ()) -> LoadPlan:
    """What would be loaded. Raises KdiveError for what is bound to fail, or when the image is not built."""
    image = image_path(release, host.root)
    if not image.exists():
        raise KdiveError(f"{image} is not built", hint="kdive setup builds it")
    arch = of_utsname(os.uname().machine)
    line = capture_cmdline.configured(capture_cmdline.wanted(arch, host.root, extra), find_config(host.root).config)
    request = Request(kernel=kernel_file(release, host.root), initrds=(image,), crash=True, cmdline=line)
    return kexec.prepare(request, host)


def load_capture(release: str, host: Host, extra: tuple[str, ...] = ()) -> LoadPlan:
    """Loads the capture kernel; the plan as it was carried out. Raises LoadError with the cause."""
    return kexec.load(plan_load(release, host, extra), host)
