"""Programs of the machine's owner before and after the capture, and what the configuration says of its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.capture_plan import CapturePlan, Place, read_plan, write_plan
from kdive.kdump.collector.collect import Captured, Collector
from tests.kdump.capture_tree import MB, Tree, loop_device, make_tree, mounted, script

PLAN = CapturePlan("web1", "5.10.0", (Place("local", device="/dev/vda", fstype="ext4"),), hook_deadline_s=2, reserve=MB)


@pytest.fixture
def tree(tmp_path: Path, sample_vmcore: Path) -> Iterator[Tree]:
    tree = make_tree(tmp_path / "root", sample_vmcore)
    with loop_device(tmp_path / "disk", 64 * MB, "mke2fs", "-q", "-F") as device:
        tree.add_device("vda", device)
        yield tree


def names(tree: Tree, tmp_path: Path) -> set[str]:
    with mounted(str(tree.root / "dev/vda"), tmp_path / "mnt") as root:
        return {path.name for path in root.glob("*-*-*/*")}


def test_a_failing_kdump_pre_skips_the_dump_once_the_log_is_safe(tree: Tree, tmp_path: Path) -> None:
    pre = script(tmp_path / "pre", "exit 3\n")
    code, said = tree.collect(replace(PLAN, kdump_pre=pre))
    assert code == 1
    assert "kdump_pre ended with 3: no memory is saved" in said
    assert names(tree, tmp_path) == {"vmcore-dmesg.txt", "manifest.json", "kexec-dmesg.log"}


def test_hooks_run_in_their_order_and_hear_what_became_of_it(tree: Tree, tmp_path: Path) -> None:
    word = f'echo "$(basename $0) $1 $KDIVE_STATUS $(ls "$KDIVE_DUMP" | grep -c vmcore$)" >>{tmp_path}/ran\n'
    for name in ("pre.d/10-first", "post.d/20-then", "post.d/10-first"):
        path = tree.root / "etc/kdump" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        script(path, word)
    pre, post, emergency = (script(tmp_path / name, word) for name in ("pre", "post", "emergency"))
    plan = replace(PLAN, kdump_pre=pre, kdump_post=post, kdump_emergency=emergency)
    assert tree.collect(plan)[0] == 0
    ran = (tmp_path / "ran").read_text().splitlines()
    assert [line.split()[0] for line in ran] == ["pre", "10-first", "10-first", "20-then", "post"]
    assert ran[-1] == "post 0 0 1"


def test_a_hung_hook_holds_up_nothing(tree: Tree, tmp_path: Path) -> None:
    hung = script(tmp_path / "hung", "sleep 1000 & sleep 1000\n")
    begun = time.monotonic()
    code, _ = tree.collect(replace(PLAN, kdump_post=hung))
    assert code == 0
    assert time.monotonic() - begun < 20
    assert f"{hung} ended with 124" in tree.said
    assert "vmcore" in names(tree, tmp_path)


def test_emergency_hooks_run_when_the_dump_is_lost(tree: Tree, tmp_path: Path) -> None:
    emergency = script(tmp_path / "emergency", f"echo $1 >{tmp_path}/ran\n")
    plan = replace(PLAN, places=(replace(PLAN.places[0], fstype="xfs"),), kdump_emergency=emergency)
    assert tree.collect(plan)[0] == 1
    assert (tmp_path / "ran").read_text() == "1\n"


@pytest.mark.parametrize(
    ("complete", "failure", "final", "action"),
    [
        (True, "halt", "reboot", "reboot"),
        (True, "reboot", "poweroff", "poweroff"),
        (False, "poweroff", "reboot", "poweroff"),
        (False, "dump_to_rootfs", "halt", "halt"),
    ],
)
def test_what_the_machine_does_at_the_end(
    complete: bool, failure: str, final: str, action: str, tmp_path: Path, sample_vmcore: Path
) -> None:
    root = make_tree(tmp_path / "bare", sample_vmcore).root
    plan = CapturePlan("web1", "5.10.0", (), failure_action=failure, final_action=final)
    assert Collector(plan, root).finish(Captured(complete)) == action


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = replace(PLAN, places=(Place("ssh", login="a@b", key="/k"), *PLAN.places), test_id="ff")
    path = tmp_path / "capture.json"
    path.write_text(write_plan(plan))
    assert read_plan(path) == plan


WRONG = write_plan(PLAN).replace('"final_action": "reboot"', '"final_action": 1')


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "kdive-plan/1"}', WRONG])
def test_a_plan_that_cannot_be_followed_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "capture.json"
    path.write_text(text)
    with pytest.raises(KdiveError) as error:
        read_plan(path)
    assert "kdive setup --refresh" in error.value.hint
