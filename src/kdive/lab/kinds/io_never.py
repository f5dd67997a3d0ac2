"""A program reads from a disk that never answers."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="hung-task",
    disk="never",
    sysctl=("kernel.hung_task_timeout_secs=4", "kernel.hung_task_panic=1"),
    needs=("CONFIG_DETECT_HUNG_TASK",),
    script=("here", "dd if=/dev/vdb of=/dev/null bs=4096 count=1"),
)
