"""What the kdive program can do: one file per verb. A module's docstring is its help."""
