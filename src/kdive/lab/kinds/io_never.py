"""A program writes to a disk that never answers."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="hung-task",
    disk="never",
    sysctl=("kernel.hung_task_timeout_secs=4", "kernel.hung_task_panic=1"),
    needs=("CONFIG_DETECT_HUNG_TASK",),
    # A read would wait in a state that may be killed, which the kernel does not count as hung.
    script=(
        "printf dd > /proc/$$/comm",  # as it is called when it hangs
        "here",
        "sleep 10",  # the disk is stopped
        "exec /bin/dd if=/dev/zero of=/dev/vdb bs=1M count=8 conv=fsync",
    ),
    inject="stall",
)
