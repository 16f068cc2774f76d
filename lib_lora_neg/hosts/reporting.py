"""What every host tells the panel: the last generation's findings, and its own health."""

from __future__ import annotations

from dataclasses import dataclass

from ..policy import Effect, Finding, Mode


@dataclass(frozen=True)
class Report:
    """What the panel shows of the last generation."""

    mode: Mode
    findings: tuple[Finding, ...]
    failures: tuple[str, ...]

    @property
    def enforced(self) -> tuple[Finding, ...]:
        """The findings that changed the generation."""
        return tuple(f for f in self.findings if f.effect is Effect.ENFORCED)


@dataclass(frozen=True)
class HealthItem:
    """One thing the guard needs, whether it is there, and what follows if not."""

    name: str
    live: bool
    note: str = ""
