"""Matrices of other extensions: jobs in which another script writes LoRAs at changing weights.

They are known by what they do where that can be told before the first picture: a script that
puts LoRA tags together itself and makes the pictures or their number itself; a job whose prompts
differ in a weight; a cell that differs from the job's prompt in nothing but a weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from ...prompts import Prompt, parse
from . import sweeps
from .code_reading import CodeFacts, own_functions, read_code
from .sweeps import Sweep

ATTRIBUTE = "_lora_neg_job"
"""On the ``p`` of a job, and so on the copies that scripts make of it."""

MARKS = ("_lora_tester_state",)
"""Attributes of ``p`` that hold a matrix of another extension: a dictionary with its ``cases``."""

_LORA_OF_A_CASE = "lora_tag_name"

_readings: WeakKeyDictionary[type, CodeFacts] = WeakKeyDictionary()


@dataclass
class StartedJob:
    """What the user started.

    Attributes:
        prompt: as it was before any script of the list changed it.
        n_iter: how many batches were asked for.
        sweep: found in one of its cells.
    """

    prompt: object
    n_iter: int
    sweep: Sweep | None = None


def remember(p: Any) -> None:
    """Note what was asked for; to be called in the host's ``setup``, before any script runs."""
    setattr(p, ATTRIBUTE, StartedJob(getattr(p, "prompt", ""), int(getattr(p, "n_iter", 1) or 1)))


def before_the_first_picture(p: Any) -> Sweep | None:
    """Return the sweep that ``p`` is a cell of, as far as that shows before its prompts are made.

    To be asked for a ``p`` that is not nested in another one.
    """
    job, script = _job(p), selected_script(p)
    if script is None or _is_plot(script):
        return None
    if job is not None and job.sweep is not None:
        return job.sweep
    sweep, reading = None, _reading(script)
    if reading.writes_lora_tags and "process_images" in reading.names:
        sweep = Sweep(_title(script))
    elif job is not None:
        loras = changed_weights(job.prompt, p.prompt)
        sweep = Sweep(_title(script), loras) if loras else None
    if job is not None:
        job.sweep = sweep
    return sweep


def before_a_batch(p: Any, n_iter: int) -> Sweep | None:
    """Return the sweep that ``p`` is, as far as other scripts and its prompts show it by now.

    Args:
        p: with the prompts of the whole job.
        n_iter: batches that were asked for when ``p`` began.
    """
    for name in MARKS:
        state = getattr(p, name, None)
        if state:
            return _marked(state)
    if p.n_iter > max(n_iter, 1):
        for script in _running(p):
            reading = _reading(script)
            if reading.writes_lora_tags and "n_iter" in reading.stored:
                return Sweep(_title(script))
    script = selected_script(p)
    if script is None or _is_plot(script):
        return None
    loras = sweeps.varied(p.all_prompts)
    return Sweep(_title(script), loras) if loras else None


def mark_label(p: Any, lora: str | None, note: str) -> None:
    """Say in another extension's own label of the picture being made what is outside in it.

    Args:
        p: the job.
        lora: the LoRA that is outside, as its tag names it. A label speaks of its case's LoRA
            alone, so what another one does, which stands in every prompt of the job, would be
            read as said of that.
        note: what is said.
    """
    for name in MARKS:
        state = getattr(p, name, None)
        cases = state.get("cases") if isinstance(state, Mapping) else None
        number = getattr(p, "iteration", 0)
        if not isinstance(cases, list) or number >= len(cases):
            continue
        case = cases[number]
        if not isinstance(case, dict) or case.get(_LORA_OF_A_CASE) != lora:
            continue
        label = case.get("label")
        if isinstance(label, str) and not label.endswith(f"({note})"):
            case["label"] = f"{label} ({note})"


def changed_weights(asked: object, made: object) -> tuple[str, ...]:
    """Return the LoRAs whose weight is all that makes two prompts differ; else none."""
    if not isinstance(asked, str) or not isinstance(made, str) or asked == made:
        return ()
    if _without_weights(parse(asked)) != _without_weights(parse(made)):
        return ()
    return sweeps.varied((asked, made))


def _without_weights(tree: Prompt) -> tuple[str, ...]:
    """Return a prompt with the weights of its LoRA tags left out."""
    pieces, end = [], 0
    for tag in tree.tags:
        if tag.is_lora:
            pieces += [tree.text[end : tag.start], f"<lora:{tag.name}>"]
            end = tag.end
    return (*pieces, tree.text[end:])


def selected_script(p: Any) -> Any | None:
    """Return the script of the host's drop-down list that makes the pictures, if one does."""
    runner, args = getattr(p, "scripts", None), getattr(p, "script_args", None) or ()
    listed = getattr(runner, "selectable_scripts", None) or ()
    index = args[0] if args else 0
    if isinstance(index, bool) or not isinstance(index, int) or not 1 <= index <= len(listed):
        return None
    return listed[index - 1]


def _running(p: Any) -> Iterator[Any]:
    """Yield the always-on scripts that are switched on, as far as their first argument says."""
    args = getattr(p, "script_args", None) or ()
    for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", None) or ():
        start, end = getattr(script, "args_from", None), getattr(script, "args_to", None)
        own = args[start:end] if start is not None and end is not None else ()
        if not own or own[0] is not False:
            yield script


def _reading(script: Any) -> CodeFacts:
    """Return what the methods of a script can do; read once per class."""
    kind = type(script)
    if kind not in _readings:
        _readings[kind] = read_code(own_functions(kind))
    return _readings[kind]


def _is_plot(script: Any) -> bool:
    """Whether it is the host's own plot, whose axes are asked one by one (`xyz_sweep`)."""
    functions = getattr(getattr(type(script), "run", None), "__globals__", {})
    return "axis_options" in functions and "draw_xyz_grid" in functions


def _marked(state: object) -> Sweep | None:
    """Return the sweep of another extension's mark; ``None`` where its cases have no LoRA."""
    source = "LoRA Tester"
    cases = state.get("cases") if isinstance(state, Mapping) else None
    if not isinstance(cases, list | tuple):
        return Sweep(source)
    held = [case.get(_LORA_OF_A_CASE) for case in cases if isinstance(case, Mapping)]
    loras = tuple(dict.fromkeys(str(name) for name in held if name))
    return Sweep(source, loras) if loras else None


def _title(script: Any) -> str:
    text = str(script.title())
    return re.sub(r"\s+", " ", text)[:80]


def _job(p: Any) -> StartedJob | None:
    job = getattr(p, ATTRIBUTE, None)
    # After a UI reload a class of the same name may stand there.
    return job if isinstance(job, StartedJob) else None
