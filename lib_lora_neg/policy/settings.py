"""What the user can set about the guard: how far each rule may go, over the rules' options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .options import Mode, RuleOptions
from .rules import BY_ID

DEFAULT_RULE_MODES: Mapping[str, Mode] = MappingProxyType(
    {rule.id: rule.default for rule in BY_ID.values()}
)
"""The mode of each rule where the user has set none."""


@dataclass(frozen=True)
class GuardSettings(RuleOptions):
    """Settings of the guard.

    Attributes:
        mode: of the whole guard; no rule goes further than it.
        rules: mode of each rule; a rule not named here has its default.
    """

    mode: Mode = Mode.ENFORCE
    rules: Mapping[str, Mode] = field(default_factory=lambda: DEFAULT_RULE_MODES)

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = set(self.rules) - set(DEFAULT_RULE_MODES)
        if unknown:
            raise ValueError(f"no such rule: {', '.join(sorted(unknown))}")

    def mode_of(self, rule: str) -> Mode:
        """Return how far ``rule`` may go."""
        return self.rules.get(rule, DEFAULT_RULE_MODES[rule]).at_most(self.mode)
