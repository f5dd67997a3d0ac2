"""Dump containers."""
