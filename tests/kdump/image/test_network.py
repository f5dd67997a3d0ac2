from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.image.network import Route, gateway_of, network_script, route_to

# As a machine behind a gateway shows it: 10.0.2.0/24 at eth0, 192.168.7.0/24 behind 10.0.2.9, all else behind 10.0.2.2.
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t0007A8C0\t0902000A\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t00000000\t0105050A\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize(
    ("host", "gateway"), [("10.0.2.77", ""), ("192.168.7.1", "10.0.2.9"), ("203.0.113.5", "10.0.2.2")]
)
def test_the_gateway_is_that_of_the_narrowest_network(host: str, gateway: str) -> None:
    assert gateway_of(ROUTES, host, "eth0") == gateway


def test_a_card_is_told_by_its_address(tmp_path: Path) -> None:
    text(tmp_path / "sys/class/net/enp3s0/address", "52:54:00:12:34:56\n")
    assert network_script(Route("enp3s0", "10.0.2.15", 24, "10.0.2.2"), tmp_path) == (
        "card enp3s0 52:54:00:12:34:56\naddress enp3s0 10.0.2.15/24\ngateway 10.0.2.2 enp3s0\n"
    )


def test_a_vlan_upon_a_bond_is_made_from_below(tmp_path: Path) -> None:
    net = tmp_path / "sys/class/net"
    for name in ("eth0", "eth1"):
        text(net / name / "address", "52:54:00:00:00:01\n")  # that of the bond, while they are in it
        text(net / name / "bonding_slave/perm_hwaddr", f"52:54:00:00:00:1{name[-1]}\n")
        text(net / f"bond0/lower_{name}/x", "")
    text(net / "bond0/bonding/mode", "active-backup 1\n")
    text(net / "bond0/bonding/miimon", "100\n")
    text(net / "bond0.7/lower_bond0/x", "")
    text(tmp_path / "proc/net/vlan/bond0.7", "bond0.7  VID: 7\t REORDER_HDR: 1\nDevice: bond0\n")
    assert network_script(Route("bond0.7", "10.0.0.5", 16, ""), tmp_path).splitlines() == [
        "card eth0 52:54:00:00:00:10",
        "card eth1 52:54:00:00:00:11",
        "bond bond0 active-backup 100 eth0 eth1",
        "vlan bond0.7 bond0 7",
        "address bond0.7 10.0.0.5/16",
    ]


def test_an_interface_that_the_shell_cannot_make_is_refused(tmp_path: Path) -> None:
    text(tmp_path / "sys/class/net/team0/lower_eth0/x", "")
    with pytest.raises(KdiveError, match="team0: neither a card, a bond, a bridge nor a VLAN"):
        network_script(Route("team0", "10.0.0.5", 16, ""), tmp_path)


def test_the_route_to_this_machine_leads_through_lo() -> None:
    route = route_to("127.0.0.1")
    assert (route.interface, route.address, route.prefix) == ("lo", "127.0.0.1", 8)


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KdiveError, match="cannot be reached by IPv4"):
        route_to("host.invalid")


def test_the_functions_are_posix_shell() -> None:
    import kdive.kdump.image

    for script in (Path(kdive.kdump.image.__file__).parent / "data").glob("*.sh"):
        subprocess.run(["sh", "-n", str(script)], check=True)
