"""Which sentence a finding says, whatever its words are."""

from __future__ import annotations

from lib_lora_neg.sentences import Sentence


def says(text: str, part: str) -> bool:
    """Whether a sentence is made of the template of ``part``, or holds one that is."""
    if not isinstance(text, Sentence):
        return False
    template = part.template if isinstance(part, Sentence) else part
    return text.template == template or any(says(field, part) for field in text.fields.values())


def fields(text: str) -> dict[str, str]:
    """Return what fills a sentence, those of the sentences inside it too."""
    found: dict[str, str] = {}
    if isinstance(text, Sentence):
        for name, value in text.fields.items():
            found |= {name: value, **fields(value)}
    return found
