"""Find, fetch and check the debuginfo of a kernel.

kdive answers without it wherever the kernel carries BTF; debuginfo adds inlined functions, locals and source lines.
"""
