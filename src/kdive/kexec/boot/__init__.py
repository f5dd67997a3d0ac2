"""Installed kernels, as the boot loaders know them; pure over a root folder."""
