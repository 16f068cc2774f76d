"""What the guard will make of the cells of a plot, looked at before the plot starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...policy import RULES, Effect, Finding, GuardPlan, Mode, plan
from ...policy.switches import rules_switched_off
from ..preview import FormValues, PreviewHost
from . import options

RANGE_RULES = tuple(rule.id for rule in RULES if rule.by_range)


class PlotPlanner:
    """Plans cells as the guard will, from the arguments its script gets from the same plot.

    Args:
        host: the host as the live preview sees it.
        title: of the guard's script.
    """

    def __init__(self, host: PreviewHost, title: str) -> None:
        self._host = host
        self._title = title

    def plan(self, p: Any, prompt: str, negative_prompt: str) -> GuardPlan | None:
        """Return the plan for a cell with these texts; ``None`` where it is not guarded."""
        asked = self._asked(p)
        if asked is None or asked[0] is not Mode.ENFORCE:
            return None
        return self._planned(p, prompt, negative_prompt, rules_switched_off(asked[1]))

    def outside(self, p: Any, prompt: str, negative_prompt: str) -> tuple[Finding, ...]:
        """Return what the range would change in a cell with these texts, were it guarded.

        None where the guard or the range is off.
        """
        asked = self._asked(p)
        if asked is None or asked[0] is Mode.OFF:
            return ()
        rules = rules_switched_off(asked[1])
        own = options.read_settings(Mode.ENFORCE, rules)
        for rule in RANGE_RULES:
            if own.mode_of(rule) is not Mode.OFF:
                rules[rule] = Mode.ENFORCE
        found = self._planned(p, prompt, negative_prompt, rules).findings
        return tuple(
            finding
            for finding in found
            if finding.rule in RANGE_RULES and finding.effect is Effect.ENFORCED
        )

    def _asked(self, p: Any) -> tuple[Mode, Any] | None:
        """Return the guard's mode in a plot and its rules; ``None`` where it does not run."""
        arguments = self._arguments(p)
        if arguments is None:
            return None
        enabled, mode, _, rules = (*arguments, None, None, None, None)[:4]
        if not (options.default_enabled() if enabled is None else enabled):
            return None
        return (options.default_mode() if mode is None else Mode.parse(mode)), rules

    def _planned(
        self, p: Any, prompt: str, negative_prompt: str, rules: dict[str, Mode]
    ) -> GuardPlan:
        form = FormValues(prompt, negative_prompt, float(p.cfg_scale), styles=tuple(p.styles or ()))
        context = self._host.context(form, Mode.ENFORCE, rules)
        return plan(context.request, context.cards, context.settings)

    def _arguments(self, p: Any) -> Sequence[Any] | None:
        """Return what the guard's script will be called with; ``None`` where it does not run."""
        for script in getattr(p.scripts, "alwayson_scripts", None) or ():
            if script.title() == self._title:
                return tuple(p.script_args[script.args_from : script.args_to])
        return None
