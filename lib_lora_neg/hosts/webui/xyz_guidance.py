"""The axes of negative guidance in the host's XYZ plot: method, strength, share, own numbers.

An axis of strength, share or numbers alone needs a method in the panel or on another axis: the
cells are made without guidance otherwise, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...guidance import Guidance, Method
from ...guidance.numbers import KNOBS, read_numbers
from .. import guidance_keys
from .option_values import GUIDANCE_METHODS
from .xyz_cell import change_guidance


def axes(axis_option: Callable[..., Any], prefix: str) -> Iterator[Any]:
    """Yield the options for the plot's list.

    Args:
        axis_option: the host's class.
        prefix: of their labels.
    """
    yield axis_option(
        f"{prefix}Guidance method",
        read_method,
        _writer("method"),
        format_value=lambda p, opt, value: f"Guidance: {value}",
        choices=lambda: list(GUIDANCE_METHODS),
    )
    yield axis_option(
        f"{prefix}Guidance strength",
        read_strength,
        _writer("strength"),
        format_value=lambda p, opt, value: f"Guidance × {value:g}",
    )
    yield axis_option(
        f"{prefix}Guidance share",
        read_share,
        _writer("share"),
        format_value=lambda p, opt, value: f"Guidance in {value:.0%} of the steps",
    )
    yield axis_option(
        f"{prefix}Guidance numbers",
        read_text,
        _writer("numbers"),
        format_value=lambda p, opt, value: value or "the model's default",
    )


def read_method(text: str) -> str:
    """Return the name of a method, or “Off”.

    Raises:
        ValueError: there is no such method.
    """
    method = guidance_keys.method_named(text)
    return guidance_keys.OFF if method is None else method.value


def read_strength(text: str) -> float:
    """Return a strength.

    Raises:
        ValueError: it is no number, or out of range.
    """
    return Guidance(Method.NAG, strength=_number(text, "strength")).strength


def read_share(text: str) -> float:
    """Return a share of the steps.

    Raises:
        ValueError: it is no number, or out of range.
    """
    return Guidance(Method.NAG, share=_number(text, "share")).share


def read_text(text: str) -> str:
    """Return numbers of a method as they are written, semicolons between them; “default” is none.

    Raises:
        ValueError: no method has them.
    """
    numbers = text.strip().strip('"').strip()
    if numbers.lower() in ("", "default"):
        return ""
    problems = []
    for method in KNOBS:
        try:
            read_numbers(method, numbers)
        except ValueError as error:
            problems.append(str(error))
        else:
            return numbers
    raise ValueError(f"{numbers!r}: {'; '.join(problems)}")


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"guidance {name}: {text!r} is no number") from error


def _writer(name: str) -> Callable[..., None]:
    return lambda p, value, values: change_guidance(p, **{name: value})
