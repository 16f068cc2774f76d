"""Guarded prompts for programs that are no host of ours."""
