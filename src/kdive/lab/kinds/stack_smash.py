"""A driver writes past the end of an array on its stack."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="stack-protector",
    function="zoo_stack_smash_leaf",
    module=MODULE,
    needs=("CONFIG_STACKPROTECTOR",),
)
