"""Layers of one model, taken over for the time of a sampling pass and given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch

from .attention import Attention
from .deltas import BranchError
from .layers import BranchedLayer, LayerDelta
from .strengths import Branch, Rows, RowSpan, runs_of

RowsOf: TypeAlias = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Rows | None]
"""Tells the branches of a call's rows from the model, its arguments and its keyword arguments;
``None`` where the call has no branches, so that nothing is added."""


class Attachment:
    """LoRAs on the layers of one model, each branch with strengths of its own.

    Each layer gets a hook of its own, so wrappers of other tools stay in place, and nothing is
    added outside of a call whose rows are known. The caller must `detach`; afterwards every
    layer is as it was, also after an error.

    Attributes:
        failure: why nothing was added in a call after all; empty while all is well.
    """

    def __init__(
        self,
        layers: Mapping[Any, Sequence[LayerDelta]],
        attentions: Mapping[Any, Mapping[str, Sequence[LayerDelta]]] | None = None,
    ) -> None:
        """Take the layers over.

        Args:
            layers: by module, what each LoRA adds to it.
            attentions: by attention of PyTorch's own kind, and by projection, likewise.

        Raises:
            BranchError: a LoRA cannot act on one of them; nothing is taken over then.
        """
        hooks = [
            (module, self._on_layer(BranchedLayer(module, parts)))
            for module, parts in layers.items()
        ]
        hooks += [
            (module, self._on_attention(Attention(module, parts)))
            for module, parts in (attentions or {}).items()
        ]
        self._runs: tuple[RowSpan, ...] = ()
        self._rows = 0
        self.failure = ""
        self._handles = [
            module.register_forward_hook(hook, with_kwargs=True) for module, hook in hooks
        ]

    @contextmanager
    def calling(self, rows: Rows) -> Iterator[None]:
        """Add to the rows of the calls of the model that are made inside."""
        before = self._runs, self._rows
        self._runs, self._rows = runs_of(rows), len(rows)
        try:
            yield
        finally:
            self._runs, self._rows = before

    @contextmanager
    def encoding(self, branch: Branch) -> Iterator[None]:
        """Add to all rows of the calls that are made inside, however many these are."""
        with self.calling((branch,)):
            yield

    def watch(self, model: Any, rows_of: RowsOf) -> None:
        """Learn each call's rows from the model's own arguments, until this is detached."""

        def before(called: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            rows = rows_of(called, args, kwargs) or ()
            self._runs, self._rows = runs_of(rows), len(rows)

        def after(*_: Any) -> None:
            self._runs, self._rows = (), 0

        self._handles += [
            model.register_forward_pre_hook(before, with_kwargs=True),
            model.register_forward_hook(after, always_call=True),
        ]

    def detach(self) -> None:
        """Give the layers back. May be called again."""
        self._runs, self._rows = (), 0
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _on_layer(self, layer: BranchedLayer) -> Callable[..., None]:
        def hook(_: Any, args: Any, kwargs: Any, out: torch.Tensor) -> None:
            if not self._rows or self.failure:
                return
            try:
                layer.add(args[0] if args else kwargs["input"], out, self._runs, self._rows)
            except BranchError as error:
                self.failure = str(error)

        return hook

    def _on_attention(self, attention: Attention) -> Callable[..., Any]:
        def hook(_: Any, args: Any, kwargs: Any, __: Any) -> Any:
            if not self._rows or self.failure:
                return None
            if len(self._runs) > 1:
                self.failure = "both branches in one call of an attention of PyTorch's own kind"
                return None
            branch = self._runs[0].branch
            return attention(branch, args, kwargs) if attention.acts(branch) else None

        return hook


@contextmanager
def attached(layers: Mapping[Any, Sequence[LayerDelta]]) -> Iterator[Attachment]:
    """Take layers over while the context lasts; arguments and errors as of `Attachment`."""
    attachment = Attachment(layers)
    try:
        yield attachment
    finally:
        attachment.detach()
