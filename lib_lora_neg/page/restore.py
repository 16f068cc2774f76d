"""From an infotext, pasted or in a PNG, back to the page's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..hosts import guidance_keys
from ..infotext import CFG, Infotext, is_infotext, parse_infotext
from ..png import PngError, is_png, read_text
from ..policy import Mode
from ..policy.infotext import pasted_enabled, pasted_mode
from .outputs import KEYWORD

NO_TEXT = "There is no infotext in this picture."


class RestoreError(ValueError):
    """Nothing can be restored; the text says why."""


def text_of_picture(path: str) -> str:
    """Return the infotext of a PNG file.

    Raises:
        RestoreError: it is no PNG, or has none.
    """
    try:
        if not is_png(Path(path)):
            raise RestoreError("Only PNG pictures carry an infotext here.")
        text = read_text(Path(path), KEYWORD)
    except (OSError, PngError) as problem:
        raise RestoreError(
            f"The picture cannot be read: {_without_path(problem, path)}"
        ) from problem
    if not text:
        raise RestoreError(NO_TEXT)
    return text


def restored(
    text: str, samplers: Sequence[str], schedulers: Sequence[str], default_mode: Mode
) -> dict[str, Any]:
    """Return new values by the input's name; inputs that the text does not tell are left out.

    Raises:
        RestoreError: the text is no infotext.
    """
    if not is_infotext(text):
        raise RestoreError("This is no infotext: it has no line with the steps, sampler and seed.")
    known = parse_infotext(text)
    values: dict[str, Any] = {
        "prompt": known.prompt,
        "negative_prompt": known.negative_prompt,
        "enabled": pasted_enabled(known.parameters, default_mode is not Mode.OFF),
        "mode": pasted_mode(known.parameters, default_mode).value,
        **guidance_keys.pasted(known.parameters),
        **_sampling(known, samplers, schedulers),
    }
    for name, key in (("steps", "Steps"), ("seed", "Seed")):
        number = known.number(key)
        if number is not None:
            values[name] = int(number)
    for name, key in (("cfg_scale", CFG), ("denoising_strength", "Denoising strength")):
        number = known.number(key)
        if number is not None:
            values[name] = number
    width, _, height = known.parameters.get("Size", "").partition("x")
    if width.isdecimal() and height.isdecimal():
        values["width"], values["height"] = int(width), int(height)
    return values


def _sampling(
    known: Infotext, samplers: Sequence[str], schedulers: Sequence[str]
) -> dict[str, Any]:
    """Return sampler and schedule; older texts have the schedule at the sampler's end."""
    sampler = known.parameters.get("Sampler", "")
    scheduler = known.parameters.get("Schedule type", "")
    if sampler not in samplers and not scheduler:
        for name in schedulers:
            if sampler.endswith(f" {name}"):
                sampler, scheduler = sampler.removesuffix(f" {name}"), name
                break
    values = {}
    if sampler in samplers:
        values["sampler"] = sampler
    if scheduler in schedulers:
        values["scheduler"] = scheduler
    elif sampler in samplers and "Automatic" in schedulers:
        values["scheduler"] = "Automatic"
    return values


def _without_path(problem: Exception, path: str) -> str:
    return str(problem).replace(path, Path(path).name)
