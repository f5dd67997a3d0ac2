"""A driver takes a reference to an object that has none left, and the machine was told to stop at warnings."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="refcount",
    function="zoo_refcount_leaf",
    module=MODULE,
    sysctl=("kernel.panic_on_warn=1",),
)
