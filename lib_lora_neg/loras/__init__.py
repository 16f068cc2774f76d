"""From bytes to a `LoraCard`: headers, metadata, sidecars, key families, type inference."""
