"""The debuginfo of a kernel: what its package is called, where it is to be had, fetched, checked and kept."""
