"""Physical and virtual reads of a dump."""
