"""Keys of TLS connections that the kernel encrypts (struct tls_context)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_AF_INET, _AF_INET6 = 2, 10
_SOCK = "struct inet_connection_sock"


def pointers(view: View) -> Iterable[int]:
    return [view.symbol("tcp_tls_ulp_ops", "tls").address]


def at(view: View, place: int, operations: int) -> Iterator[Secret]:
    start = place - view.offset(_SOCK, "icsk_ulp_ops")
    try:
        common = view.at_physical("struct sock_common", start)
        address = view.program.read_word(start + view.offset(_SOCK, "icsk_ulp_data"), physical=True)
        if int(common.skc_family.value_()) not in (_AF_INET, _AF_INET6) or not address:
            return  # the list of protocols has the address as well
        context = view.at("struct tls_context", address)
        context.read_()
    except drgn.FaultError:
        return
    for member in ("crypto_send", "crypto_recv", "tx", "rx"):
        yield view.secret(context.member_(member), f"tls_context.{member}", unique=False)


KIND = Kind("full", ("tcp_tls_ulp_ops",), pointers=pointers, at=at)
