"""One spelling for what the host and its users take for the same words."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\([()\[\]\\])")


def normalise(text: str) -> str:
    """Lower case, ``_`` as space, brackets unescaped, single spaces, none at the ends."""
    text = text.lower()
    if "_" in text:
        text = text.replace("_", " ")
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return " ".join(text.split())
