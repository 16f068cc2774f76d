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


ANY_BROWSER = "*"
"""Key of the last report of a tab, whoever made it: of a page that cannot tell its own."""

MAX_REPORTS = 100


class Reports:
    """The last reports by tab and by the key that a browser knows its generation by."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Report] = {}

    def keep(self, tab: str, key: str, report: Report) -> None:
        """Keep a report; of many the oldest are forgotten."""
        for name in (key, ANY_BROWSER):
            self._kept.pop((tab, name), None)
            self._kept[tab, name] = report
        while len(self._kept) > MAX_REPORTS:
            del self._kept[next(iter(self._kept))]

    def find(self, tab: str, key: str) -> Report | None:
        """Return the report of a generation, if it is still known."""
        return self._kept.get((tab, key))
