"""The bundled sample, and the hook for more dumps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def sample_vmcore() -> Path:
    """A real dump: Debian's 5.10 cloud kernel, BUG_ON() in a module; see samples/README.md."""
    return SAMPLES / "sample.vmcore"


@pytest.fixture(scope="session")
def sample_console() -> Path:
    """The serial console of the same machine, the capture kernel's boot included."""
    return SAMPLES / "sample.console.log"


@pytest.fixture(scope="session")
def sample_module() -> Path:
    """The module that crashed it, with its DWARF."""
    return SAMPLES / "crashzoo.ko"


@pytest.fixture(scope="session")
def more_samples() -> Path:
    """A folder of further dumps with their console logs, named by KDIVE_SAMPLES."""
    folder = os.environ.get("KDIVE_SAMPLES")
    if not folder:
        pytest.skip("KDIVE_SAMPLES is not set: no dumps beyond the bundled one to check")
    return Path(folder)


@pytest.fixture(scope="session")
def sample_vmlinux() -> Path:
    """The sample kernel's vmlinux with debuginfo, in a folder that KDIVE_DEBUG_DIRS names (tools/fetch-debuginfo)."""
    for root in filter(None, os.environ.get("KDIVE_DEBUG_DIRS", "").split(":")):
        if (path := Path(root) / "boot" / "vmlinux-5.10.0-32-cloud-amd64").exists():
            return path
    pytest.skip("KDIVE_DEBUG_DIRS does not hold the sample's debuginfo: run tools/fetch-debuginfo")
