"""A driver divides by zero."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="divide-error",
    function="zoo_divide_error_leaf",
    module=MODULE,
    arches=("x86_64",),
)
