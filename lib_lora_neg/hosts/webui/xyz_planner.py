"""What the guard will make of the cells of a plot, looked at before the plot starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...policy import GuardPlan, Mode, plan
from ..boxes import Boxes, BoxesHost
from ..switches import rules_switched_off
from . import options


class PlotPlanner:
    """Plans cells as the guard will, from the arguments its script gets from the same plot.

    Args:
        boxes: the host as the live preview sees it.
        title: of the guard's script.
    """

    def __init__(self, boxes: BoxesHost, title: str) -> None:
        self._boxes = boxes
        self._title = title

    def plan(self, p: Any, prompt: str, negative_prompt: str) -> GuardPlan | None:
        """Return the plan for a cell with these texts; ``None`` where it is not guarded."""
        arguments = self._arguments(p)
        if arguments is None:
            return None
        enabled, mode, _, rules = (*arguments, None, None, None, None)[:4]
        if not (options.default_enabled() if enabled is None else enabled):
            return None
        wanted = options.default_mode() if mode is None else Mode.parse(mode)
        if wanted is not Mode.ENFORCE:
            return None
        boxes = Boxes(prompt, negative_prompt, float(p.cfg_scale), styles=tuple(p.styles or ()))
        outlook = self._boxes.outlook(boxes, wanted, rules_switched_off(rules))
        return plan(outlook.request, outlook.cards, outlook.settings)

    def _arguments(self, p: Any) -> Sequence[Any] | None:
        """Return what the guard's script will be called with; ``None`` where it does not run."""
        for script in getattr(p.scripts, "alwayson_scripts", None) or ():
            if script.title() == self._title:
                return tuple(p.script_args[script.args_from : script.args_to])
        return None
