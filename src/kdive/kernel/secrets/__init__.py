"""Where kernels keep secrets, as ranges of physical memory to be erased."""
