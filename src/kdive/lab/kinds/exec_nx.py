"""A driver calls a pointer that points to data."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="nx-smep-cfi",
    function="zoo_exec_nx_leaf",
    module=MODULE,
)
