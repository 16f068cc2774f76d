"""The page without a WebUI: `lora-neg serve` and `python run.py demo`."""
