"""Load a kernel to start later, start it, unload it.

By system call, without kexec-tools. The kernel that starts when this one crashes is loaded by `load --panic`.
A link to kdive by the name kexec takes the options of kexec(8).
"""
