"""Every CPU loops with interrupts off: nothing is printed, and no capture kernel can start."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="none",
    dump_by="qemu",
    silent_s=10,
    sysctl=("kernel.watchdog=0",),
)
