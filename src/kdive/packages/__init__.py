"""Packages of distributions: asked for, fetched, checked and unpacked beside the system; nothing is installed."""
