"""Reading one LoRA file and what lies beside it."""
