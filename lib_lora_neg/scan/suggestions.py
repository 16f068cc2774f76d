"""Prompts for a scan: some with what the LoRA was trained on, some without any of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..loras.card import LoraCard, LoraType
from ..loras.vocabulary import is_common_tag, is_generic_word, normalise_tag
from .plan import ScanPrompt


@dataclass(frozen=True)
class Scenes:
    """Plain pictures that a model can draw, in its own words.

    Attributes:
        person: for LoRAs of a character.
        scene: for LoRAs of anything else.
        unrelated: with clean areas, edges and darkness.
        setting: words that say nothing of a picture's subject, so that both kinds may have them.
    """

    person: str
    scene: str
    unrelated: tuple[str, ...]
    setting: frozenset[str]


GENERAL = Scenes(
    "portrait of a person, plain background",
    "a quiet landscape with a house and trees",
    (
        "a red apple on a wooden table, soft daylight",
        "a mountain lake at sunrise, clear sky",
        "a narrow street in the rain at night, lit windows",
        "an old bicycle leaning on a brick wall",
        "portrait of an elderly man, plain background",
        "a tabby cat sleeping on a sofa",
    ),
    frozenset({"portrait", "background", "plain", "with", "and"}),
)
"""For checkpoints of photographs and drawings, as the maintainers put them together."""

SHAPES = Scenes(
    "medium, center, blue background",
    "red circle, medium, center, blue background",
    (
        "green square, large, center, white background",
        "yellow triangle, small, left, blue background",
        "blue star, medium, right, yellow background",
        "red square, large, center, black background",
    ),
    frozenset({"small", "medium", "large", "center", "left", "right", "background"})
    | frozenset({"red", "green", "blue", "yellow", "white", "black"}),
)
"""For a model that knows coloured shapes and few words more, as the project's own."""

LEAST_SHARE = 0.3
"""A tag on fewer captions than this is not what the LoRA is about."""

TAGS_IN_PROMPT = 4
"""Enough to set the scene; more would make the prompt stronger than the LoRA."""

_EXTRA_NETWORK = re.compile(r"<[^<>]*>")
_BRACKETS = re.compile(r"([()\[\]{}])")
_WORD = re.compile(r"\w{3,}")


def scenes_of(knows: Callable[[str], bool]) -> Scenes:
    """Return the scenes to suggest for a model.

    Args:
        knows: tells of a text whether the model reads all of its words.
    """
    if sum(map(knows, GENERAL.unrelated)) < 2 and all(map(knows, SHAPES.unrelated)):
        return SHAPES
    return GENERAL


def suggest_prompts(
    card: LoraCard, scenes: Scenes = GENERAL, *, subject: int = 2, unrelated: int = 2
) -> tuple[ScanPrompt, ...]:
    """Return prompts for scanning one LoRA, its subject's first.

    Subject prompts hold the strongest trigger, or else the activation text, and the most typical
    tags of its captions; without any of them there is one plain prompt that fits its type. The
    unrelated ones share no word with them.

    Args:
        card: what is known of the LoRA.
        scenes: that the model can draw.
        subject: how many with its subject, at most.
        unrelated: how many without, at most ``scenes`` has.
    """
    texts = _subject_texts(card, scenes)[:subject]
    words = {word for text in texts for word in _WORD.findall(text.lower())}
    words -= scenes.setting
    others = [text for text in scenes.unrelated if not words & set(_WORD.findall(text))]
    return (
        *(ScanPrompt(text, subject=True) for text in texts),
        *(ScanPrompt(text, subject=False) for text in others[:unrelated]),
    )


def _subject_texts(card: LoraCard, scenes: Scenes) -> list[str]:
    call = _call(card)
    tags = [_escaped(tag) for tag in _typical_tags(card, call)]
    first, second = tags[:TAGS_IN_PROMPT], tags[TAGS_IN_PROMPT : 2 * TAGS_IN_PROMPT]
    is_character = card.inference.type is LoraType.CHARACTER
    plain = scenes.person if is_character else scenes.scene
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
