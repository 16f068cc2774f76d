"""What a function of another extension can do, read from its code without running it.

Followed are functions that it makes, holds or names in its own module, to a bounded depth.
"""

from __future__ import annotations

import dis
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

MAX_FUNCTIONS = 200
"""Functions that are looked at for one question."""

_WHOLE_TAG = re.compile(r"<lora:[^<>{}%:]*:[-+.\d]+>")


@dataclass
class CodeFacts:
    """What stands in some code.

    Attributes:
        names: of attributes, globals and methods.
        stored: names of attributes that are set.
        texts: string constants, and strings that the functions hold.
        sets_globals: it changes variables of its module.
    """

    names: set[str]
    stored: set[str]
    texts: set[str]
    sets_globals: bool = False

    @property
    def writes_lora_tags(self) -> bool:
        """Whether it puts LoRA tags together itself: a name, a weight or both are filled in."""
        return any("<lora:" in _WHOLE_TAG.sub("", text) for text in self.texts)


def read_code(functions: Iterable[Any]) -> CodeFacts:
    """Return what stands in these functions and in those of their modules that they use."""
    reading = CodeFacts(set(), set(), set())
    for function in _reached(functions, reading.texts):
        for code in _codes(function.__code__):
            _read(code, reading)
    return reading


def own_functions(kind: type) -> Iterator[Callable[..., Any]]:
    """Yield the methods that a class and its bases of the same module define.

    Those that build its page are left out.
    """
    for base in kind.__mro__:
        if base.__module__ != kind.__module__:
            continue
        for name, value in vars(base).items():
            if name not in ("ui", "title", "show"):
                yield getattr(value, "__func__", value)


def _reached(functions: Iterable[Any], texts: set[str]) -> Iterator[FunctionType]:
    waiting: list[Any] = list(functions)
    seen: set[FunctionType] = set()
    while waiting and len(seen) < MAX_FUNCTIONS:
        function = waiting.pop()
        if isinstance(function, functools.partial):
            held = [function.func, *function.args, *function.keywords.values()]
            waiting += [item for item in held if callable(item)]
            texts.update(item for item in held if isinstance(item, str))
            continue
        if isinstance(function, MethodType):
            function = function.__func__
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, FunctionType) or function in seen:
            continue
        seen.add(function)
        waiting += _held(function, texts)
        yield function


def _held(function: FunctionType, texts: set[str]) -> Iterator[Any]:
    """Yield what a function closes over, and functions of its module that it names."""
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        if isinstance(value, str):
            texts.add(value)
        elif callable(value):
            yield value
    for code in _codes(function.__code__):
        for name in code.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType) and value.__module__ == function.__module__:
                yield value


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _read(code: CodeType, reading: CodeFacts) -> None:
    reading.names.update(code.co_names)
    reading.texts.update(text for text in code.co_consts if isinstance(text, str))
    for step in dis.get_instructions(code):
        if step.opname == "STORE_ATTR":
            reading.stored.add(str(step.argval))
        elif step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            reading.sets_globals = True
