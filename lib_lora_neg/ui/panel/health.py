"""The health line: what is live on this host, what is limited, and why."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ...hosts.reporting import HealthItem
from ...sentences import ENGLISH, Translator, say


def health_html(items: Sequence[HealthItem], words: Translator = ENGLISH) -> str:
    """Return the health line with a list of details to open."""
    limited = [item for item in items if not item.live]
    if limited:
        names = "; ".join(words(item.name) for item in limited)
        head = say("Limited: {names}.", names=names)
    else:
        head = say("All {count} checks passed: the guard is live.", count=len(items))
    state = "limited" if limited else "ok"
    rows = "".join(_row(item, words) for item in items)
    return (
        f'<details class="lora-neg-health lora-neg-{state}">'
        f"<summary>{escape(words(head))}</summary><ul>{rows}</ul></details>"
    )


def _row(item: HealthItem, words: Translator) -> str:
    mark = words("live" if item.live else "not live")
    state = "ok" if item.live else "limited"
    note = f": {escape(words(item.note))}" if item.note else ""
    return f'<li class="lora-neg-{state}">{escape(words(item.name))} — {escape(mark)}{note}</li>'
