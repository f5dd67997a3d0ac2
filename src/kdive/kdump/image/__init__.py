"""The capture image: what the kernel that runs after a crash finds, from its first program to the dump's collector."""
