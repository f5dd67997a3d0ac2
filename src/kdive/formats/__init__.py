"""Bytes and records: file formats declared, no file opened."""
