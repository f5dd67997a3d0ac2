"""Loads, starts and unloads kernels by system call; says why when the kernel will not."""
