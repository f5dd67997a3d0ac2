"""A driver sleeps with a spinlock held, and the machine was told to stop at warnings."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="atomic-context",
    function="zoo_sleep_leaf",
    module=MODULE,
    sysctl=("kernel.panic_on_warn=1",),
)
