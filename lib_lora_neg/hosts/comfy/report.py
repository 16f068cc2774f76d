"""What a node did, as text for another node and as rows for its own face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...policy import Effect, Finding, GuardSettings, Mode
from ...telling import printable
from .order import TagOrder

NOTHING = "nothing to change, nothing to say"
MOST_ROWS = 60
"""Findings on the face of a node; the text has them all."""
LONGEST = 2_000


def as_text(
    findings: Sequence[Finding],
    settings: GuardSettings,
    *,
    facts: Iterable[str] = (),
    failure: str = "",
) -> str:
    """Return a report for people: a line on the mode, then a paragraph for each finding.

    Args:
        findings: in their order.
        settings: that were in force.
        facts: what the node has to say besides, one sentence each.
        failure: why the guard did nothing.
    """
    lines = [f"LoRA Negative Guard, {settings.mode.value}", *facts]
    if failure:
        lines.append(f"NOT GUARDED, the guard failed: {failure}")
    elif settings.mode is not Mode.OFF and not findings:
        lines.append(NOTHING)
    for finding in findings:
        lines.append(_line(finding))
        lines += [f"    {finding.reason}", *(f"    · {fact}" for fact in finding.evidence)]
    return printable("\n".join(lines))


def as_rows(
    findings: Sequence[Finding],
    settings: GuardSettings,
    *,
    facts: Iterable[str] = (),
    failure: str = "",
) -> dict[str, Any]:
    """Return the same for the node's face; arguments as of `as_text`. All of it is plain text."""
    return {
        "mode": settings.mode.value,
        "failure": _short(failure),
        "facts": [_short(fact) for fact in facts],
        "findings": [
            {
                "rule": finding.rule,
                "effect": finding.effect.value,
                "lora": _short(finding.lora or ""),
                "before": _short(finding.before),
                "after": _short(finding.after),
                "reason": _short(finding.reason),
                "source": _short(finding.source),
            }
            for finding in findings[:MOST_ROWS]
        ],
        "more": max(0, len(findings) - MOST_ROWS),
    }


def order_fact(order: TagOrder) -> str:
    """Return the sentence that shows how the strengths of tags were read."""
    return f"<lora:name:a:b> is read as {order.value}"


def _line(finding: Finding) -> str:
    sign = "●" if finding.effect is Effect.ENFORCED else "○"
    head = f"{sign} {finding.rule} {finding.effect.value}"
    lora = f" {finding.lora}" if finding.lora else ""
    if finding.before == finding.after:
        return f"{head}{lora}: {finding.before}" if finding.before else f"{head}{lora}"
    arrow = "→" if finding.effect is Effect.ENFORCED else "⇢"
    before, after = finding.before or "(nothing)", finding.after or "(removed)"
    return f"{head}{lora}: {before} {arrow} {after}"


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
