"""Numbers that are known for a method, with the model they are for and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .choice import DEFAULTS
from .numbers import Numbers, numbers_of, read_numbers
from .settings import Method

MODELS = {
    "flux": "FLUX.1",
    "klein": "Flux.2 Klein",
    "zimage": "Z-Image",
    "qwen": "Qwen-Image",
    "krea": "Krea 2",
    "anima": "Anima",
    "unet": "SD 1, SD 2, SDXL",
}
"""Names of the kinds of `choice.DEFAULTS`, for people."""


@dataclass(frozen=True)
class KnownNumbers:
    """Numbers that somebody uses.

    Attributes:
        method: whose numbers they are.
        name: the model or the tool.
        numbers: what is written into the panel.
        source: where they come from.
        tested: whether the source is about this model.
        default: they are what the model gets without own numbers.
    """

    method: Method
    name: str
    numbers: Numbers
    source: str
    tested: bool = True
    default: bool = False


def known_numbers() -> Iterator[KnownNumbers]:
    """Yield each model's defaults, then those of other tools."""
    for kind, methods in DEFAULTS.items():
        nag = methods[Method.NAG]
        numbers = numbers_of(nag.settings)
        yield KnownNumbers(Method.NAG, MODELS[kind], numbers, nag.source, nag.tested, True)
    for method in (Method.VSF, Method.ONG):
        # The same for every model.
        found = DEFAULTS["flux"][method]
        numbers = numbers_of(found.settings)
        yield KnownNumbers(method, "every model", numbers, found.source, found.tested, True)
    for name, text, source in _OF_TOOLS:
        yield KnownNumbers(Method.NAG, name, read_numbers(Method.NAG, text), source)


_OF_TOOLS = (
    ("ComfyUI, SwarmUI", "scale 5, tau 1.5, alpha 0.5", "ComfyUI's node NAGuidance, any model"),
    ("Wan2GP", "scale 5, tau 3.5, alpha 0.5", "Wan2GP's tau and alpha for Flux and Z-Image"),
    ("Z-Image Turbo, strong", "scale 2.3, tau 2.5, alpha 0.25", "ComfyUI-NAG, pull request 64"),
)
