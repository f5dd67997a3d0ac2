"""Whether this machine will capture its next crash: each link of the chain is a check of its own."""
