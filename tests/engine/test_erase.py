"""What a plan names reaches no dump, whatever its format; and every dump says so, also after the next change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.dumpfile.open import open_dump
from kdive.engine.erase import Erasure, plan_of
from kdive.engine.output import FileOutput
from kdive.engine.plain_writer import write_plain
from kdive.engine.reassemble import reassemble
from kdive.engine.split import write_split
from kdive.errors import KdiveError
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, prstatus_note
from tests.engine.copying import copy, pages_of, quick, windows

PAGES = {pfn: bytes([pfn % 7 + 1]) * PAGE_SIZE for pfn in range(20)}
PLAN = plan_of(
    [
        Erasure(3 * PAGE_SIZE + 16, 32, "user_key_payload.data"),
        Erasure(5 * PAGE_SIZE - 8, 2 * PAGE_SIZE, "crypto_tfm.__crt_ctx"),
        Erasure(9 * PAGE_SIZE, 8, "key.payload", zeros=True),
        Erasure(3 * PAGE_SIZE + 40, 100, "user_key_payload.data"),
    ]
)
TEXT = (
    b"erase crypto_tfm.__crt_ctx size 8192\nerase key.payload nullify\n"
    b"erase user_key_payload.data size 100\nerase user_key_payload.data size 32\n"
)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.write_bytes(build_kdump(PAGES, notes=prstatus_note(1, {})))
    return path


def erased() -> dict[int, bytes]:
    """The pages as they must come out."""
    memory = bytearray(b"".join(PAGES.values()))
    memory[3 * PAGE_SIZE + 16 : 3 * PAGE_SIZE + 140] = b"X" * 124
    memory[5 * PAGE_SIZE - 8 : 7 * PAGE_SIZE - 8] = b"X" * 2 * PAGE_SIZE
    memory[9 * PAGE_SIZE : 9 * PAGE_SIZE + 8] = bytes(8)
    return {pfn: bytes(memory[pfn * PAGE_SIZE : (pfn + 1) * PAGE_SIZE]) for pfn in PAGES}


def eraseinfo(path: Path) -> bytes:
    with open_dump(path) as dump:
        return dump.eraseinfo


@pytest.mark.parametrize("changes", [{"compression": "zstd"}, {"compression": "", "jobs": 2}, {"format": "elf"}])
def test_a_dump_has_poison_where_the_plan_says_and_its_erase_info_says_so(
    tmp_path: Path, dump: Path, changes: dict[str, object]
) -> None:
    copy(dump, tmp_path / "out", quick(erase=PLAN, **changes))
    assert pages_of(tmp_path / "out") == erased()
    assert eraseinfo(tmp_path / "out") == TEXT


def test_readers_are_told_what_was_erased(tmp_path: Path, dump: Path) -> None:
    copy(dump, tmp_path / "out", quick(erase=PLAN))
    with open_dump(tmp_path / "out") as written:
        assert written.container.erased == ("crypto_tfm.__crt_ctx", "key.payload", "user_key_payload.data")


@pytest.mark.parametrize("second", ["elf", "kdump"])
def test_the_next_dump_still_says_what_was_erased_and_adds_its_own(tmp_path: Path, dump: Path, second: str) -> None:
    copy(dump, tmp_path / "one", quick(erase=PLAN, format="elf"))
    more = plan_of([Erasure(0, 4, "base_crng")])
    copy(tmp_path / "one", tmp_path / "two", quick(erase=more, format=second))
    copy(tmp_path / "two", tmp_path / "three", quick(format="elf" if second == "kdump" else "kdump"))
    assert eraseinfo(tmp_path / "three") == TEXT + b"erase base_crng size 4\n"
    assert pages_of(tmp_path / "three")[0][:5] == b"XXXX\1"


def test_a_split_set_and_what_is_made_of_it_say_it_once(tmp_path: Path, dump: Path) -> None:
    parts = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    with open_dump(dump) as opened:
        write_split(open_memory(opened), windows(opened), parts, quick(erase=PLAN))
    assert eraseinfo(parts[1]) == TEXT
    assert pages_of(parts[0]) == erased()
    with FileOutput(tmp_path / "whole") as output:
        assert reassemble(parts, output) == ""
    assert eraseinfo(tmp_path / "whole") == TEXT
    assert pages_of(tmp_path / "whole") == erased()


def test_the_writer_without_numpy_passes_on_what_was_erased(tmp_path: Path, dump: Path) -> None:
    copy(dump, tmp_path / "one", quick(erase=PLAN))
    with open_dump(tmp_path / "one") as opened, FileOutput(tmp_path / "two") as output:
        write_plain(open_memory(opened), output, quick())
    assert eraseinfo(tmp_path / "two") == TEXT
    assert pages_of(tmp_path / "two") == erased()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ranges=st.lists(st.tuples(st.integers(0, 24 * PAGE_SIZE), st.integers(0, 3 * PAGE_SIZE)), max_size=8),
    pfns=st.sets(st.integers(0, 19), min_size=1),
)
def test_exactly_the_bytes_of_the_plan_are_poisoned(
    tmp_path_factory: pytest.TempPathFactory, ranges: list[tuple[int, int]], pfns: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("dumps")
    (folder / "in").write_bytes(build_elf({pfn: PAGES[pfn] for pfn in pfns}))
    copy(folder / "in", folder / "out", quick(erase=plan_of(Erasure(start, size, "it") for start, size in ranges)))
    memory = np.frombuffer(b"".join(PAGES.values()), np.uint8).copy()
    for start, size in ranges:
        memory[start : start + size] = ord("X")
    rows = memory.reshape(-1, PAGE_SIZE)
    assert pages_of(folder / "out") == {pfn: rows[pfn].tobytes() for pfn in pfns}


def test_a_plan_raises_the_level_of_the_dump(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_elf(PAGES))
    copy(tmp_path / "in", tmp_path / "out", quick(level=1, erase=plan_of([], level=24)))
    with open_dump(tmp_path / "out") as written:
        assert written.container.dump_level == 25


def test_a_plan_of_more_ranges_than_memory_has_room_for_is_refused() -> None:
    one = Erasure(0, 1, "it")
    with pytest.raises(KdiveError, match="places are to be erased"):
        plan_of(one for _ in range(1 << 23))
