"""State of the random number generator, from which earlier and later numbers follow."""

from __future__ import annotations

from collections.abc import Iterator

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_VARIABLES = ("base_crng", "primary_crng", "input_pool", "input_pool_data", "blocking_pool_data")
# Since v5.18 each batch has a type of its own.
_PER_CPU = {
    "crngs": ("struct crng",),
    "batched_entropy_u8": ("struct batch_u8",),
    "batched_entropy_u16": ("struct batch_u16",),
    "batched_entropy_u32": ("struct batch_u32", "struct batched_entropy"),
    "batched_entropy_u64": ("struct batch_u64", "struct batched_entropy"),
}


def find(view: View) -> Iterator[Secret]:
    for name in _VARIABLES:
        if view.has_symbol(name):
            symbol = view.symbol(name)
            yield Secret(symbol.address, symbol.size, name, unique=False)
    for name, types in _PER_CPU.items():
        if not view.has_symbol(name):
            continue
        type_name = next((one for one in types if view.layout.has_type(one)), types[0])
        for variable in view.per_cpu(name, type_name):
            yield view.secret(variable, name, unique=False)


KIND = Kind("full", _VARIABLES, find)
