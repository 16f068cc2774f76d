"""Negative guidance in A1111, whose models take no wrapper: around the calls of the U-Net.

The host tells the rows of a step before it evaluates them, the prompts' first. Each call of the
U-Net is guided in the rows of prompts; a picture may have several, divided by ``AND``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from ...branches import Branch
from ...guidance import Guidance
from ...telling import complain_of
from .branch_rows import RowOrder

ConceptTexts = Callable[[int], Sequence[Any]]
"""Returns the encoded text of each concept, pictures × tokens × width, for a number of pictures."""


def problem(sd_model: Any) -> str:
    """Return why the loaded checkpoint cannot be guided; empty when it can."""
    model = _unet_of(sd_model)
    if model is None:
        return "this host has no way in for it; A1111, Forge, Forge Neo and reForge have"
    from ...guidance import originals

    kind, reason = originals.kind_of(model, sys.modules[type(model).__module__])
    if kind != "unet":
        return reason or f"no adapter for this model ({type(model).__name__})"
    from modules import sd_unet, shared

    if getattr(sd_unet, "current_unet", None) is not None:
        return "another tool computes the U-Net (TensorRT or the like)"
    if getattr(shared, "loaded_hypernetworks", None):
        return "hypernetworks are loaded, which change the cross attention"
    if getattr(getattr(sd_model, "model", None), "conditioning_key", "") == "crossattn-adm":
        return "this checkpoint conditions its negative evaluation in a way of its own (unCLIP)"
    return ""


def _unet_of(sd_model: Any) -> Any:
    return getattr(getattr(sd_model, "model", None), "diffusion_model", None)


def watch(
    p: Any,
    guidance: Guidance,
    texts: ConceptTexts,
    acts: Callable[[], bool],
    failed: Callable[[str], None],
) -> None:
    """Guide the pass that is about to be sampled, until `leave`; arguments as of `GuidedUnet`."""
    leave()
    _current.append(GuidedUnet(p, guidance, texts, acts, failed))


def leave() -> None:
    """Leave the U-Net as it was, also after a generation that failed; safe to call again."""
    while _current:
        _current.pop().detach()


class GuidedUnet:
    """Guides the calls of a U-Net until it is detached.

    Args:
        p: the host's processing object, about to be sampled.
        guidance: as asked for.
        texts: of the negative concepts in the present step.
        acts: whether the present step is guided.
        failed: told why guidance did not act after all.
    """

    def __init__(
        self,
        p: Any,
        guidance: Guidance,
        texts: ConceptTexts,
        acts: Callable[[], bool],
        failed: Callable[[str], None],
    ) -> None:
        from modules import script_callbacks

        self._guidance = guidance
        self._texts, self._acts, self._failed = texts, acts, failed
        self._pictures = _pictures_of_rows(p)
        self._order, self._open = RowOrder(), ExitStack()
        self._given_up = False
        self._model = _unet_of(p.sd_model)
        script_callbacks.on_cfg_denoiser(self._order.note)
        self._handles = [
            self._model.register_forward_pre_hook(self._before, with_kwargs=True),
            self._model.register_forward_hook(self._after, always_call=True),
        ]

    def detach(self) -> None:
        """Leave the U-Net as it was; may be called again."""
        from modules import script_callbacks

        self._open.close()
        script_callbacks.remove_callbacks_for_function(self._order.note)
        while self._handles:
            self._handles.pop().remove()

    def _before(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        from ...guidance.ownership import GuidanceError

        self._open.close()
        first, rows = self._order.place, self._order.rows(model, args, kwargs)
        if self._given_up or not rows or Branch.COND not in rows or not self._acts():
            return
        try:
            self._enter(model, args, kwargs, first, rows)
        except GuidanceError as error:
            self._give_up(str(error))
        except Exception as error:  # the picture matters more
            complain_of(error)
            self._give_up(f"it failed, see the console ({type(error).__name__})")

    def _enter(
        self,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        first: int,
        rows: Sequence[Branch],
    ) -> None:
        import torch

        from ...guidance import cross_original
        from ...guidance.cross import CrossCall
        from ...guidance.ownership import GuidanceError

        x = args[0] if args else kwargs["x"]
        context = kwargs.get("context", args[2] if len(args) > 2 else None)
        if context is None:
            raise GuidanceError("the U-Net is given no text")
        # What is no prompt's row is not guided, whatever text stands there.
        pictures = [
            self._pictures[first + row] if branch is Branch.COND else 0
            for row, branch in enumerate(rows)
        ]
        chosen = torch.tensor(pictures)
        negatives = tuple(
            text[chosen.to(text.device)].to(context)
            for text in self._texts(max(self._pictures) + 1)
        )
        guided = [branch is Branch.COND for branch in rows]
        call = CrossCall(
            negatives,
            self._guidance.settings_for("unet"),
            None if all(guided) else torch.tensor(guided, device=x.device),
        )
        self._open.enter_context(cross_original.guided(model, call, self._give_up))

    def _after(self, *_: Any) -> None:
        self._open.close()

    def _give_up(self, reason: str) -> None:
        if not self._given_up:
            self._given_up = True
            self._failed(reason)


_current: list[GuidedUnet] = []


def _pictures_of_rows(p: Any) -> list[int]:
    """Return the picture of each prompt's row: one, or one for each part between ``AND``."""
    found = getattr(p, "hr_c" if getattr(p, "is_hr_pass", False) else "c", None)
    parts = getattr(found, "batch", None)
    if not parts:
        return list(range(len(p.prompts)))
    return [picture for picture, of_picture in enumerate(parts) for _ in of_picture]
