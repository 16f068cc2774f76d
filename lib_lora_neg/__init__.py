"""LoRA Negative Guard: safe negative prompts and negative LoRA weights."""

__version__ = "0.1.0"
