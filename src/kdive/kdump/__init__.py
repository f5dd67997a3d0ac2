"""A machine that captures its own crashes: what is set up, what runs in the capture kernel, what follows."""
