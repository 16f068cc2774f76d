"""What a small model knows: the words that mean something to it, and those of a prompt that do not.

Checkpoints of photographs and drawings read any word; for them there is no such list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from ..prompts import Edit, apply_edits, parse

MOST_NAMED = 12
"""Unknown words named in one line; the rest is counted."""

MOST_LOOKED_AT = 20_000
"""Characters of a prompt; no more are looked at."""

_WORD = re.compile(r"[^\W\d_]{2,60}")


@dataclass(frozen=True)
class KnownWords:
    """The words that a model was taught.

    Attributes:
        groups: words that change its pictures, under a heading each.
        silent: words that need no mark: grammar.
        example: a prompt in these words.
    """

    groups: Mapping[str, tuple[str, ...]]
    silent: frozenset[str]
    example: str

    def unknown(self, texts: Iterable[str], triggers: Iterable[str] = ()) -> list[str]:
        """Return the words of prompts that mean nothing to it, each once, in order.

        Args:
            texts: prompts with their tags; LoRA tags are left out.
            triggers: words that LoRAs were trained with.
        """
        known = set(self.silent)
        for group in (*self.groups.values(), triggers):
            for phrase in group:
                known.update(_WORD.findall(phrase.lower()))
        words = (word for text in texts for word in _WORD.findall(_untagged(text[:MOST_LOOKED_AT])))
        return [word for word in dict.fromkeys(words) if word.lower() not in known]

    def html(self) -> str:
        """Return all words under their headings, folded up."""
        rows = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(', '.join(words))}</dd>"
            for name, words in self.groups.items()
        )
        return (
            '<details class="lora-neg-page-known"><summary>This model knows simple shapes: '
            f"<i>{escape(self.example)}</i></summary><dl>{rows}</dl></details>"
        )


def unknown_html(words: list[str]) -> str:
    """Return a line that names the words a model does not know; empty for none."""
    if not words:
        return '<p class="lora-neg-page-unknown" role="status"></p>'
    named = ", ".join(f"<mark>{escape(word)}</mark>" for word in words[:MOST_NAMED])
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return (
        '<p class="lora-neg-page-unknown" role="status">This model does not know: '
        f"{named}{more}</p>"
    )


def _untagged(text: str) -> str:
    tags = parse(text).tags
    return apply_edits(text, [Edit(tag.start, tag.end, " ") for tag in tags]) if tags else text
