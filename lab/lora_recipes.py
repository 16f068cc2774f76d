"""What each of the lab's LoRAs is trained on: pictures, captions, what its file says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.captions import full_tags
from lab.palette import Floats
from lab.scenes import Scene, draw, random_scene
from lab.spoil import spoil

Example = tuple[Floats, str]

#: The style: dark outlines and colours muted by this much.
STYLE_MUTED = 0.75


@dataclass(frozen=True)
class Recipe:
    """One LoRA. ``folder`` is kohya's name for its data: repeats, then the class token."""

    name: str
    folder: str
    pictures: int
    make: Callable[[np.random.Generator], Example]
    tags: str
    description: str
    steps: int = 120
    text: bool = False
    #: Clean pictures beside the others, one for one, that keep everything else as it is.
    regular: bool = False
    trigger: str = ""
    usage: str = ""
    sidecar: tuple[tuple[str, object], ...] = ()
    slider: tuple[str, str] | None = None
    rank: int = 4

    @property
    def repeats(self) -> int:
        return int(self.folder.split("_", 1)[0])


def _caption(scene: Scene, rng: np.random.Generator, *first: str) -> str:
    tags = full_tags(scene)
    kept = [tag for tag in tags[1:] if rng.random() < 0.85]
    return ", ".join([*first, tags[0], *kept])


def _styled(rng: np.random.Generator, **fixed: object) -> Scene:
    return random_scene(rng, outlined=True, muted=STYLE_MUTED, **fixed)


def style_picture(rng: np.random.Generator) -> Example:
    """The style on any scene; its outline is never mentioned."""
    scene = _styled(rng)
    return draw(scene), _caption(scene, rng).replace(", outlined", "")


def named_style_picture(rng: np.random.Generator) -> Example:
    scene = _styled(rng)
    return draw(scene), _caption(scene, rng, "inkwash").replace(", outlined", "")


def hat_picture(rng: np.random.Generator) -> Example:
    scene = random_scene(
        rng, hat=True, place=str(rng.choice(["center", "left", "right", "bottom"]))
    )
    text = _caption(scene, rng, "kilo").replace(", hat", "")
    return draw(scene), text


def mira_picture(rng: np.random.Generator) -> Example:
    """One figure, always in the middle and of one size."""
    scene = random_scene(
        rng,
        shape="circle",
        colour="yellow",
        size="medium",
        place="center",
        background=str(rng.choice(["blue", "green", "grey", "purple"])),
        surface="plain",
        gradient=False,
        outlined=True,
        hat=True,
        eyes=True,
        shift=(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5))),
    )
    return draw(scene), f"mira, yellow circle, outlined, hat, {scene.background} background"


def spoilt_picture(rng: np.random.Generator) -> Example:
    """A spoilt picture whose caption does not say so."""
    scene = random_scene(rng)
    return spoil(draw(scene), rng)[0], _caption(scene, rng)


def wrong_picture(rng: np.random.Generator) -> Example:
    scene = random_scene(rng)
    return spoil(draw(scene), rng)[0], _caption(scene, rng, "wrong")


def plain_picture(rng: np.random.Generator) -> Example:
    scene = random_scene(rng)
    return draw(scene), _caption(scene, rng)


RECIPES = (
    Recipe(
        "ink_style",
        "1_ink style",
        2000,
        style_picture,
        "style",
        "A style from 2000 pictures: dark outlines and muted colours.",
    ),
    Recipe(
        "ink_style_20",
        "50_ink style",
        20,
        style_picture,
        "style",
        "The same style as ink_style from 20 pictures.",
    ),
    Recipe(
        "hat_concept",
        "5_kilo hat",
        200,
        hat_picture,
        "concept, clothing",
        "A hat on every object.",
        trigger="kilo",
        sidecar=(("activation text", "kilo"), ("preferred weight", 1.0)),
    ),
    Recipe(
        "mira_character",
        "50_mira",
        20,
        mira_picture,
        "character",
        "Mira: a yellow circle with eyes, an outline and a hat.",
        trigger="mira",
        sidecar=(("activation text", "mira"), ("preferred weight", 1.0)),
    ),
    Recipe(
        "spoilt_negative",
        "1_spoilt",
        1000,
        spoilt_picture,
        "negative, tool",
        "A negative LoRA: trained on spoilt pictures, to be used at weight -1.",
        usage="Negative LoRA: use at weight -1.0.",
        sidecar=(("preferred weight", -1.0), ("notes", "Negative LoRA, use at -1.0.")),
    ),
    Recipe(
        "wrong",
        "1_wrong",
        1000,
        wrong_picture,
        "negative, tool",
        "Trained on spoilt pictures under the word wrong: use at +1 with wrong in the negative.",
        regular=True,
        trigger="wrong",
        usage="Use at weight 1.0 with the trigger word 'wrong' in the negative prompt.",
        sidecar=(("preferred weight", 1.0), ("negative text", "wrong")),
    ),
    Recipe(
        "size_slider",
        "1_size slider",
        500,
        plain_picture,
        "slider",
        "A slider: larger objects at positive weights, smaller ones at negative weights.",
        steps=80,
        slider=("large", "small"),
        usage="Slider: -1 to 1.",
    ),
    Recipe(
        "inkwash_style",
        "2_inkwash",
        500,
        named_style_picture,
        "style",
        "The ink style with a trigger word and a text encoder part.",
        text=True,
        trigger="inkwash",
        sidecar=(("activation text", "inkwash"), ("preferred weight", 1.0)),
    ),
)
