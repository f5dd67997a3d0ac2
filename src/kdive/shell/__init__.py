"""The prompt: command lines are read here, and handed to the commands."""
