"""The WebUI family: A1111, Forge, reForge, Neo. The only package that imports `modules`."""
