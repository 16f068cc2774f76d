"""Other tools of a WebUI that change CFG or the meaning of prompts: which are there, which are on.

A tool's first input switches it: a checkbox, or a number that does nothing at 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_CFG_TOOLS = {
    "dynamic thresholding": "Dynamic Thresholding",
    "dynamicthresholding": "Dynamic Thresholding",
    "rescalecfg": "RescaleCFG",
    "rescale cfg": "RescaleCFG",
    "mahiro": "MaHiRo",
    "apg's now your cfg": "APG",
    "adaptive projected guidance": "APG",
}
_PROMPT_TOOLS = {
    "negpip": "negpip",
    "lora block weight": "lora-block-weight",
    "neo-loractl": "neo-loractl",  # weights blocks and steps; reads nothing in the prompt
    "dynamic lora weights": "loractl",
    "loractl": "loractl",
    "regional prompter": "regional-prompter",
}
_TOOLS_WITH_WORDS = frozenset({"lora-block-weight"})
"""Tools that accept a word where the host wants a number."""


@dataclass(frozen=True)
class PageTool:
    """A tool on the page.

    Attributes:
        name: as we call it.
        id: of the element with the input that switches it on; ``None`` where a tool has none and
            so is always on.
        least: the smallest number that does something, where that input is a number; ``None``
            where it is a checkbox.
    """

    name: str
    id: str | None
    least: float | None = None


def tool_name(script: Any) -> str | None:
    """Return the name of the tool that an always-on script is, if it is one we know of."""
    title = str(script.title()).lower()
    names = {**_CFG_TOOLS, **_PROMPT_TOOLS}
    return next((name for part, name in names.items() if part in title), None)


def cfg_tools_among(names: Iterable[str]) -> tuple[str, ...]:
    """Return the tools among ``names`` that change CFG themselves, each once."""
    known = set(_CFG_TOOLS.values())
    return tuple(dict.fromkeys(name for name in names if name in known))


def prompt_tools_among(names: Iterable[str], words: bool | None = None) -> frozenset[str]:
    """Return the tools among ``names`` that give prompts a meaning of their own.

    Args:
        names: as `tool_name` gives them.
        words: whether the host's loader takes a word for a weight. Where it fails on one
            (``False``), tools that read such words come after it and find no LoRA to act on.
    """
    found = frozenset(names) & frozenset(_PROMPT_TOOLS.values())
    return found - _TOOLS_WITH_WORDS if words is False else found


def active_tools(p: Any) -> list[str]:
    """Return the tools whose always-on script is there and switched on in the request ``p``."""
    runner = getattr(p, "scripts", None)
    args, inputs = getattr(p, "script_args", None) or (), getattr(runner, "inputs", None) or ()
    found = []
    for script, tool in _tools(runner):
        given, component = _first(script, args), _first(script, inputs)
        if not given or _is_on(given[0], component[0] if component else None):
            found.append(tool)
    return found


def tools_of_page(runner: Any) -> list[PageTool]:
    """Return the tools of a tab; ``runner`` holds its scripts with the inputs of the page."""
    inputs = getattr(runner, "inputs", None) or ()
    found = []
    for script, tool in _tools(runner):
        component = next(iter(_first(script, inputs)), None)
        value = getattr(component, "value", None)
        if isinstance(value, bool):
            found.append(PageTool(tool, _dom_id(component)))
        elif _is_number(value):
            found.append(PageTool(tool, _dom_id(component), _least(component)))
        else:
            found.append(PageTool(tool, None))
    return found


def _tools(runner: Any) -> Iterable[tuple[Any, str]]:
    for script in getattr(runner, "alwayson_scripts", None) or ():
        tool = tool_name(script)
        if tool is not None:
            yield script, tool


def _first(script: Any, values: Sequence[Any]) -> Sequence[Any]:
    """Return the first of a script's own among the values of all scripts, if it has any."""
    start, end = getattr(script, "args_from", None), getattr(script, "args_to", None)
    return values[start:end][:1] if start is not None and end is not None else ()


def _is_on(value: Any, component: Any) -> bool:
    if isinstance(value, bool):
        return value
    return bool(value >= _least(component)) if _is_number(value) else True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _least(component: Any) -> float:
    """Return the smallest number that does something: a slider's first step above 0."""
    step: Any = getattr(component, "step", None)
    return float(step) if _is_number(step) and step > 0 else 1e-6


def _dom_id(component: Any) -> str:
    return str(getattr(component, "elem_id", None) or f"component-{component._id}")
