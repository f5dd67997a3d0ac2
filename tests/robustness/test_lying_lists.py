"""A real dump whose lists of tasks and modules were bent into circles: the walks end, and the report says so."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import drgn
import pytest

from kdive.dumpfile.open import open_dump
from kdive.facts.machine import Modules, Tasks
from kdive.kernel.collect import collect
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from kdive.symbols.find import find_symbols
from tests.build_dump import PAGE_SIZE, build_kdump


@pytest.fixture(scope="module")
def bent(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """The sample with init_task.tasks → pid 1 → pid 1 …, and the newest module's next pointing at itself."""
    with open_dump(sample_vmcore) as dump:
        memory = open_memory(dump)
        program = find_symbols(memory).program
        assert program is not None
        pages = {
            pfn: dump.read_physical(pfn * PAGE_SIZE, PAGE_SIZE)
            for start, size in dump.kept_ranges()
            for pfn in range(start // PAGE_SIZE, (start + size) // PAGE_SIZE)
        }
        task = program["init_task"].address_ + drgn.offsetof(program.type("struct task_struct"), "tasks")
        for first in (program.read_word(task), program.read_word(program["modules"].address_)):
            pfn, offset = divmod(memory.translate(first), PAGE_SIZE)
            page = bytearray(pages[pfn])
            struct.pack_into("<Q", page, offset, first)
            pages[pfn] = bytes(page)
        path = tmp_path_factory.mktemp("bent") / "vmcore"
        path.write_bytes(build_kdump(pages, vmcoreinfo=dump.vmcoreinfo_text.decode()))
    with open_dump(path) as dump:
        yield open_memory(dump)


def test_circles_of_tasks_and_modules_end_and_are_named(bent: Memory) -> None:
    facts = dict(collect(bent, find_symbols(bent)))
    tasks, modules = facts["tasks"], facts["modules"]
    assert isinstance(tasks, Tasks)
    assert isinstance(modules, Modules)
    assert [task.pid for task in tasks.tasks] == [0, 0, 1]
    assert "runs in a circle after 1 entries" in tasks.truncated
    assert [module.name for module in modules.modules] == ["crashzoo"]
    assert "runs in a circle after 1 entries" in modules.truncated
