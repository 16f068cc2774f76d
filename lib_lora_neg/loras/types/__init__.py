"""What a LoRA was trained for."""
