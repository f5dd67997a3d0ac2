"""Dumps of three tools are found, and the last one never goes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.facts.missing import Missing
from kdive.kdump.dumps import Policy, StoredDump, dumps_in, read_dump, removable, remove
from kdive.units import ByteCount, UnixSeconds
from tests.kdump.trees_of_hosts import write

DAY = 86400
NOV_23 = 1795410488  # 2026-11-23 05:08:08 UTC


def captured(folder: Path, **changes: object) -> Path:
    """A folder as kdive's capture leaves it."""
    manifest = {
        "schema": "kdive-capture/1",
        "complete": True,
        "files": {"vmcore": {"size": 6, "sha256": ""}, "vmcore-dmesg.txt": {"size": 4, "sha256": ""}},
        "kernel": "6.1.0-56-amd64",
        "time": NOV_23,
        "level": 31,
    }
    text = json.dumps({**manifest, **changes})
    write(folder, {"vmcore": "KDUMP ", "vmcore-dmesg.txt": "log\n", "manifest.json": text})
    return folder


def test_a_dump_of_kdive_says_in_its_manifest_what_it_is(tmp_path: Path) -> None:
    captured(tmp_path / "web1-2026-11-23-05:07:08")
    (dump,) = dumps_in([tmp_path])
    assert (dump.host, dump.time, dump.kernel, dump.level) == ("web1", NOV_23, "6.1.0-56-amd64", 31)
    assert (dump.complete, dump.problem, dump.vmcore, dump.log) == (True, "", "vmcore", "vmcore-dmesg.txt")
    assert dump.size == sum(path.stat().st_size for path in Path(dump.folder).iterdir())


def test_dumps_of_other_tools_are_told_by_their_names(tmp_path: Path) -> None:
    write(tmp_path / "127.0.0.1-2026-11-23-05:07:08", {"vmcore": "KDUMP", "vmcore-dmesg.txt": "log"})
    write(tmp_path / "202611230508", {"dump.202611230508": "KDUMP", "dmesg.202611230508": "log"})
    write(tmp_path / "2026-11-23-05:09", {"vmcore": "KDUMP", "dmesg.txt": "log"})
    found = dumps_in([tmp_path])
    assert [(dump.name, dump.host, dump.vmcore, dump.complete) for dump in found] == [
        ("2026-11-23-05:09", "", "vmcore", True),
        ("202611230508", "", "dump.202611230508", True),
        ("127.0.0.1-2026-11-23-05:07:08", "127.0.0.1", "vmcore", True),
    ]
    assert found[2].time == 1795410428


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"vmcore-incomplete": "KDU", "vmcore-dmesg.txt": "log"}, "the capture ended within vmcore-incomplete"),
        ({"vmcore-dmesg.txt": "log"}, "only the log was saved"),
        ({"vmcore": ""}, "vmcore is empty"),
        ({"vmcore": "KDUMP", "manifest.json": "{"}, "manifest.json cannot be read"),
        ({"vmcore": "KDUMP", "manifest.json": "[1]"}, "manifest.json is not of the kind"),
    ],
)
def test_what_is_not_whole_says_why(files: dict[str, str | bytes], problem: str, tmp_path: Path) -> None:
    write(tmp_path / "a-2026-11-23-05:07:08", files)
    (dump,) = dumps_in([tmp_path])
    assert not dump.complete
    assert dump.problem.startswith(problem)


def test_a_file_that_shrank_since_is_noticed(tmp_path: Path) -> None:
    folder = captured(tmp_path / "a-2026-11-23-05:07:08")
    (folder / "vmcore").write_text("KDU")
    (dump,) = dumps_in([tmp_path])
    assert dump.problem == "vmcore has 3 bytes, and was saved with 6"


def test_a_capture_that_calls_itself_incomplete_is_believed(tmp_path: Path) -> None:
    captured(tmp_path / "a-2026-11-23-05:07:08", complete=False)
    assert dumps_in([tmp_path])[0].problem == "the capture says that it is not complete"


def test_a_capture_says_why_it_is_not_complete_and_whose_it_is(tmp_path: Path) -> None:
    captured(tmp_path / "192.0.2.7-2026-11-23-05:07:08", complete=False, reason="the deadline passed", host="web1")
    (dump,) = dumps_in([tmp_path])
    assert (dump.problem, dump.host) == ("the deadline passed", "web1")


