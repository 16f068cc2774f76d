"""Whether two LoRAs pull the same layers in opposite directions, as the page shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...hosts.form_reading import FormValueError
from ...hosts.library import LibraryTabHost
from ...loras import LoraFileError
from ...loras.card import LoraCard
from ...loras.reading.conflict import Conflict
from ...policy.wording import minus
from ...sentences import Sentence, say
from .edit import MAX_NAME

MOST_SHOWN = 12
"""Layers in the list; the rest are counted."""

MOST_WEIGHT = 100.0

INFORMATION = say(
    "For information: in this project's lab opposed layers foretold no damage of a stack; the "
    "length of both changes together did (docs/lab.md)."
)


def conflict(host: LibraryTabHost, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ``{"loras": [{"name": …, "weight": …}, …]}`` with what two LoRAs do together.

    Raises:
        FormValueError: these are no two different LoRAs, or their files cannot be compared.
    """
    first, second = _read(host, body)
    (one, at), (two, beside) = first, second
    try:
        found = host.conflict(one, two)
    except LoraFileError as error:
        raise FormValueError("loras", say("{fault}", fault=error.fault)) from error
    opposed = found.opposed(at, beside)
    return {
        "text": _verdict((one, at), (two, beside), found),
        "opposed": bool(opposed),
        "layers": [
            {
                "module": layer.module[:200],
                "block": layer.block,
                "cosine": round(layer.cosine, 3),
                "overlap": round(layer.overlap, 3),
            }
            for layer in opposed[:MOST_SHOWN]
        ],
        "more": max(0, len(opposed) - MOST_SHOWN),
        "length": _length(found, at, beside),
        "note": INFORMATION,
    }


def _verdict(
    first: tuple[LoraCard, float], second: tuple[LoraCard, float], found: Conflict
) -> Sentence:
    names = {
        "first": say("{lora} at {weight}", lora=first[0].name, weight=minus(first[1])),
        "second": say("{lora} at {weight}", lora=second[0].name, weight=minus(second[1])),
    }
    opposed = len(found.opposed(first[1], second[1]))
    if not opposed:
        return say("{first} and {second} do not pull against each other in any layer", **names)
    return say(
        "{first} and {second} pull {count} of {total} common layers in opposite directions",
        count=opposed,
        total=len(found.layers),
        **names,
    )


def _length(found: Conflict, first: float, second: float) -> Sentence:
    return say(
        "their changes together have the length {total} ({first} and {second} alone): the longer, "
        "the likelier damage",
        total=f"{found.length(first, second):.3g}",
        first=f"{abs(first) * found.norms[0]:.3g}",
        second=f"{abs(second) * found.norms[1]:.3g}",
    )


def _read(
    host: LibraryTabHost, body: Mapping[str, Any]
) -> tuple[tuple[LoraCard, float], tuple[LoraCard, float]]:
    asked = body.get("loras")
    if not isinstance(asked, list) or len(asked) != 2:
        raise FormValueError("loras", "must be two LoRAs")
    first, second = (_one(host, item) for item in asked)
    if first[0].identity == second[0].identity:
        raise FormValueError("loras", "must be two different LoRAs")
    return first, second


def _one(host: LibraryTabHost, item: object) -> tuple[LoraCard, float]:
    if not isinstance(item, Mapping):
        raise FormValueError("loras", "must be objects with name and weight")
    name, weight = item.get("name"), item.get("weight")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise FormValueError("name", "must be the name of a LoRA")
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise FormValueError("weight", "must be a number")
    if not math.isfinite(weight) or abs(weight) > MOST_WEIGHT:
        raise FormValueError("weight", "must be a weight that a LoRA can have")
    card = host.card(name) if name in host.names() else None
    if card is None:
        raise FormValueError("name", "no LoRA of this name is known")
    return card, float(weight)
