"""A system call reads a member of a NULL pointer."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(class_="null-deref", function="zoo_null_deref_leaf", module=MODULE)
