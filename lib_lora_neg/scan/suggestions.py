"""Prompts for a scan: some with what the LoRA was trained on, some without any of it."""

from __future__ import annotations

import re

from ..loras.card import LoraCard, LoraType
from ..loras.vocabulary import is_common_tag, is_generic_word, normalise_tag
from .plan import ScanPrompt

UNRELATED = (
    "a red apple on a wooden table, soft daylight",
    "a mountain lake at sunrise, clear sky",
    "a narrow street in the rain at night, lit windows",
    "an old bicycle leaning on a brick wall",
    "portrait of an elderly man, plain background",
    "a tabby cat sleeping on a sofa",
)
"""Plain scenes with clean areas, edges, darkness and a face, as the maintainers put together."""

PLAIN_PERSON = "portrait of a person, plain background"
PLAIN_SCENE = "a quiet landscape with a house and trees"

LEAST_SHARE = 0.3
"""A tag on fewer captions than this is not what the LoRA is about."""

TAGS_IN_PROMPT = 4
"""Enough to set the scene; more would make the prompt stronger than the LoRA."""

_EXTRA_NETWORK = re.compile(r"<[^<>]*>")
_BRACKETS = re.compile(r"([()\[\]{}])")
_WORD = re.compile(r"\w{3,}")


def suggest_prompts(
    card: LoraCard, *, subject: int = 2, unrelated: int = 2
) -> tuple[ScanPrompt, ...]:
    """Return prompts for scanning one LoRA, its subject's first.

    Subject prompts hold the strongest trigger, or else the activation text, and the most typical
    tags of its captions; without any of them there is one plain prompt that fits its type. The
    unrelated ones share no word with them.

    Args:
        card: what is known of the LoRA.
        subject: how many with its subject, at most.
        unrelated: how many without, at most `UNRELATED` has.
    """
    texts = _subject_texts(card)[:subject]
    words = {word for text in texts for word in _WORD.findall(text.lower())}
    words -= {"portrait", "background", "plain", "with", "and"}
    others = [text for text in UNRELATED if not words & set(_WORD.findall(text))]
    return (
        *(ScanPrompt(text, subject=True) for text in texts),
        *(ScanPrompt(text, subject=False) for text in others[:unrelated]),
    )


def _subject_texts(card: LoraCard) -> list[str]:
    call = _call(card)
    tags = [_escaped(tag) for tag in _typical_tags(card, call)]
    first, second = tags[:TAGS_IN_PROMPT], tags[TAGS_IN_PROMPT : 2 * TAGS_IN_PROMPT]
    plain = PLAIN_PERSON if card.inference.type is LoraType.CHARACTER else PLAIN_SCENE
    texts = [_joined(call, *first)] if first else []
    if second:
        texts.append(_joined(call, *second))
    texts.append(_joined(call, plain))
    return list(dict.fromkeys(texts))


def _call(card: LoraCard) -> str:
    """Return the words that switch the LoRA on; empty when it has none."""
    if card.triggers:
        return _EXTRA_NETWORK.sub("", card.triggers[0].text).strip(" ,")
    return _EXTRA_NETWORK.sub("", card.activation_text).strip(" ,")


def _typical_tags(card: LoraCard, call: str) -> list[str]:
    taken = {normalise_tag(part) for part in call.split(",")}
    shares = sorted(card.tags.shares.items(), key=lambda item: (-item[1], item[0]))
    return [
        tag
        for tag, share in shares
        if share >= LEAST_SHARE
        and tag not in taken
        and not is_common_tag(tag)
        and not is_generic_word(tag)
        and not _EXTRA_NETWORK.search(tag)
    ]


def _escaped(tag: str) -> str:
    """Write a normalised tag so that the host reads its brackets as text."""
    return _BRACKETS.sub(r"\\\1", tag)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
