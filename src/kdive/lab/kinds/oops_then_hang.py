"""A thread dies with a mutex in its hands; others hang, until somebody crashes the machine."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="null-deref",
    function="zoo_oops_holder_leaf",
    module=MODULE,
    sysctl=("kernel.panic_on_oops=0",),
    needs=("CONFIG_MAGIC_SYSRQ",),
    script=("insmod /crashzoo.ko kind=oops-then-hang", "sleep 6", "echo c > /proc/sysrq-trigger"),
)
