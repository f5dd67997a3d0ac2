"""Names and types of one kernel: the ladder from DWARF to VMCOREINFO."""
