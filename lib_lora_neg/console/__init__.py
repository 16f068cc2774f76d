"""The command line's parts: what it reads, what it says and where it says it."""
