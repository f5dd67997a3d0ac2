"""Contexts of ciphers, MACs and hashes, whoever uses them: disks, TLS, IPsec, programs (struct crypto_tfm).

No list has them all. Each points to its algorithm, and algorithms are on a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_CONTEXT_LIMIT = 1 << 16  # bytes
_FLAGS_LIMIT = 1 << 24  # crypto_tfm.crt_flags are fewer bits
_NODES_LIMIT = 1024


def pointers(view: View) -> Iterable[int]:
    head = view.variable("crypto_alg_list", "struct list_head")
    return [algorithm.address_ for algorithm in view.list(head, "struct crypto_alg", "cra_list")]


def at(view: View, place: int, algorithm: int) -> Iterator[Secret]:
    start = place - view.offset("struct crypto_tfm", "__crt_alg")
    if start < 0 or not _is_context(view, start):
        return
    size = int(view.at("struct crypto_alg", algorithm).cra_ctxsize.value_())
    mask = int(view.at("struct crypto_alg", algorithm).cra_alignmask.value_())
    if 0 < size <= _CONTEXT_LIMIT and mask < _CONTEXT_LIMIT:
        context = start + view.offset("struct crypto_tfm", "__crt_ctx")
        yield Secret(context, size + mask, "crypto_tfm.__crt_ctx", physical=True, unique=False)


def _is_context(view: View, start: int) -> bool:
    """Whether what lies before the pointer is the start of a struct crypto_tfm."""
    try:
        tfm = view.at_physical("struct crypto_tfm", start)
    except drgn.FaultError:
        return False
    leaves = int(tfm.exit.value_())
    kernel_half = 1 << (8 * view.kernel.memory.dump.word_size - 1)
    return (
        int(tfm.crt_flags.value_()) < _FLAGS_LIMIT
        and -1 <= int(tfm.node.value_()) < _NODES_LIMIT
        and (leaves == 0 or leaves >= kernel_half)
    )


KIND = Kind("basic", ("crypto_alg_list",), pointers=pointers, at=at)
