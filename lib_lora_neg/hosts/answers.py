"""What answers a page's requests, whichever page and host it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Answer = Callable[[Mapping[str, Any]], Any]
"""Answers one JSON object with something that can be written as JSON."""


@dataclass(frozen=True)
class PageFile:
    """What a route hands out.

    Attributes:
        data: its bytes.
        media_type: of them.
        download: file name to save it under; empty for one that is shown.
        lasting: it never changes under its address.
    """

    data: bytes
    media_type: str
    download: str = ""
    lasting: bool = False


FileAnswer = Callable[[Mapping[str, str]], PageFile]
"""Answers the values of a query with a file."""
