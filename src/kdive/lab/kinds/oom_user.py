"""A program takes all memory, and the machine was told to stop rather than kill."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="oom-panic",
    # It waits for the end of a line that has none; named as it is called when memory is out.
    script=("printf tail > /proc/$$/comm", "here", "exec /bin/tail /dev/zero"),
    sysctl=("vm.panic_on_oom=1",),
)
