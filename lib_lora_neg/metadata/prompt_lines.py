"""Lines of the WebUI's script *Prompts from file or textbox*: a prompt, or options."""

from __future__ import annotations

import re
import shlex

from ..loras.reading.lenient import as_number
from .recipe import MetadataError, Recipe, shortened

# What the host's script takes (``scripts/prompts_from_file.py`` of A1111 1.10.1).
_OPTIONS = frozenset(
    (
        *("sd_model", "outpath_samples", "outpath_grids", "prompt_for_display", "prompt"),
        *("negative_prompt", "styles", "seed", "subseed_strength", "subseed"),
        *("seed_resize_from_h", "seed_resize_from_w", "sampler_index", "sampler_name"),
        *("batch_size", "n_iter", "steps", "cfg_scale", "width", "height", "restore_faces"),
        *("tiling", "do_not_save_samples", "do_not_save_grid"),
    )
)
_TEXTS = ("prompt", "negative_prompt")
_MIDJOURNEY = re.compile(r"(?:^|\s)--(?:no|ar|v|sref|stylize|s|niji|cref|iw|chaos|c|q)\s")
_BEHIND = re.compile(r"\s--(?:negative_prompt|negative|neg|prompt|cfg_scale|cfg|steps|seed)\b")


def recipe_of_line(line: str) -> Recipe:
    """Return the recipe of one line.

    Raises:
        MetadataError: it begins with an option, and the host's script would not understand it.
    """
    if not line.startswith("--"):
        notes = []
        if _BEHIND.search(line):
            notes.append("options must begin the line: the host takes all of it as the prompt")
        elif _MIDJOURNEY.search(line):
            notes.append("options of Midjourney are words to the host")
        return Recipe(
            source="prompt",
            prompt=line,
            has_parameters=False,
            notes=tuple(notes),
            open=frozenset(("negative_prompt",)),
        )
    given = _options(line)
    cfg = None
    if "cfg_scale" in given:
        cfg = as_number(given["cfg_scale"])
        if cfg is None:
            raise MetadataError(f"--cfg_scale must be a number, not {given['cfg_scale'][:40]!r}")
    notes = []
    if given.get("styles"):
        notes.append("--styles are not merged here: what they add to the prompts was not checked")
    return Recipe(
        source="prompts from file",
        prompt=given.get("prompt", ""),
        negative_prompt=given.get("negative_prompt", ""),
        cfg_scale=cfg,
        has_parameters=False,
        notes=tuple(notes),
        open=frozenset(_TEXTS) - given.keys(),
    )


def _options(line: str) -> dict[str, str]:
    try:
        words = shlex.split(line)
    except ValueError as problem:
        raise MetadataError(f"options cannot be read: {problem}") from problem
    given: dict[str, str] = {}
    position = 0
    while position < len(words):
        option = words[position]
        name = option[2:]
        if not option.startswith("--") or name not in _OPTIONS:
            raise MetadataError(
                f"{shortened(option, 40)!r} is no option of 'Prompts from file'; the host would "
                "take the whole line as the prompt"
            )
        end = position + 2
        # Texts go on up to the next option, so that they need no quotation marks.
        while name in _TEXTS and end < len(words) and not words[end].startswith("--"):
            end += 1
        if position + 1 >= len(words):
            raise MetadataError(f"{option} has no value")
        given[name] = " ".join(words[position + 1 : end])
        position = end
    return given
