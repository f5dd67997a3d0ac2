"""Keys of all keyrings: passwords, key material, tokens (struct key payloads)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.slabs import Slabs
from kdive.kernel.secrets.view import Secret, View

_PUBLIC = (b"keyring", b"blacklist", b"id_legacy", b"id_resolver", b"pkcs7_test")


def find(view: View) -> Iterator[Secret]:
    slabs = Slabs(view)
    tree = view.variable("key_serial_tree", "struct rb_root")
    for key in view.each(view.tree(tree, "struct key", "serial_node")):
        name = key.type.name.string_()
        if name not in _PUBLIC:
            yield from _PAYLOADS.get(name, _any)(view, key, slabs)


def _user(view: View, key: drgn.Object, slabs: Slabs) -> Iterator[Secret]:
    payload = view.at("struct user_key_payload", int(key.payload.data[0].value_()))
    if payload.address_:
        data = payload.address_ + view.offset("struct user_key_payload", "data")
        yield Secret(data, int(payload.datalen.value_()), "user_key_payload.data")


def _encrypted(view: View, key: drgn.Object, slabs: Slabs) -> Iterator[Secret]:
    payload = view.at("struct encrypted_key_payload", int(key.payload.data[0].value_()))
    if payload.address_:
        length = int(payload.decrypted_datalen.value_())
        yield Secret(int(payload.decrypted_data.value_()), length, "encrypted_key_payload.decrypted_data")


def _asymmetric(view: View, key: drgn.Object, slabs: Slabs) -> Iterator[Secret]:
    """The private ones: most are of certificates, and public."""
    crypto, subtype = (int(key.payload.data[index].value_()) for index in (0, 1))  # enum asymmetric_payload_bits
    if not crypto or not subtype:
        return
    if view.at("struct asymmetric_key_subtype", subtype).name.string_() != b"public_key":
        yield from _any(view, key, slabs)
        return
    data = view.at("struct public_key", crypto)
    if data.key_is_private.value_():
        yield Secret(int(data.key.value_()), int(data.keylen.value_()), "public_key.key")


def _any(view: View, key: drgn.Object, slabs: Slabs) -> Iterator[Secret]:
    """What a payload of unknown type points to: the whole of the memory that was asked for it."""
    for pointer in key.payload.data:
        found = slabs.object_at(int(pointer.value_()))
        if found is not None:
            yield Secret(*found, what="key.payload", unique=False)


_PAYLOADS: dict[bytes, Callable[[View, drgn.Object, Slabs], Iterator[Secret]]] = {
    b"user": _user,
    b"logon": _user,
    b"dns_resolver": _user,
    b"encrypted": _encrypted,
    b"asymmetric": _asymmetric,
}

KIND = Kind("basic", ("key_serial_tree",), find)
