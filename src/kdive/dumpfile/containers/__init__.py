"""Dump containers, one file each, found by file name.

Each has `matches(head)`, true where `head` (the first 64 KiB of a file) starts one, and `open_container(opened)`.
"""
