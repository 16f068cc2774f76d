"""Sample LoRA files and prompts: every rule at work, without a model."""
