"""A driver calls a function pointer that was never set."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="null-deref",
    function="zoo_null_call_leaf",
    module=MODULE,
)
