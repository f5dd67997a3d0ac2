"""kdive: capture, open and explain Linux kernel crashes."""

__version__ = "0.1.0"
