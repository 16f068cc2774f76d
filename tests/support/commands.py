"""Texts that the command-line tests share, and the reader of their output."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

STYLE = "a lighthouse <lora:gouache_poster:-0.9>"
GUARDED_STYLE = "a lighthouse <lora:gouache_poster:-0.5>"
INFOTEXT = f"{STYLE}\nNegative prompt: lowres\nSteps: 20, Sampler: Euler, CFG scale: 9, Seed: 1"

Run = Callable[..., tuple[int, str, str]]
"""Runs a command and returns status, output and errors."""


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]
