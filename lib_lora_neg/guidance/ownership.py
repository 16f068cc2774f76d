"""Taking over the forward of modules for one call of a model, and giving it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class GuidanceError(Exception):
    """Guidance cannot act here; the text says why, for people."""


def replaced(modules: Iterable[Any]) -> str:
    """Return why modules cannot be relied on: another tool computes in their place; else empty."""
    foreign = [module for module in modules if "forward" in vars(module)]
    if not foreign:
        return ""
    names = sorted({type(module).__name__ for module in foreign})
    return (
        f"another tool has replaced the forward of {len(foreign)} blocks ({', '.join(names[:3])})"
    )


def blocks_of(model: Any) -> list[Any]:
    """Return the parts of a model that are made of parts: its blocks, their attentions.

    Single layers may be replaced, by what adds to them.
    """
    return [module for module in model.modules() if module is not model and any(module.children())]


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
    problem = replaced(replacements)
    if problem:
        raise GuidanceError(problem)
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
