"""The values of a weight axis, and how a cell's prompt gets its weight.

style_a: -1 - 1 [9]        nine weights of one LoRA
style_a: -0.9--0.3 (+0.3)  a range with a step
-1, -0.5, 0                the first LoRA of the prompt; on a second axis the second one
#2: -1, 0                  the second LoRA of the prompt
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...prompts import NetworkTag, Prompt, Rewrite, apply_edits, parse
from ...scan.weights import format_weight, parse_weights
from .sweeps import file_of

COUNTED = "_lora_neg_axes_counted"
"""On the ``p`` of a plot: how many axes of each kind go by position so far."""

_POSITION = re.compile(r"#(\d+)")


class AxisError(ValueError):
    """A weight axis that cannot be plotted; the text says what to change."""


@dataclass
class AxisLora:
    """Which LoRA an axis is about; all values of the axis share one.

    Attributes:
        name: as the user wrote it, later the LoRA's name in the prompt.
        position: counted from 1; ``None`` where it goes by name or is not settled yet.
    """

    name: str = ""
    position: int | None = None


@dataclass(frozen=True)
class AxisWeight:
    """One value of a weight axis."""

    target: AxisLora
    weight: float
    text_encoder: bool

    @property
    def label(self) -> str:
        """What stands beside the row or column of the grid."""
        part = " te" if self.text_encoder else ""
        return f"{self.target.name}{part}: {format_weight(self.weight)}"


def read_axis(text: str, *, text_encoder: bool) -> list[AxisWeight]:
    """Return the values of an axis.

    Raises:
        AxisError: the weights cannot be understood.
    """
    # A host joins what it took apart with quotes; names have no colon, weights neither.
    name, colon, weights = text.strip().strip('"').rpartition(":")
    name = name.strip()
    if colon and not name:
        raise AxisError(f"{text!r}: write a LoRA's name before the colon, or no colon")
    position = _POSITION.fullmatch(name)
    target = AxisLora(position=int(position[1])) if position else AxisLora(name)
    try:
        values = parse_weights(weights)
    except ValueError as error:
        raise AxisError(str(error)) from error
    return [AxisWeight(target, weight, text_encoder) for weight in values]


def settle(p: Any, values: Sequence[AxisWeight], prompt: str) -> None:
    """Find the LoRA of an axis in the plot's prompt, before the plot starts.

    Raises:
        AxisError: it is not there, or its tag takes no weight.
    """
    if not values:
        raise AxisError("no weights given, write for example: -1 - 1 [9]")
    target = values[0].target
    if not target.name and target.position is None:
        target.position = _next_position(p, text_encoder=values[0].text_encoder)
    tag = _find(parse(prompt), target)[0]
    target.name = tag.name
    for value in values:
        with_weight(prompt, value)


def with_weight(prompt: str, value: AxisWeight) -> str:
    """Return the prompt with the value's weight in its LoRA's tags.

    A tag that names both weights keeps its text-encoder weight on the axis of the weight.

    Raises:
        AxisError: no tag of it, or one whose weight is scheduled or no number.
    """
    tree = parse(prompt)
    rewrite = Rewrite(tree)
    try:
        for tag in _find(tree, value.target):
            if value.text_encoder:
                rewrite.set_weights(tag, te=value.weight)
            elif tag.unet.raw is not None:
                rewrite.set_weights(tag, unet=value.weight)
            else:
                rewrite.set_weights(tag, te=value.weight, unet=value.weight)
    except ValueError as error:
        raise AxisError(f"{value.target.name}: {error}") from error
    return apply_edits(prompt, rewrite.edits())


def has_tag(prompt: str, target: AxisLora) -> bool:
    """Whether the target stands in this prompt."""
    return any(_is(target.name, tag) for tag in parse(prompt).tags if tag.is_lora)


def _next_position(p: Any, *, text_encoder: bool) -> int:
    counted: dict[bool, int] = getattr(p, COUNTED, {})
    position = counted.get(text_encoder, 0) + 1
    setattr(p, COUNTED, {**counted, text_encoder: position})
    return position


def _find(tree: Prompt, target: AxisLora) -> list[NetworkTag]:
    """Return the tags of the target's LoRA; all of them, should it stand there twice."""
    tags = [tag for tag in tree.tags if tag.is_lora]
    names = list(dict.fromkeys(tag.name for tag in tags))
    if target.name:
        found = [tag for tag in tags if _is(target.name, tag)]
        if not found:
            there = ", ".join(names) or "none"
            raise AxisError(f"the prompt has no LoRA {target.name!r} (it has: {there})")
        return found
    position = target.position or 1
    if not 1 <= position <= len(names):
        count = f"only {len(names)}" if names else "no"
        raise AxisError(f"the prompt has {count} LoRA tags, so there is no number {position}")
    return [tag for tag in tags if tag.name == names[position - 1]]


def _is(name: str, tag: NetworkTag) -> bool:
    return tag.name == name or file_of(name) == file_of(tag.name)