def test_other_folders_are_no_dumps(tmp_path: Path) -> None:
    write(tmp_path / "a-2026-11-23-05:07:08", {"notes": "mine"})
    write(tmp_path / "lost+found", {"vmcore": "KDUMP"})
    write(tmp_path / "a-2026-13-45-05:07:08", {"vmcore": "KDUMP"})
    os.symlink(captured(tmp_path / "elsewhere"), tmp_path / "b-2026-11-23-05:07:09")
    assert dumps_in([tmp_path, tmp_path / "gone"]) == ()


def stored(age_days: int, size: int = 10, complete: bool = True) -> StoredDump:
    """A dump of some days ago."""
    time = UnixSeconds(NOV_23 - age_days * DAY)
    none = Missing("")
    problem = "" if complete else "cut"
    return StoredDump(
        f"/d/{age_days}", "", time, ByteCount(size), none, none, complete, problem, none, none, "", False, time
    )


NOW = UnixSeconds(NOV_23 + 3600)


def ages(dumps: tuple[StoredDump, ...]) -> list[int]:
    return [int(dump.name) for dump in dumps]


def test_the_newest_stay() -> None:
    dumps = [stored(0), stored(1), stored(2), stored(3)]
    assert ages(removable(dumps, Policy(keep=2), NOW)) == [3, 2]


def test_those_of_an_age_go() -> None:
    dumps = [stored(0), stored(5), stored(30)]
    assert ages(removable(dumps, Policy(older_than_s=7 * DAY), NOW)) == [30]


def test_the_oldest_go_until_the_rest_is_small_enough() -> None:
    dumps = [stored(0, 40), stored(1, 30), stored(2, 20), stored(3, 10)]
    assert ages(removable(dumps, Policy(total=ByteCount(75)), NOW)) == [3, 2]


def test_the_only_whole_dump_stays_whatever_is_asked() -> None:
    dumps = [stored(0, complete=False), stored(400), stored(500)]
    assert ages(removable(dumps, Policy(keep=0, older_than_s=1, total=ByteCount(0)), NOW)) == [500, 0]
    assert removable([stored(400)], Policy(keep=0, older_than_s=1, total=ByteCount(0)), NOW) == ()
    assert removable([stored(400, complete=False)], Policy(incomplete=True), NOW) == ()


def test_what_is_being_written_stays() -> None:
    young = stored(0, complete=False)
    assert removable([stored(0), young], Policy(incomplete=True), UnixSeconds(young.changed + 5)) == ()


@given(
    st.lists(st.builds(stored, st.integers(0, 50), st.integers(0, 100), st.booleans()), max_size=8),
    st.builds(
        Policy,
        st.none() | st.integers(0, 9),
        st.none() | st.integers(0, 99 * DAY),
        st.none() | st.integers(0, 500).map(ByteCount),
        st.booleans(),
    ),
)
def test_one_dump_is_always_left_and_a_whole_one_where_there_was_one(dumps: list[StoredDump], policy: Policy) -> None:
    dumps.sort(key=lambda dump: dump.time, reverse=True)
    gone = removable(dumps, policy, NOW)
    left = [dump for dump in dumps if not any(dump is one for one in gone)]
    assert bool(left) == bool(dumps)
    assert any(dump.complete for dump in left) == any(dump.complete for dump in dumps)


def test_a_removed_dump_is_gone_and_a_link_in_it_is_not_followed(tmp_path: Path) -> None:
    folder = captured(tmp_path / "dumps" / "a-2026-11-23-05:07:08")
    kept = write(tmp_path / "kept", {"file": "x"})
    os.symlink(kept, folder / "link")
    dump = read_dump(folder)
    assert dump is not None
    remove(dump)
    assert not folder.exists()
    assert (kept / "file").read_text() == "x"


@given(st.binary(max_size=300))
def test_any_manifest_gives_a_dump(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any") / "a-2026-11-23-05:07:08"
    write(folder, {"vmcore": "KDUMP", "manifest.json": data})
    dump = read_dump(folder)
    assert dump is not None
    assert not dump.complete
