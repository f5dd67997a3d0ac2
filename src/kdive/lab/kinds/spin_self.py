"""A thread takes a spinlock that it holds already."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="soft-lockup",
    function="zoo_spin_self_leaf",
    module=MODULE,
    sysctl=("kernel.watchdog_thresh=2", "kernel.softlockup_panic=1"),
    needs=("CONFIG_SOFTLOCKUP_DETECTOR",),
)
