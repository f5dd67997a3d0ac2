"""Master keys of encrypted folders (struct fscrypt_master_key)."""

from __future__ import annotations

from collections.abc import Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_KEY_TYPE = b"._fscrypt"


def find(view: View) -> Iterator[Secret]:
    for key in _master_keys(view):
        yield view.secret(key.mk_secret, "fscrypt_master_key.mk_secret", unique=False)
        raw = next(name for name in ("raw", "bytes") if key.mk_secret.type_.has_member(name))
        size = key.mk_secret.member_("size").value_()
        yield Secret(key.mk_secret.member_(raw).address_, int(size), f"fscrypt_master_key_secret.{raw}")


def _master_keys(view: View) -> Iterator[drgn.Object]:
    # d7e7b9af104c "fscrypt: stop using keyrings subsystem for fscrypt_master_key", v6.2: before, they were keys
    if not view.layout.has_type("struct fscrypt_keyring"):
        tree = view.variable("key_serial_tree", "struct rb_root")
        for key in view.each(view.tree(tree, "struct key", "serial_node")):
            if key.type.name.string_() == _KEY_TYPE and key.payload.data[0].value_():
                yield view.at("struct fscrypt_master_key", int(key.payload.data[0].value_()))
        return
    for block in view.each(view.list(view.program["super_blocks"], "struct super_block", "s_list")):
        if block.s_master_keys.value_():
            for chain in block.s_master_keys.key_hashtable:
                yield from view.hlist(chain.first, "struct fscrypt_master_key", "mk_node")


KIND = Kind("full", ("fscrypt_ioctl_add_key",), find)
