"""Localization files of the host's kind: same keys, and every key is a text of ours."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "localizations").glob("*.json"))
SOURCES = [
    *(ROOT / "javascript").glob("*.js"),
    *(ROOT / "lib_lora_neg" / "ui").glob("*.py"),
    ROOT / "lib_lora_neg" / "hosts" / "switches.py",
    ROOT / "lib_lora_neg" / "hosts" / "webui" / "settings_page.py",
    ROOT / "lib_lora_neg" / "policy" / "wording.py",
    ROOT / "lib_lora_neg" / "policy" / "settings.py",
]


def words(path: Path) -> dict[str, str]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_they_translate_the_same_texts() -> None:
    keys = [list(words(path)) for path in FILES]
    assert len(FILES) >= 2
    assert all(other == keys[0] for other in keys)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_left_over(path: Path) -> None:
    texts = [source.read_text(encoding="utf-8") for source in SOURCES]
    # Sentences may be written on several lines.
    joined = html.unescape(re.sub(r'"\s*\n\s*f?"', "", "\n".join(texts)))
    built = ("Lowest weight: ", "Weight ")
    missing = [key for key in words(path) if key not in joined and not key.startswith(built)]
    assert missing == []
    assert all(value.strip() for value in words(path).values())
