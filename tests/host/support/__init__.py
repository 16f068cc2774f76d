"""A running WebUI for the host tests: its server, its API, LoRA files, pictures."""
