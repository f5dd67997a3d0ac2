"""Crash a throw-away machine on purpose, and see what is made of it.

A real kernel of a distribution boots in QEMU, crashes in the way you choose, and a real capture kernel saves the dump.
Nothing of this machine is touched.
"""
