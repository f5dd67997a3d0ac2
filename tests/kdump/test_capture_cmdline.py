from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kdump.capture_cmdline import wanted
from kdive.kexec.cmdline import build, words

RUNNING = (
    "BOOT_IMAGE=/boot/vmlinuz-6.1.0 root=UUID=0123 ro quiet console=ttyS0,115200 crashkernel=256M hugepages=1024 "
    'panic_on_warn=1 intel_iommu=on rd.lvm.lv=vg/root log_buf_len=16M dyndbg="file a.c +p" -- single'
)


def line(arch: str, root: Path, extra: tuple[str, ...] = ()) -> str:
    return build(wanted(arch, root, extra), RUNNING, None, crash=True)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(
        "processor\t: 0\ninitial apicid\t: 2\n\nprocessor\t: 1\ninitial apicid\t: 4\n"
    )
    return tmp_path


def test_what_shapes_the_running_system_goes_and_the_rest_stays(machine: Path) -> None:
    assert line("x86_64", machine) == (
        'console=ttyS0,115200 intel_iommu=on dyndbg="file a.c +p" '
        "nr_cpus=1 reset_devices cgroup_disable=memory panic=10 transparent_hugepage=never nokaslr novmcoredd cma=0 "
        "hugetlb_cma=0 kfence.sample_interval=0 initramfs_options=size=90% irqpoll mce=off numa=off "
        "acpi_no_memhotplug hest_disable pcie_ports=compat disable_cpu_apicid=2 -- single"
    )


def test_a_word_that_is_there_already_comes_once(machine: Path) -> None:
    running = "nr_cpus=8 irqpoll reset_devices panic=0 console=tty0"
    parameters = words(build(wanted("x86_64", machine), running, None, crash=True))
    assert parameters.count("irqpoll") == parameters.count("reset_devices") == 1
    assert [one for one in parameters if one.startswith(("nr_cpus", "panic"))] == ["nr_cpus=1", "panic=10"]


def test_a_machine_of_amazon_gets_no_irqpoll(machine: Path) -> None:
    dmi = machine / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    (dmi / "sys_vendor").write_text("Amazon EC2\n")
    assert "irqpoll" not in words(line("x86_64", machine))


def test_arm64_and_powerpc_get_their_own_words(machine: Path) -> None:
    arm64 = words(line("aarch64", machine))
    assert "swiotlb=noforce" in arm64
    assert not {"irqpoll", "mce=off", "disable_cpu_apicid=2"} & set(arm64)
    assert {"maxcpus=1", "noirqdistrib"} <= set(words(line("ppc64le", machine)))
    assert "nr_cpus=1" not in words(line("ppc64le", machine))


def test_more_words_come_last(machine: Path) -> None:
    assert line("x86_64", machine, ("kdive.test=7",)).endswith("kdive.test=7 -- single")
