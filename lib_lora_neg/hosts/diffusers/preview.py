"""What the host would make of a page's form, without starting anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...loras.families import ModelFamily
from ...policy import GenerationRequest, GuardSettings, Mode
from ..preview import FormValues, PreviewContext
from .conditioning import seen_by_model
from .engine import Engine
from .guard import in_force


class DiffusersPreview:
    """This host as the live preview and the API see it."""

    def __init__(self, engine: Engine, settings: Callable[[], GuardSettings]) -> None:
        self._engine = engine
        self._settings = settings

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        """Return what would be generated from ``form``; there are no styles on this host."""
        first, hires = form.passes()
        family = self._engine.family if form.family is None else form.family
        request = GenerationRequest(
            first=first,
            hires=hires,
            family=family,
            distilled_guidance=self._engine.distilled and family is ModelFamily.FLUX,
            bad_weight_drops_all=False,
            weight_schedules=False,
            negative_guidance=form.guided,
        )
        settings = in_force(self._settings(), mode, rules)
        return PreviewContext(form, request, settings, self._engine)

    def token_count(self, text: str) -> tuple[int, int] | None:
        """Return the tokens of ``text`` and the size of the chunks they fill."""
        try:
            return self._engine.count_tokens(seen_by_model(text))
        except Exception:  # a preview is right without it
            return None
