"""A reader keeps its RCU section without end."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="rcu-stall",
    function="zoo_rcu_stall_leaf",
    module=MODULE,
    cmdline=("rcupdate.rcu_cpu_stall_timeout=4",),
    sysctl=("kernel.panic_on_rcu_stall=1", "kernel.watchdog=0"),
)
