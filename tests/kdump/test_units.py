from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kdive.kdump.services import plan_services
from kdive.kdump.units import ENABLED, left_out, unit_files


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    for folder in (
        "usr/lib/systemd",
        "etc/systemd/system/multi-user.target.wants",
        "etc/udev",
        "etc/kernel/postinst.d",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/systemd").write_text("")
    return tmp_path


def test_debian_gets_units_a_rule_and_hooks_of_dpkg(debian: Path) -> None:
    changes = {change.path: change for change in unit_files("/usr/bin/kdive", debian)}
    assert sorted(changes) == [
        "/etc/kernel/postinst.d/zz-kdive",
        "/etc/kernel/postrm.d/zz-kdive",
        "/etc/systemd/system/kdive-after.service",
        "/etc/systemd/system/kdive-config.path",
        "/etc/systemd/system/kdive-config.service",
        "/etc/systemd/system/kdive-kdump.service",
        "/etc/udev/rules.d/98-kdive.rules",
    ]
    assert changes["/etc/kernel/postinst.d/zz-kdive"].mode == 0o755
    service = changes["/etc/systemd/system/kdive-kdump.service"].text
    assert service and "ExecStart=/usr/bin/kdive setup --refresh\n" in service
    assert not [path for path, change in changes.items() if "@" in (change.text or "")]
    assert left_out(debian) == []


def test_fedora_gets_a_plugin_of_kernel_install(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/kernel-install").write_text("")
    assert [change.path for change in unit_files("/usr/bin/kdive", tmp_path)] == [
        "/etc/kernel/install.d/98-kdive.install"
    ]


def test_a_machine_without_systemd_is_told_what_to_do(tmp_path: Path) -> None:
    assert unit_files("/usr/bin/kdive", tmp_path) == []
    first, second = left_out(tmp_path)
    assert first.startswith("no systemd: have `kdive setup --refresh` run at each boot")
    assert second.startswith("no hooks of kernel packages")


def test_another_tool_that_is_enabled_is_to_be_disabled(debian: Path) -> None:
    wants = debian / "etc/systemd/system/multi-user.target.wants"
    (wants / "kdump-tools.service").symlink_to("/lib/systemd/system/kdump-tools.service")
    (wants / "kdive-kdump.service").symlink_to("/etc/systemd/system/kdive-kdump.service")
    plan = plan_services(debian)
    assert plan.disable == ("kdump-tools.service",)
    assert plan.enable == tuple(name for name in ENABLED if name != "kdive-kdump.service")


def test_the_hooks_are_programs_of_the_shell(debian: Path, tmp_path: Path) -> None:
    called = tmp_path / "called"
    fake = tmp_path / "program"
    fake.write_text(f'#!/bin/sh\necho "$@" >>{called}\n')
    fake.chmod(0o755)
    (debian / "usr/bin").mkdir()
    hooks = [change for change in unit_files(str(fake), debian) if change.path.endswith("postinst.d/zz-kdive")]
    shutil.rmtree(debian / "etc/kernel")
    (debian / "usr/bin/kernel-install").write_text("")
    hooks += [change for change in unit_files(str(fake), debian) if change.path.endswith(".install")]
    for hook, arguments in zip(hooks, (["6.1.0"], ["add", "6.12.1", "/boot/6.12.1"]), strict=True):
        path = tmp_path / Path(hook.path).name
        path.write_text(hook.text or "")
        subprocess.run(["sh", str(path), *arguments], check=True)
    assert called.read_text() == "setup --image 6.1.0\nsetup --image 6.12.1\n"
