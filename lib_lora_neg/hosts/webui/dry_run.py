"""How a function of the host behaves, tried without touching the host.

The function's code runs with stand-ins for all that it names: its module's dictionaries and lists
are empty, everything else takes any use and does nothing. So nothing is loaded, changed or said,
and what is left is the function's own way of dealing with its arguments.
"""

from __future__ import annotations

import builtins
import dis
import functools
from collections.abc import Iterator
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

_SILENT = ("print", "open", "input", "exec", "eval", "setattr", "delattr")
"""Builtins that could do something outside the function."""


class _Anything:
    """Takes any use; as a collection it is empty."""

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        pass

    def __call__(self, *_args: object, **_kwargs: object) -> _Anything:
        return self

    def __getitem__(self, _key: object) -> _Anything:
        return self

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __contains__(self, _item: object) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> _Anything:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def __lt__(self, _other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__


def survives_unknown_name(load_networks: Any) -> bool | None:
    """Return whether a host's ``load_networks`` passes over a LoRA that it cannot find.

    One that does not raises, which costs the prompt all its LoRAs. ``None`` where it cannot be
    tried: a function that imports or closes over something, or none at all.
    """
    function = _innermost(load_networks)
    return _survives(function) if function is not None else None


def reads_weight(activate: Any, weight: str) -> bool | None:
    """Return whether a LoRA loader's ``activate`` takes ``weight`` in a tag, such as ``[1@0,0@1]``.

    One that does not raises, as for any word that is no number. ``None`` where it cannot be
    tried, or where it takes no plain number either.
    """
    function = _innermost(activate)
    if function is None or not _takes(function, "0.5"):
        return None
    return _takes(function, weight)


def _innermost(function: Any) -> FunctionType | None:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function if isinstance(function, FunctionType) else None


@functools.lru_cache(maxsize=8)
def _survives(function: FunctionType) -> bool | None:
    return _tried(function, ["no LoRA has this name"], [1.0], [1.0])


@functools.lru_cache(maxsize=16)
def _takes(function: FunctionType, weight: str) -> bool | None:
    items = ["a name", weight]
    params = SimpleNamespace(items=items, positional=list(items), named={})
    return _tried(function, _Anything(), _Anything(), [params])


def _tried(function: FunctionType, *arguments: object) -> bool | None:
    """Return whether a function takes these arguments without an error, if that can be tried."""
    if function.__closure__ or not _stays_inside(function.__code__):
        return None
    tried = FunctionType(
        function.__code__, _standins(function), function.__name__, function.__defaults__
    )
    try:
        tried(*arguments)
    except Exception:
        return False
    return True


def _stays_inside(code: CodeType) -> bool:
    """Whether code imports nothing, and its only loops go over collections, which are bounded."""
    steps = list(dis.get_instructions(code))
    names: dict[int, str] = {}
    for step in reversed(steps):  # a prefix stands for the instruction that it belongs to
        long = step.opname == "EXTENDED_ARG"
        names[step.offset] = names.get(step.offset + 2, "") if long else step.opname
    for step in steps:
        if step.opname == "IMPORT_NAME":
            return False
        back = step.opcode in dis.hasjabs + dis.hasjrel and step.argval <= step.offset
        if back and names.get(step.argval) != "FOR_ITER":
            return False
    return all(_stays_inside(part) for part in code.co_consts if isinstance(part, CodeType))


def _standins(function: FunctionType) -> dict[str, Any]:
    standins: dict[str, Any] = {"__builtins__": builtins, "__name__": function.__module__}
    for name, value in list(function.__globals__.items()):
        if name.startswith("__"):
            continue
        empty = isinstance(value, dict | list | set)
        standins[name] = type(value)() if empty else _Anything()
    return {**standins, **dict.fromkeys(_SILENT, _Anything())}
