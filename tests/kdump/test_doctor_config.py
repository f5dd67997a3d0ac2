"""What a configuration names is looked at: the machine that dumps go to, and the programs around a capture."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, SshTarget, Target
from kdive.kdump.doctor.checks.hooks import runnable
from kdive.kdump.doctor.checks.target_network import address_of, reach
from kdive.kdump.doctor.examine import examine
from kdive.kdump.doctor.host import Host
from tests.kdump.trees_of_hosts import healthy, write

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
"""
SSH = SshTarget("kdump@192.0.2.7", "/root/.ssh/kdump_id_rsa")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A machine that may log in at 192.0.2.7."""
    write(healthy(tmp_path), {"proc/net/route": ROUTES, "root/.ssh/kdump_id_rsa": "PRIVATE KEY\n"})
    return write(tmp_path, {"root/.ssh/known_hosts": "192.0.2.7 ssh-ed25519 AAAA\nstore,192.0.2.8 ssh-rsa AAAA\n"})


def test_a_target_that_is_known_by_its_address_is_fine(remote: Path) -> None:
    outcome = reach(Host(remote), SSH)
    assert (outcome.result, outcome.evidence) == ("ok", ("/proc/net/route: by eth0",))


def test_a_key_that_was_never_made(remote: Path) -> None:
    (remote / SSH.key.lstrip("/")).unlink()
    outcome = reach(Host(remote), SSH)
    assert (outcome.result, outcome.fix) == ("fail", "kdive propagate kdump@192.0.2.7")


def test_a_host_key_that_was_never_recorded(remote: Path) -> None:
    outcome = reach(Host(remote), SshTarget("kdump@192.0.2.9", SSH.key))
    assert outcome.result == "fail"
    assert "host key of 192.0.2.9" in outcome.reason
    write(remote, {"root/.ssh/known_hosts": "|1|c2FsdA==|aGFzaA== ssh-ed25519 AAAA\n"})
    assert reach(Host(remote), SshTarget("kdump@192.0.2.9", SSH.key)).result == "ok"


def test_a_name_that_only_dns_knows(remote: Path) -> None:
    target = NfsTarget("store.example.org:/crashes")
    assert "DNS" in reach(Host(remote), target).reason
    write(remote, {"etc/hosts": "192.0.2.7 store.example.org store # the store\n"})
    assert reach(Host(remote), target).result == "ok"


def test_a_machine_without_a_route(remote: Path) -> None:
    write(remote, {"proc/net/route": ROUTES.splitlines()[0] + "\n"})
    assert reach(Host(remote), SSH).result == "fail"


def test_a_local_target_needs_no_network(remote: Path) -> None:
    assert reach(Host(remote), LocalTarget()).result == "skip"


def test_with_network_the_target_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = HttpTarget(f"http://127.0.0.1:{server.getsockname()[1]}/dumps")
        assert reach(Host(network=True), target).result in ("ok", "fail")  # fail: a machine without a route
        quiet = HttpTarget("http://127.0.0.1:1/dumps")
        assert reach(Host(network=True), quiet).result == "fail"


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (SshTarget("kdump@store"), ("store", 22)),
        (NfsTarget("store:/a:b"), ("store", 2049)),
        (NfsTarget("[2001:db8::1]:/crashes"), ("2001:db8::1", 2049)),
        (NfsTarget("/crashes"), ("", 2049)),
        (HttpTarget("https://store/x"), ("store", 443)),
        (HttpTarget("http://store:8080/x"), ("store", 8080)),
        (HttpTarget("http://[::1"), ("", 80)),
    ],
)
def test_the_machine_is_found_in_the_target(target: Target, address: tuple[str, int]) -> None:
    assert address_of(target) == address


def test_hooks_that_can_be_run(tmp_path: Path) -> None:
    write(tmp_path, {"usr/local/bin/pre": "#!/bin/sh\n", "etc/kdump/post.d/10-lights": "#!/bin/sh\n"})
    for name in ("usr/local/bin/pre", "etc/kdump/post.d/10-lights"):
        (tmp_path / name).chmod(0o755)
    outcome = runnable(Host(tmp_path), KdumpConfig(kdump_pre="/usr/local/bin/pre"))
    assert (outcome.result, outcome.evidence) == ("ok", ("/usr/local/bin/pre", "/etc/kdump/post.d/10-lights"))


def test_a_hook_that_is_not_there(tmp_path: Path) -> None:
    assert runnable(Host(tmp_path), KdumpConfig(kdump_post="/usr/local/bin/post")).result == "fail"


def test_a_hook_that_cannot_be_run(tmp_path: Path) -> None:
    write(tmp_path, {"usr/local/bin/pre": "#!/bin/sh\n"})
    outcome = runnable(Host(tmp_path), KdumpConfig(kdump_pre="/usr/local/bin/pre"))
    assert (outcome.result, outcome.reason) == ("warn", "/usr/local/bin/pre is not executable")
    write(tmp_path, {"usr/local/bin/pre": "echo no interpreter\n"}).joinpath("usr/local/bin/pre").chmod(0o755)
    assert (
        "neither a script nor a program" in runnable(Host(tmp_path), KdumpConfig(kdump_pre="/usr/local/bin/pre")).reason
    )


def test_a_line_that_nobody_understands_is_found_and_named(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"etc/kdump.conf": "path /var/crash\nfinal_acton reboot\n"})
    found = {one.id: one for one in examine(Host(tree)) if one.result == "fail"}
    assert list(found) == ["config-file"]
    assert "final_acton" in found["config-file"].reason


def test_what_is_configured_is_what_is_looked_at(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"etc/kdump.conf": "ssh kdump@192.0.2.7\n", "proc/net/route": ROUTES})
    write(tree, {"root/.ssh/other": ""})
    found = {one.id: one for one in examine(Host(tree))}
    assert (found["target-network"].result, found["target-local"].result) == ("fail", "skip")
    assert found["target-network"].fix == "kdive propagate kdump@192.0.2.7"
