"""A kernel thread reads a member of a NULL pointer."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="null-deref",
    function="zoo_kthread_leaf",
    module=MODULE,
)
