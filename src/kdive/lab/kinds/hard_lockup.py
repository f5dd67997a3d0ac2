"""A CPU loops with interrupts off, and somebody sends an NMI."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="nmi",
    function="zoo_hard_lockup_leaf",
    module=MODULE,
    sysctl=("kernel.unknown_nmi_panic=1", "kernel.watchdog=0"),
    inject="nmi",
    cpus=2,
    arches=("x86_64",),
)
