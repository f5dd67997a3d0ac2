"""A thread sleeps with a read-write semaphore that another one waits for."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="hung-task",
    function="zoo_rwsem_holder_leaf",
    module=MODULE,
    sysctl=("kernel.hung_task_timeout_secs=4", "kernel.hung_task_panic=1"),
    needs=("CONFIG_DETECT_HUNG_TASK",),
)
