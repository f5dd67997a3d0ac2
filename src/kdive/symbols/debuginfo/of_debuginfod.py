"""Debuginfo by build ID, from debuginfod(8) servers.

Source: elfutils, debuginfod(8): GET /buildid/BUILDID/debuginfo. Asked here and not by libdebuginfod, which has no way
to go on with a download of a gigabyte that broke off.
"""

from __future__ import annotations

import os
from pathlib import Path

from kdive.packages.download import Progress, download
from kdive.symbols.debuginfo.cache import VMLINUX
from kdive.symbols.debuginfo.wanted import Wanted


def servers() -> tuple[str, ...]:
    """Those of the environment, as its other clients have them."""
    return tuple(os.environ.get("DEBUGINFOD_URLS", "").split())


def fetch(server: str, wanted: Wanted, into: Path, progress: Progress) -> None:
    """Puts the vmlinux in `into`. Raises NotThereError where the server does not know the build ID."""
    address = f"{server.rstrip('/')}/buildid/{wanted.kernel.build_id}/debuginfo"
    download(address, into / VMLINUX, progress)
