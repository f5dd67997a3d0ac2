"""Measurements, side by side with other tools."""
