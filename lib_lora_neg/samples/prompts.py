"""The sample prompts, written as people write them, each for one thing the guard does."""

from __future__ import annotations

from dataclasses import dataclass

from ..console.inputs import AskedGeneration, Hires

COMMON = "lowres, bad anatomy, worst quality"


@dataclass(frozen=True)
class Scene:
    """A prompt and what it shows."""

    title: str
    asked: AskedGeneration


def sample_scenes() -> list[Scene]:
    """Return the scenes in the order they are told."""
    return [
        Scene(title, AskedGeneration(prompt, negative, cfg, family))
        for title, prompt, negative, cfg, family in _SCENES
    ] + [_HIRES]


_SCENES = (
    (
        "A style far below its range, and a CFG that burns",
        "a lighthouse on a cliff, (storm clouds:1.2), <lora:gouache_poster:-0.9>",
        COMMON,
        9.0,
        "sdxl",
    ),
    (
        "A style with wide training data may go further",
        "a lighthouse on a cliff, storm clouds <lora:inkwash_wide:-0.9>",
        COMMON,
        5.5,
        "sdxl",
    ),
    (
        "A concept below its range",
        "night street, neon signs, <lora:crt_glow:-0.8>",
        COMMON,
        6.0,
        "sdxl",
    ),
    (
        "A character has no opposite",
        "portrait of a knight, <lora:aria_vale:-0.5>, oil lamp",
        COMMON,
        7.0,
        "sdxl",
    ),
    (
        "A trigger word in the negative prompt switches its LoRA off",
        "ariavale, red hair, twin braids, green cloak, forest <lora:aria_vale:0.8>",
        "lowres, (ariavale:1.2), twin braids, bad hands",
        7.0,
        "sdxl",
    ),
    (
        "A dedicated negative at its standard weight",
        "a dancer on a stage, full body <lora:bad_anatomy_xl:-1>",
        COMMON,
        6.0,
        "sdxl",
    ),
    (
        "A trigger negative without its word",
        "pepperoni pizza in the shape of a heart <lora:sdxl_wrong_lora:1>",
        "blurry",
        7.0,
        "sdxl",
    ),
    (
        "A slider goes both ways",
        "photo of a fisherman, harbor <lora:age_slider_xl:-2>",
        "",
        7.0,
        "sdxl",
    ),
    (
        "Nothing is known of this one, so it is only said",
        "a cat on a windowsill <lora:final_v3-000012:-0.8>",
        COMMON,
        6.0,
        "sdxl",
    ),
    (
        "A tag in the negative prompt is only text to the host",
        "a mountain village, morning fog",
        "photo, <lora:gouache_poster:0.4>, blurry",
        6.0,
        "sdxl",
    ),
    (
        "The same LoRA twice, and one that is not there",
        "a harbor <lora:gouache_poster:0.4>, boats <lora:gouache_poster:0.3> <lora:gauche:1>",
        COMMON,
        7.0,
        "sdxl",
    ),
    (
        "More weight than a model carries",
        "<lora:gouache_poster:1> <lora:inkwash_wide:1> <lora:crt_glow:1.2> a city at night",
        COMMON,
        7.0,
        "sdxl",
    ),
    (
        "Models read the noun, not the 'without'",
        "portrait of a man without a mustache, gouache poster <lora:gouache_poster:0.8>",
        COMMON,
        7.0,
        "sdxl",
    ),
    (
        "A LoRA for another model",
        "a garden, wtrclr <lora:watercolor_sd15:0.8>",
        COMMON,
        7.0,
        "sdxl",
    ),
    (
        "A style on Flux, and a negative made for SDXL",
        "oilfx, a still life with pears <lora:oil_flux:-3> <lora:bad_anatomy_xl:-1>",
        "",
        1.0,
        "flux",
    ),
    (
        "guard=off in a tag: hands off",
        "a lighthouse <lora:gouache_poster:-0.9:guard=off>",
        COMMON,
        9.0,
        "sdxl",
    ),
    (
        "No LoRA, nothing to do",
        "a lighthouse on a cliff, (storm clouds:1.2), [fog|rain]",
        COMMON,
        7.0,
        "sdxl",
    ),
)

_HIRES = Scene(
    "A hires pass with a prompt and a CFG of its own",
    AskedGeneration(
        "a harbor, boats",
        COMMON,
        7.0,
        "sdxl",
        Hires("a harbor, boats, <lora:gouache_poster:-0.7>", "gouache poster, blurry", 9.0),
    ),
)
