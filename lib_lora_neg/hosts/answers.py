"""What answers a page's requests, whichever page and host it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[Mapping[str, Any]], Any]
"""Answers one JSON object with something that can be written as JSON."""
