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


@contextmanager
def exchanged(owner: Any, name: str, replacement: Any) -> Iterator[None]:
    """Put something else in place of an attribute while the context lasts.

    What was there before is there afterwards. What somebody else puts in its place meanwhile is
    left alone.

    Args:
        owner: a module, or an instance whose class has the attribute.
        name: of the attribute.
        replacement: what stands there meanwhile.
    """
    own, before = name in vars(owner), getattr(owner, name)
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        if vars(owner).get(name) is replacement:
            if own:
                setattr(owner, name, before)
            else:
                delattr(owner, name)
