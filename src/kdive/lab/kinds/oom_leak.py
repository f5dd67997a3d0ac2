"""A driver takes all pages and gives none back."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="oom-panic",
    sysctl=("vm.panic_on_oom=1",),
)
