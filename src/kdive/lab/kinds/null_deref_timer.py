"""A timer's handler reads through a NULL pointer."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(class_="null-deref", function="zoo_timer_leaf", module=MODULE)
