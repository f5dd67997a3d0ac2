from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.image.tree import Item, Tree, bridges


def test_a_file_comes_with_the_links_on_the_way_to_it(tmp_path: Path) -> None:
    (tmp_path / "usr/lib64").mkdir(parents=True)
    (tmp_path / "usr/lib64/libz.so.1.3").write_bytes(b"z")
    (tmp_path / "usr/lib64/libz.so.1").symlink_to("libz.so.1.3")
    (tmp_path / "lib64").symlink_to("usr/lib64")
    (tmp_path / "lib").symlink_to("/lib64")  # of the machine below the root, not of the one that runs this
    tree = Tree(tmp_path)
    assert tree.file("/lib/libz.so.1") == "/usr/lib64/libz.so.1.3"
    links = {item.path: item.target for item in tree.sorted() if item.target}
    assert links == {"lib": "/lib64", "lib64": "usr/lib64", "usr/lib64/libz.so.1": "libz.so.1.3"}
    assert tree.items["usr/lib64/libz.so.1.3"].source == tmp_path / "usr/lib64/libz.so.1.3"
    assert tree.real("/lib/libz.so.1") == "usr/lib64/libz.so.1.3"


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(KdiveError, match="/a: its links lead in a circle"):
        Tree(tmp_path).file("/a")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="/bin/sh: No such file or directory"):
        Tree(tmp_path).file("/bin/sh")


def test_what_only_the_mounted_half_has_is_linked_as_high_as_can_be() -> None:
    outer = [Item("usr/bin/busybox", data=b"b"), Item("lib64", target="usr/lib64"), Item("etc/kdive/environment")]
    inner = [
        Item("usr/bin/python3", data=b"p"),
        Item("usr/lib/python3/os.pyc", data=b"o"),
        Item("usr/lib/libc.so.6", data=b"c"),
        Item("lib64/ld.so", data=b"l"),
        Item("etc/ld.so.cache", data=b"c"),
        Item("opt/kdive/kdive/__init__.pyc", data=b"k"),
    ]
    assert {link.path: link.target for link in bridges(inner, outer, "/runtime")} == {
        "usr/bin/python3": "/runtime/usr/bin/python3",
        "usr/lib": "/runtime/usr/lib",
        "etc/ld.so.cache": "/runtime/etc/ld.so.cache",
        "opt": "/runtime/opt",
    }
