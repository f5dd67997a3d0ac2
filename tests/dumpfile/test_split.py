"""Split sets: found by any of their parts, and honest about parts that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import DumpDamagedError, DumpError
from tests.build_dump import PAGE_SIZE, build_kdump, flatten, split_kdump

PAGES = {pfn: b"page %d" % pfn for pfn in range(1, 300, 3)}
BOUNDARIES = [100, 200]


def write_set(folder: Path, **options: object) -> list[Path]:
    paths = [folder / f"vmcore.{number}" for number in (1, 2, 3)]
    for path, data in zip(paths, split_kdump(PAGES, BOUNDARIES, **options), strict=True):
        path.write_bytes(data)
    return paths


@pytest.mark.parametrize("given", [0, 1, 2])
@pytest.mark.parametrize("version", [2, 5, 6])
def test_any_part_opens_the_whole_set(tmp_path: Path, given: int, version: int) -> None:
    paths = write_set(tmp_path, version=version)
    (tmp_path / "README").write_text("KDUMP, not")
    with open_dump(paths[given]) as dump:
        assert dump.paths == paths
        for pfn, page in PAGES.items():
            assert dump.read_physical(pfn * PAGE_SIZE, len(page)) == page
        assert (dump.container.parts, dump.container.incomplete, dump.container.damage) == (3, "", ())
        assert not dump.native


def test_the_folder_and_all_parts_open_the_same_set(tmp_path: Path) -> None:
    paths = write_set(tmp_path)
    with open_dump(tmp_path) as dump:
        assert dump.paths == paths
    with open_dump(paths[2], paths[0], paths[1]) as dump:
        assert dump.paths == paths


def test_a_missing_part_is_named_and_costs_only_its_pages(tmp_path: Path) -> None:
    paths = write_set(tmp_path)
    paths[1].unlink()
    with open_dump(paths[2]) as dump:
        assert dump.container.incomplete == "parts of the split set are missing"
        assert dump.container.damage == ("the part with pages 0x64 to 0xc8 was not found (34 pages)",)
        assert dump.container.pages_kept == len(PAGES) - 34
        assert dump.read_physical(1 * PAGE_SIZE, 6) == b"page 1"
        with pytest.raises(DumpDamagedError, match="part of the split dump"):
            dump.read_physical(100 * PAGE_SIZE, 1)


def test_parts_of_another_dump_and_of_another_split_are_left_alone(tmp_path: Path) -> None:
    paths = write_set(tmp_path)
    other = split_kdump(PAGES, [50], nodename="other")
    again = split_kdump(PAGES, [150])
    for number, data in enumerate(other + again):
        (tmp_path / f"again.{number}").write_bytes(data)
    with open_dump(paths[1]) as dump:
        assert dump.paths == paths


def test_flattened_parts_are_parts_too(tmp_path: Path) -> None:
    paths = write_set(tmp_path)
    paths[0].write_bytes(flatten(paths[0].read_bytes()))
    with open_dump(paths[1]) as dump:
        assert dump.paths == paths
        assert dump.container.damage == ()


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    paths = write_set(tmp_path)
    alone = tmp_path / "alone"
    alone.write_bytes(build_kdump(PAGES))
    with pytest.raises(DumpError, match="alone: not a part of the same split dump"):
        open_dump(paths[0], alone)
