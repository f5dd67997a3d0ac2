"""The kernel log, from a dump or from text, as records and reports."""
