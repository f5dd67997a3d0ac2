"""Linked lists of the kernel, walked within bounds.

drgn has list_for_each_entry(); it follows for ever a cycle that does not come back to the head, and importing it
imports all of drgn's helpers (60 ms).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import drgn


@dataclass
class ListWalk:
    """The addresses of a list's entries; `damage` says why the walk ended before it came back to the head."""

    program: drgn.Program
    limit: int
    damage: str = ""

    def entries(self, head: int, offset: int) -> Iterator[int]:
        """Addresses of the structures whose struct list_head lies `offset` bytes in, from the list at `head`."""
        seen = {head}
        try:
            node = self.program.read_word(head)
            while node != head:
                if node in seen:
                    self.damage = f"the list at {head:#x} runs in a circle after {len(seen) - 1} entries"
                    return
                if len(seen) > self.limit:
                    self.damage = f"the list at {head:#x} has more than {self.limit} entries"
                    return
                seen.add(node)
                next_node = self.program.read_word(node)
                yield node - offset
                node = next_node
        except drgn.FaultError as error:
            self.damage = f"the list at {head:#x} leads to {error.address:#x}, which is not in the dump"
