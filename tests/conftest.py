"""The bundled sample, and the hook for more dumps."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["tests.lab.crashes"]

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session", autouse=True)
def no_fetched_debuginfo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What was fetched on this machine must not decide what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDIVE_DEBUGINFO_CACHE", str(tmp_path_factory.mktemp("debuginfo")))
        yield


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


def debug_vmlinux(release: str) -> Path | None:
    """The vmlinux with debuginfo of that kernel, in one of the folders that KDIVE_DEBUG_DIRS names."""
    for root in filter(None, os.environ.get("KDIVE_DEBUG_DIRS", "").split(":")):
        entry = Path(root) / "entry.json"  # of `kdive debuginfo fetch`
        if entry.exists() and json.loads(entry.read_text())["release"] == release:
            return Path(root) / "vmlinux"
        if (path := Path(root) / "boot" / f"vmlinux-{release}").exists():
            return path
    return None


@pytest.fixture(scope="session")
def sample_vmlinux() -> Path:
    """The sample kernel's vmlinux with debuginfo, in a folder that KDIVE_DEBUG_DIRS names (`make debuginfo`)."""
    path = debug_vmlinux("5.10.0-32-cloud-amd64")
    if path is None:
        pytest.skip("KDIVE_DEBUG_DIRS does not hold the sample's debuginfo: `make debuginfo` fetches it")
    return path
