"""The health line: what is live on this host, what is limited, and why."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..hosts.reporting import HealthItem


def health_html(items: Sequence[HealthItem]) -> str:
    """Return the health line with a list of details to open."""
    limited = [item for item in items if not item.live]
    head = (
        f"All {len(items)} checks passed: the guard is live."
        if not limited
        else f"Limited: {'; '.join(escape(item.name) for item in limited)}."
    )
    state = "ok" if not limited else "limited"
    rows = "".join(_row(item) for item in items)
    return (
        f'<details class="lora-neg-health lora-neg-{state}">'
        f"<summary>{head}</summary><ul>{rows}</ul></details>"
    )


def _row(item: HealthItem) -> str:
    mark = "live" if item.live else "not live"
    state = "ok" if item.live else "limited"
    note = f": {escape(item.note)}" if item.note else ""
    return f'<li class="lora-neg-{state}">{escape(item.name)} — {mark}{note}</li>'
