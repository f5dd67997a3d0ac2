"""A driver warns, and the machine was told to stop at warnings."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="warning",
    function="zoo_warn_leaf",
    module=MODULE,
    sysctl=("kernel.panic_on_warn=1",),
)
