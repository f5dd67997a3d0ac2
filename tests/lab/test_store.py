"""The lab's cache holds only what is complete, whoever is killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store, release_key

MAKER = """
import os, signal, sys, time
from pathlib import Path
from kdive.lab.store import Store
with Store(Path(sys.argv[1])).making(sys.argv[2]) as new:
    (new / "half").write_text("made")
    print("making", flush=True)
    time.sleep(60)
"""


def put(store: Store, release: str, arch: str = "x86_64") -> None:
    with store.making(f"kernels/{release}") as new:
        assert new is not None
        store.describe(new, LabKernel(release, arch, "1-1", "bookworm", new))


def start_maker(store: Store, name: str) -> subprocess.Popen[str]:
    maker = subprocess.Popen([sys.executable, "-c", MAKER, store.folder, name], stdout=subprocess.PIPE, text=True)
    assert maker.stdout
    assert maker.stdout.readline() == "making\n"
    return maker


def test_a_thing_is_seen_only_when_it_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.making("trees/one") as new:
        assert new is not None
        (new / "file").write_text("content")
        assert not (tmp_path / "trees" / "one").exists()
    assert (tmp_path / "trees" / "one" / "file").read_text() == "content"


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    put(Store(tmp_path), "6.1.0-1-cloud-amd64")
    with Store(tmp_path).making("kernels/6.1.0-1-cloud-amd64") as new:
        assert new is None


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(KdiveError, match="no network"), store.making("trees/one") as new:
        assert new is not None
        (new / "file").write_text("content")
        raise KdiveError("no network")
    assert [path.name for path in (tmp_path / "trees").iterdir()] == [".one.lock"]


def test_two_at_once_make_a_thing_once(tmp_path: Path) -> None:
    made: list[int] = []
    both = threading.Barrier(2)

    def make(number: int) -> None:
        both.wait()
        with Store(tmp_path).making("trees/one") as new:
            if new is not None:
                made.append(number)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_a_killed_run_left_is_removed_by_the_next_whatever_it_makes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    maker = start_maker(store, "trees/one")
    maker.kill()
    maker.communicate()
    assert (tmp_path / "trees" / ".one.new" / "half").exists()
    with store.making("trees/two"):
        assert not (tmp_path / "trees" / ".one.new").exists()


def test_what_another_run_is_making_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    maker = start_maker(store, "trees/one")
    try:
        with store.making("trees/two"):
            assert (tmp_path / "trees" / ".one.new" / "half").read_text() == "made"
    finally:
        maker.kill()
        maker.communicate()


def test_two_that_want_to_be_alone_come_one_after_the_other(tmp_path: Path) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        with Store(tmp_path).alone("trees/one"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.05)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_kernels_are_sorted_as_people_do(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for release in ("6.12.9+deb13-cloud-amd64", "5.10.0-46-cloud-amd64", "6.9.1-cloud-arm64"):
        put(store, release)
    assert [kernel.release for kernel in store.kernels()] == [
        "5.10.0-46-cloud-amd64",
        "6.9.1-cloud-arm64",
        "6.12.9+deb13-cloud-amd64",
    ]


def test_a_rebuilt_kernel_is_newer_than_the_one_it_replaces() -> None:
    assert release_key("6.12.90+deb12.1-cloud-amd64") > release_key("6.12.90+deb12-cloud-amd64")
    assert release_key("3.10.0-1160.el7.x86_64") > release_key("3.10.0-957.el7.x86_64")


def test_a_kernel_of_another_kdive_is_no_kernel_and_says_what_to_do(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "6.1.0-1-cloud-amd64")
    folder = tmp_path / "kernels" / "6.1.0-1-cloud-amd64"
    (folder / "kernel.json").write_text('{"release": "6.1.0-1-cloud-amd64", "colour": "blue"}')
    assert store.kernels() == []
    with pytest.raises(KdiveError, match="no kernel that this kdive knows") as error:
        store.kernel("6.1.0-1-cloud-amd64")
    assert "remove the folder" in error.value.hint


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Store().folder == tmp_path / "kdive" / "lab"
