"""`python -m lib_lora_neg` is the same program as `lora-neg`."""

import sys

from .cli import main

sys.exit(main())
