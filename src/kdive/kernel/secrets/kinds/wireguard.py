"""Keys of WireGuard tunnels and of their peers."""

from __future__ import annotations

from collections.abc import Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_HANDSHAKE = ("ephemeral_private", "preshared_key", "precomputed_static_static", "hash", "chaining_key")
_COOKIES = ("secret", "cookie_encryption_key", "message_mac1_key")


def find(view: View) -> Iterator[Secret]:
    devices = view.variable("device_list", "struct list_head", "wireguard")
    for device in view.each(view.list(devices, "struct wg_device", "device_list")):
        yield view.secret(device.static_identity.static_private, "noise_static_identity.static_private")
        for member in _COOKIES:
            yield view.secret(device.cookie_checker.member_(member), f"cookie_checker.{member}", unique=False)
        for peer in view.each(view.list(device.peer_list, "struct wg_peer", "peer_list")):
            yield from _of_peer(view, peer)


def _of_peer(view: View, peer: drgn.Object) -> Iterator[Secret]:
    for member in _HANDSHAKE:
        yield view.secret(peer.handshake.member_(member), f"noise_handshake.{member}")
    for name in ("current_keypair", "previous_keypair", "next_keypair"):
        pair = peer.keypairs.member_(name)
        if pair.value_():
            for direction in ("sending", "receiving"):
                yield view.secret(pair.member_(direction).key, "noise_symmetric_key.key")


KIND = Kind("full", ("wg_device_init", "wg_packet_receive"), find)
