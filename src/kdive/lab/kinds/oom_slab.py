"""A driver takes all memory in objects of one cache."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="oom-panic",
    sysctl=("vm.panic_on_oom=1",),
)
