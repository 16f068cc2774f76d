"""From a text or a picture of any tool back to the page's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..hosts import guidance_keys
from ..infotext import CFG, Infotext, is_infotext, parse_infotext
from ..metadata import MetadataError, Recipe, picture_infotext, read_picture, read_text
from ..policy import Mode
from ..policy.infotext import pasted_enabled, pasted_mode


class RestoreError(ValueError):
    """Nothing can be restored; the text says why."""


class RestoredInputs(NamedTuple):
    """New values by the input's name, and what to say; inputs that are not told are left out."""

    values: dict[str, Any]
    said: str


def of_picture(
    path: str, samplers: Sequence[str], schedulers: Sequence[str], default_mode: Mode
) -> RestoredInputs:
    """Restore what made a picture: all of it by an infotext, the prompts by other tools' records.

    Raises:
        RestoreError: it cannot be read, or says nothing that is understood.
    """
    try:
        text = picture_infotext(Path(path))
        if text:
            return of_text(text, samplers, schedulers, default_mode)
        return _of_recipes(read_picture(Path(path)))
    except MetadataError as problem:
        raise RestoreError(f"Nothing can be restored: {problem}.") from problem
    except OSError as problem:
        raise RestoreError(
            f"The picture cannot be read: {_without_path(problem, path)}"
        ) from problem


def of_text(
    text: str, samplers: Sequence[str], schedulers: Sequence[str], default_mode: Mode
) -> RestoredInputs:
    """Restore from an infotext, or from a text or record of another tool.

    Raises:
        RestoreError: it is none of them.
    """
    try:
        found = [one for one in read_text(text) if isinstance(one, Recipe)]
    except MetadataError:
        found = []
    if is_infotext(text):
        values = restored(text, samplers, schedulers, default_mode)
        if len(found) != 1:
            return RestoredInputs(values, "Settings restored.")
        beside = _beside(found[0])
        values["prompt"] = " ".join((values["prompt"], *beside)).strip()
        return RestoredInputs(values, " ".join(("Settings restored.", *_notes(found[0]))))
    told = [recipe for recipe in found if recipe.has_parameters or recipe.keys]
    if not told:
        raise RestoreError("This is no infotext: it has no line with the steps, sampler and seed.")
    return _of_recipes(told)


def _of_recipes(recipes: Sequence[Recipe]) -> RestoredInputs:
    recipe = recipes[0]
    values: dict[str, Any] = {"prompt": " ".join((recipe.prompt, *_beside(recipe))).strip()}
    said = ["prompt"]
    if "negative_prompt" not in recipe.open:
        values["negative_prompt"] = recipe.negative_prompt
        said.append("negative prompt")
    if recipe.cfg_scale is not None:
        values["cfg_scale"] = recipe.cfg_scale
        said.append("CFG scale")
    first = f" (the first of {len(recipes)})" if len(recipes) > 1 else ""
    sentence = f"Restored from {recipe.source}{first}: {', '.join(said)}; the rest is as it was."
    return RestoredInputs(values, " ".join((sentence, *_notes(recipe))))


def _beside(recipe: Recipe) -> tuple[str, ...]:
    """Return tags for the LoRAs that the tool loaded beside the prompt."""
    return tuple(lora.tag() for lora in recipe.loras if lora.writable)


def _notes(recipe: Recipe) -> tuple[str, ...]:
    unnamed = len(recipe.versions) + sum(not lora.writable for lora in recipe.loras)
    missing = (f"LoRAs that have no name here and are missing: {unnamed}.",) if unnamed else ()
    return (*missing, *(f"{note[:1].upper()}{note[1:]}." for note in recipe.notes))


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
        **guidance_keys.inputs_of_infotext(known.parameters),
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
