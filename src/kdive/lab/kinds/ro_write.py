"""A driver writes to a constant."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="page-fault",
    function="zoo_ro_write_leaf",
    module=MODULE,
)
