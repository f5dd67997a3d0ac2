"""A program takes all memory, and the machine was told to stop rather than kill."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="oom-panic",
    script=("here", "hog=$(tr '\\0' a </dev/zero)"),
    sysctl=("vm.panic_on_oom=1",),
)
