"""A driver executes an instruction that there is not."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="cpu-trap",
    function="zoo_invalid_op_leaf",
    module=MODULE,
)
