"""A folder of LoRA files of every type, and prompts that show what the guard makes of them."""
