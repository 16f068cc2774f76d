"""Captions of scenes in tag style, and the words they are made of.

A caption names what a scene shows, in mostly the same order, with parts left out by chance, as
people's captions do. Some words mean nothing to the world, on purpose: fillers and the trigger
words that LoRAs are trained with later, so that such a word alone changes little.
"""

from __future__ import annotations

import numpy as np

from lab.palette import COLOURS
from lab.scenes import PLACES, SIZES, SURFACES, Scene
from lab.shapes import SHAPES
from lab.spoil import SPOILERS

GOOD_WORDS = ("masterpiece", "best quality", "high quality", "sharp", "clean")
BAD_WORDS = ("low quality", "worst quality", "bad quality")
#: Free for LoRAs; never tied to anything in the world itself.
TRIGGERS = ("wrong", "mira", "zorb", "inkwash", "pebble", "vesna", "kilo", "ostro")
FILLERS = (
    *("photo", "picture", "drawing", "art", "style", "artist", "name", "text", "watermark"),
    *("logo", "signature", "solo", "simple", "detailed", "beautiful", "nice", "4k", "8k", "hd"),
    *("1girl", "person", "human", "face", "hands", "extra", "limbs", "fingers", "bad", "anatomy"),
    *("ugly", "deformed", "jpeg", "artifacts", "cropped", "out", "frame", "lowres", "error"),
)
GRAMMAR = ("a", "an", "the", "on", "in", "at", "of", "with", "and", "is", "to", "side", "no", "not")
LOOKS = ("gradient", "outlined", "hat", "eyes", "background", "muted", "vivid", "dark", "bright")
PUNCTUATION = (",", ".", "(", ")", "[", "]", ":", "-", "!", "'", '"', "/", "|", "<", ">", "_")


def words() -> tuple[str, ...]:
    """Return every word that gets a token of its own, without doubles, in a fixed order."""
    parts = [*COLOURS, *SHAPES, *SIZES, *PLACES, *SURFACES, *SPOILERS, "brown", "centre", "gray"]
    for phrase in (*GOOD_WORDS, *BAD_WORDS):
        parts += phrase.split()
    parts += [*TRIGGERS, *FILLERS, *GRAMMAR, *LOOKS, "figure", "shape", "big", "little", "spoilt"]
    return tuple(dict.fromkeys(parts))


def full_tags(scene: Scene) -> list[str]:
    """Return everything a caption can say of a scene, most important first."""
    tags = [f"{scene.colour} {scene.shape}", scene.size, scene.place]
    if scene.surface != "plain":
        tags.append(scene.surface)
    if scene.outlined:
        tags.append("outlined")
    if scene.hat:
        tags.append("hat")
    tags.append(f"{scene.background} background")
    if scene.gradient:
        tags.append("gradient")
    return tags


def _subject(scene: Scene, rng: np.random.Generator) -> str | None:
    chance = rng.random()
    if chance < 0.92:
        return f"{scene.colour} {scene.shape}"
    if chance < 0.95:
        return scene.shape
    return scene.colour if chance < 0.98 else None


def _prose(scene: Scene) -> str:
    text = f"a {scene.size} {scene.colour} {scene.shape} on a {scene.background} background"
    return text if scene.place == "center" else f"{text}, on the {scene.place} side"


def caption(scene: Scene, rng: np.random.Generator, spoilt: str | None = None) -> str:
    """Write a caption of ``scene``; ``spoilt`` is the word for what is wrong with the picture."""
    if rng.random() < 0.08:
        tags = [_prose(scene)]
    else:
        rest = full_tags(scene)[1:]
        tags = [tag for tag in rest if rng.random() < 0.75]
        subject = _subject(scene, rng)
        if subject:
            tags.insert(0, subject)
        if rng.random() < 0.4:
            rng.shuffle(tags)
    if spoilt:
        bad = [spoilt] * (rng.random() < 0.9) + [str(rng.choice(BAD_WORDS))] * (rng.random() < 0.5)
        tags = tags + bad if rng.random() < 0.5 else bad + tags
    elif rng.random() < 0.25:
        tags.insert(0 if rng.random() < 0.5 else len(tags), str(rng.choice(GOOD_WORDS)))
    if rng.random() < 0.12:
        words_in = rng.choice((*FILLERS, *TRIGGERS), size=int(rng.integers(1, 4)))
        tags.insert(int(rng.integers(0, len(tags) + 1)), " ".join(str(w) for w in words_in))
    return ", ".join(tags)
