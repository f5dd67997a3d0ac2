"""Two threads take two mutexes in opposite order and wait for each other."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="hung-task",
    function="zoo_abba_first",
    module=MODULE,
    sysctl=("kernel.hung_task_timeout_secs=4", "kernel.hung_task_panic=1"),
    needs=("CONFIG_DETECT_HUNG_TASK",),
)
