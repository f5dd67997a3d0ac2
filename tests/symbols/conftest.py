"""The bundled sample with names and types out of its own memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drgn
import pytest

from kdive.dumpfile.open import open_dump
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from kdive.symbols.find import SymbolOptions, Symbols, find_symbols


@pytest.fixture(scope="session")
def sample_memory(sample_vmcore: Path) -> Iterator[Memory]:
    with open_dump(sample_vmcore) as dump:
        yield open_memory(dump)


@pytest.fixture(scope="session")
def sample_symbols(sample_memory: Memory) -> Symbols:
    symbols = find_symbols(sample_memory, SymbolOptions())
    if symbols.rung.name != "btf":
        pytest.skip(f"this machine has debuginfo of the sample's kernel: {symbols.vmlinux}")
    return symbols


@pytest.fixture(scope="session")
def sample_program(sample_symbols: Symbols) -> drgn.Program:
    assert sample_symbols.program is not None
    return sample_symbols.program


@pytest.fixture(scope="session")
def sample_truth(sample_vmcore: Path) -> dict[str, Any]:
    """What the kernel's own debuginfo says of the sample; see samples/README.md."""
    truth: dict[str, Any] = json.loads((sample_vmcore.parent / "truth.json").read_text())
    return truth
