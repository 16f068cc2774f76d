"""Which branch each row of a denoiser's call belongs to, as the WebUIs tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...branches import Branch


def rows_from_options(
    _: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> list[Branch] | None:
    """Return the branches of a call's rows, as Forge and its forks tell them to the model."""
    options = kwargs.get("transformer_options") or {}
    chunks = options.get("cond_or_uncond")
    x = args[0] if args else kwargs.get("x")
    if not chunks or x is None or x.shape[0] % len(chunks):
        return None
    each = x.shape[0] // len(chunks)
    return [Branch.UNCOND if chunk else Branch.COND for chunk in chunks for _ in range(each)]


class RowOrder:
    """The branches in A1111: rows are evaluated in order, those of the prompt first.

    The host tells the rows of a step before it evaluates them, in one call or in several. Where
    it leaves the negative evaluation out, its rows do not come.
    """

    def __init__(self) -> None:
        self._rows: list[Branch] = []
        self._next = 0

    @property
    def place(self) -> int:
        """The number of the first row of the next call in its step."""
        return self._next

    def reset(self) -> None:
        """Forget the step that was told last."""
        self._rows, self._next = [], 0

    def note(self, params: Any) -> None:
        """Take what the host tells before a step (``on_cfg_denoiser``)."""
        cond = _length(params.text_cond)
        total = int(params.x.shape[0])
        self._rows = [Branch.COND] * min(cond, total) + [Branch.UNCOND] * max(0, total - cond)
        self._next = 0

    def rows(self, _: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Branch] | None:
        """Return the branches of a call's rows; ``None`` where the call is none of the step's."""
        x = args[0] if args else kwargs.get("x")
        count = int(x.shape[0]) if x is not None else 0
        found = self._rows[self._next : self._next + count]
        self._next += count
        return found if count and len(found) == count else None


order = RowOrder()


def _length(cond: Any) -> int:
    tensor = cond["crossattn"] if isinstance(cond, Mapping) else cond
    return int(tensor.shape[0])
