"""Memory nodes: `struct pglist_data` of each."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import drgn

from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.kernel.tasks import TASK_LIMIT, addresses

NODE_LIMIT = 1024
_DAEMON = b"kswapd"  # the thread of each node; they are among the first that a kernel starts
_DAEMON_WITHIN = 4096  # tasks


def nodes(kernel: Kernel) -> list[drgn.Object]:
    """Every online node that has memory. Raises LookupError where the kernel tells of none."""
    try:
        pointers = _pointers(kernel)
    except LookupError:
        found = {node.address_: node for task in _daemons(kernel) if (node := _of_daemon(task)) is not None}
        if not found:
            raise
        return list(found.values())
    type_ = kernel.program.type("struct pglist_data")
    return [drgn.Object(kernel.program, type_, address=pointer) for pointer in pointers if pointer]


def _pointers(kernel: Kernel) -> tuple[int, ...]:
    array = kernel.program["node_data"]
    count = min(NODE_LIMIT, array.type_.length or NODE_LIMIT) if array.type_.length != 0 else 1
    with suppress(LookupError):
        count = min(count, max(1, kernel.number("nr_online_nodes")))
    return kernel.words(array.address_, count)


def _daemons(kernel: Kernel) -> list[drgn.Object]:
    """The threads that are called like the daemons of nodes."""
    type_ = kernel.program.type("struct task_struct")
    walk = ListWalk(kernel.program, TASK_LIMIT)
    tasks = (drgn.Object(kernel.program, type_, address=address) for address in addresses(kernel, walk))
    return [task for task in islice(tasks, _DAEMON_WITHIN) if task.member_("comm").string_().startswith(_DAEMON)]


def _of_daemon(task: drgn.Object) -> drgn.Object | None:
    """The node that the thread works for: it says so itself, and so does the node."""
    # e32cf5dfbe22 "kthread: Generalize pf_io_worker so it can point to struct kthread", v5.17
    for member in ("worker_private", "set_child_tid"):
        try:
            thread = drgn.cast("struct kthread *", task.member_(member))
            node = drgn.cast("struct pglist_data *", thread.member_("data"))
            if node.member_("kswapd").value_() == task.address_:
                return node[0]
        except (LookupError, drgn.FaultError):
            continue
    return None
