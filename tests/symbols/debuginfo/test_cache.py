"""Debuginfo that was fetched."""

from __future__ import annotations

import os
from pathlib import Path

from kdive.symbols.debuginfo.cache import Cache, Entry
from kdive.symbols.identity import KernelIdentity


def put(cache: Cache, release: str, build_id: str, size: int = 4096, used: float = 0) -> Entry:
    kernel = KernelIdentity(release, "", build_id)
    with cache.making(kernel) as folder:
        (folder / "vmlinux").write_bytes(os.urandom(size))
        entry = cache.keep(folder, kernel, "test")
    for path in (entry.vmlinux, entry.folder / "entry.json"):
        os.utime(path, (used, used))
    return entry


def test_a_kernel_is_found_by_its_build_id_before_its_release(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    put(cache, "6.1", "aa" * 20)
    second = put(cache, "6.1", "bb" * 20)
    found = cache.find(KernelIdentity("6.1", "", "bb" * 20))
    assert found is not None and found.folder == second.folder
    assert cache.find(KernelIdentity("6.1", "", "cc" * 20)) is None
    assert cache.find(KernelIdentity("6.1", "", "")) is not None


def test_the_longest_unused_goes_first_and_what_was_just_fetched_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    old, new = put(cache, "1", "", 8192, used=1000), put(cache, "2", "", 8192, used=3000)
    put(cache, "3", "", 8192, used=2000)
    assert [entry.release for entry in cache.entries()] == ["2", "3", "1"]
    removed = cache.prune(limit=new.size * 2)
    assert [entry.release for entry in removed] == ["1"]
    assert not old.folder.exists()
    kept = cache.find(KernelIdentity("3", "", ""))
    assert [entry.release for entry in cache.prune(limit=0, keep=kept)] == ["2"]


def test_half_a_download_is_no_entry_and_is_there_for_the_next_try(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    kernel = KernelIdentity("6.1", "", "")
    with cache.making(kernel) as folder:
        (folder / "vmlinux.part").write_bytes(b"half")
    assert cache.entries() == []
    with cache.making(kernel) as folder:
        assert (folder / "vmlinux.part").read_bytes() == b"half"


def test_what_a_dump_says_of_itself_leads_nowhere_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    entry = put(cache, "../../6.1", "")
    assert entry.folder.parent == tmp_path / "cache"


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = put(cache, "6.1", "")
    (entry.folder / "entry.json").write_text("[")
    assert cache.entries() == []
