"""A kernel thread waits for something that never happens."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="hung-task",
    function="zoo_hung_task_leaf",
    module=MODULE,
    sysctl=("kernel.hung_task_timeout_secs=4", "kernel.hung_task_panic=1"),
    needs=("CONFIG_DETECT_HUNG_TASK",),
)
