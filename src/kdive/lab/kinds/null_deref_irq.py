"""An interrupt's handler, called on another CPU, writes through a NULL pointer."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="null-deref",
    function="zoo_irq_leaf",
    module=MODULE,
    cpus=2,
)
