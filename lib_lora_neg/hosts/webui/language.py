"""The language of the host's page, for the sentences that are made here."""

from __future__ import annotations

import json
from pathlib import Path

from ...regular import read_regular
from ...sentences import ENGLISH, Translator

FOLDER = Path(__file__).parents[3] / "localizations"

_loaded: dict[tuple[str, int], Translator] = {}


def words() -> Translator:
    """Return the language that the user chose for the host's page, if we have it, else English.

    The files are the host's own kind, and the page has the same ones; which one it has is an
    option of the host's.
    """
    from modules.shared import opts

    name = str(getattr(opts, "localization", "None"))
    path = FOLDER / f"{name}.json"
    try:
        key = (name, path.stat().st_mtime_ns)
        if key not in _loaded:
            _loaded[key] = Translator(json.loads(read_regular(path)))
        return _loaded[key]
    except (OSError, ValueError, RecursionError):
        return ENGLISH
