from __future__ import annotations

import pytest

from kdive.symbols.identity import KernelIdentity
from kdive.symbols.lift import debuginfo_package, lift


@pytest.mark.parametrize(
    ("release", "version", "package"),
    [
        (
            "5.10.0-32-cloud-amd64",
            "#1 SMP Debian 5.10.223-1 (2024-08-10)",
            "linux-image-5.10.0-32-cloud-amd64-dbg (= 5.10.223-1)",
        ),
        (
            "5.15.0-91-generic",
            "#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023",
            "linux-image-unsigned-5.15.0-91-generic-dbgsym or linux-image-5.15.0-91-generic-dbgsym",
        ),
        (
            "6.5.0-14-generic",
            "#14~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC",
            "linux-image-unsigned-6.5.0-14-generic-dbgsym or linux-image-6.5.0-14-generic-dbgsym",
        ),
        (
            "4.18.0-513.5.1.el8_9.x86_64",
            "#1 SMP Fri Nov 17",
            "kernel-debuginfo-4.18.0-513.5.1.el8_9.x86_64",
        ),
        ("3.10.0-1160.el7.x86_64", "#1 SMP Mon Oct 19", "kernel-debuginfo-3.10.0-1160.el7.x86_64"),
        (
            "6.6.9-200.fc39.x86_64",
            "#1 SMP PREEMPT_DYNAMIC",
            "kernel-debuginfo-6.6.9-200.fc39.x86_64",
        ),
        (
            "5.14.0-362.el9.x86_64+debug",
            "#1 SMP PREEMPT_DYNAMIC",
            "kernel-debug-debuginfo-5.14.0-362.el9.x86_64",
        ),
        (
            "4.18.0-305.rt7.72.el8.x86_64",
            "#1 SMP PREEMPT_RT",
            "kernel-rt-debuginfo-4.18.0-305.rt7.72.el8.x86_64",
        ),
        (
            "5.14.21-150400.24.46-default",
            "#1 SMP PREEMPT_DYNAMIC Thu Feb 9 08:38:18 UTC 2023 (6c79ad1)",
            "kernel-default-debuginfo (= 5.14.21-150400.24.46)",
        ),
        ("6.7.0-built", "#1 SMP", ""),
    ],
)
def test_package_with_debuginfo_is_named(release: str, version: str, package: str) -> None:
    assert debuginfo_package(KernelIdentity(release, version, "")) == package


def test_unknown_kernel_is_named_with_its_build_id() -> None:
    line = lift(KernelIdentity("6.7.0-built", "#1 SMP", "abcd"))
    assert "6.7.0-built (build ID abcd)" in line
    assert "--vmlinux" in line
    assert "\n" not in line
