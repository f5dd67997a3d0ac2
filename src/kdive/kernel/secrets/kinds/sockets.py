"""What was sent and not read, or not acknowledged (data of the sk_buffs in the queues of sockets)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import ENTRIES_LIMIT, Secret, View

_QUEUES = ("sk_receive_queue", "sk_write_queue", "sk_error_queue")
_FRAGS_LIMIT = 64
_PACKET_LIMIT = 1 << 24  # bytes
_FAMILIES = 64
_TCP = 6
_SOCK_STREAM = 1
_SMALLER = (6, 12)  # TCP_TIME_WAIT, TCP_NEW_SYN_RECV: these sockets are no struct sock, and hold no packets
_TLS_PROTOCOLS = 256  # of the module's table


def pointers(view: View) -> Iterable[int]:
    protocols = view.list(view.variable("proto_list", "struct list_head"), "struct proto", "node")
    yield from (protocol.address_ for protocol in protocols)
    if view.has_symbol("tls_prots"):  # copies of others, on no list
        table = view.symbol("tls_prots", "tls")
        size = drgn.sizeof(view.program.type("struct proto"))
        yield from range(table.address, table.address + min(table.size, _TLS_PROTOCOLS * size), size)


def at(view: View, place: int, protocol: int) -> Iterator[Secret]:
    start = place - view.offset("struct sock_common", "skc_prot")
    try:
        common = view.at_physical("struct sock_common", start)
        if common.skc_refcnt.refs.counter.value_() <= 0 or not 0 < common.skc_family.value_() < _FAMILIES:
            return
        if int(common.skc_state.value_()) in _SMALLER:
            return
        sock = view.at_physical("struct sock", start)
        if not _is_listed(sock.sk_prot_creator):
            return  # a pointer to a protocol that is not a socket's
        for packet in _packets(view, sock, start):
            yield from of_packet(view, packet)
    except drgn.FaultError:
        return


def _is_listed(protocol: drgn.Object) -> bool:
    """Whether it is on the list of protocols."""
    return bool(protocol.node.next.prev.value_() == protocol.node.address_of_().value_())


def _packets(view: View, sock: drgn.Object, start: int) -> Iterator[drgn.Object]:
    """The sk_buffs of all queues of the socket at physical `start`."""
    for name in _QUEUES:
        # A queue ends where it comes back to its head, whose address is only known by the entry before.
        packets = view.chain(int(sock.member_(name).next.value_()))
        length = int(sock.member_(name).qlen.value_())
        for number, address in enumerate(packets):
            if number >= min(length, ENTRIES_LIMIT):
                break
            yield view.at("struct sk_buff", address)
    for address in view.chain(int(sock.sk_backlog.head.value_())):
        yield view.at("struct sk_buff", address)
    # The kernel answers strangers through raw sockets of that protocol, which are no struct tcp_sock.
    if int(sock.sk_protocol.value_()) == _TCP and int(sock.sk_type.value_()) == _SOCK_STREAM:
        # 75c119afe14f "tcp: implement rb-tree based retransmit queue", v4.15
        if view.has_member("struct sock", "tcp_rtx_queue"):
            yield from view.tree(sock.tcp_rtx_queue, "struct sk_buff", "rbnode")
        late = view.at_physical("struct tcp_sock", start).out_of_order_queue
        yield from view.tree(late, "struct sk_buff", "rbnode")


def of_packet(view: View, packet: drgn.Object) -> Iterator[Secret]:
    """The memory that the packet's bytes lie in, headers and all."""
    seen: set[int] = set()
    while packet.address_ and packet.address_ not in seen:
        seen.add(packet.address_)
        head, end = int(packet.head.value_()), int(packet.end.value_())
        end = end if end > _PACKET_LIMIT else head + end  # 32-bit kernels have a pointer, the others an offset
        if not head < end <= head + _PACKET_LIMIT:
            return
        yield Secret(head, end - head, "sk_buff.data", unique=False)
        data, length = int(packet.data.value_()), int(packet.len.value_()) - int(packet.data_len.value_())
        if head <= data < data + length <= end:
            yield Secret(data, length, "sk_buff.data")
        shared = view.at("struct skb_shared_info", end)
        yield from _fragments(view, shared)
        packet = packet.next[0] if len(seen) > 1 else shared.frag_list[0]


def _fragments(view: View, shared: drgn.Object) -> Iterator[Secret]:
    count = min(int(shared.nr_frags.value_()), _FRAGS_LIMIT, len(shared.frags))
    for fragment in (shared.frags[number] for number in range(count)):
        # 8842d285bafa "net: convert skb->frags to bio_vec", v5.4; 21d2e6737c97 "net: add netmem to skb_frag_t", v6.9
        names = (
            ("bv_page", "bv_len", "bv_offset") if fragment.type_.has_member("bv_page") else ("netmem", "len", "offset")
        )
        page, length, offset = (int(fragment.member_(name).value_()) for name in names)
        if page and not page & 1 and 0 < length <= _PACKET_LIMIT:
            yield Secret(view.physical_of_page(page) + offset, length, "skb_frag.page", physical=True)


KIND = Kind("full", ("proto_list",), pointers=pointers, at=at)
