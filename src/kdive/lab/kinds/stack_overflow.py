"""A driver calls itself until its stack is used up."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="stack-overflow",
    function="zoo_stack_overflow_leaf",
    module=MODULE,
    needs=("CONFIG_VMAP_STACK",),
)
