"""Taking over the forward of modules for one call of a model, and giving it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class GuidanceError(Exception):
    """Guidance cannot act here; the text says why, for people."""


@contextmanager
def forwards(replacements: Mapping[Any, Callable[..., Any]]) -> Iterator[None]:
    """Replace ``forward`` of module instances while the context lasts.

    Whatever happens inside, what was there before is there afterwards. What somebody else puts
    in its place meanwhile is left alone.

    Args:
        replacements: by module, what is called instead.

    Raises:
        GuidanceError: another tool has replaced a module's forward; nothing is changed then.
    """
    foreign = [module for module in replacements if "forward" in vars(module)]
    if foreign:
        raise GuidanceError(
            f"another tool has replaced the forward of {len(foreign)} blocks "
            f"({type(foreign[0]).__name__})"
        )
    try:
        for module, forward in replacements.items():
            module.forward = forward
        yield
    finally:
        for module, forward in replacements.items():
            if vars(module).get("forward") is forward:
                del module.forward
