"""The kernel finds no disk with a system on it."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="boot-failure",
    dump_by="qemu",
    silent_s=8,
    cmdline=("rdinit=/there-is-none", "root=/dev/vdz", "panic=0"),
)
