"""Work that was queued writes through a NULL pointer."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="null-deref",
    function="zoo_work_leaf",
    module=MODULE,
)
