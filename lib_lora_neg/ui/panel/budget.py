"""The stacking budget as the page draws it: a bar in the panel, and behind the chip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...policy.budget import BudgetShare, StackBudget
from ...policy.stack import PlannedStack
from ...policy.wording import minus
from ...prompts import format_number
from ...sentences import Sentence, say

MOST_SHOWN = 30
"""More LoRAs than a person reads of; their shares are in the sum all the same."""

SCALE_DOWN = say("Scale all to the budget")

_IN_ALL = "LoRA weights: {total} of {limit}, {state}"
_OF_PREFERRED = "LoRA weights: {total} of {limit} times the preferred ones, {state}"


def budget_json(stack: PlannedStack | None) -> dict[str, Any] | None:
    """Return the bar, ``None`` where no LoRA takes anything; its sentences are said by who answers.

    Args:
        stack: what the LoRAs of the plan take; ``None`` where nobody asked.
    """
    if stack is None or not any(share.share for share in stack.made.shares):
        return None
    made, typed = stack.made, stack.typed
    if not math.isfinite(made.total) or not math.isfinite(typed.total):
        return None
    return {
        "total": round(made.total, 3),
        "limit": made.limit,
        "degraded": made.degraded,
        "exceeded": made.exceeded,
        "text": _line(made),
        "note": _typed(typed) if _differ(made, typed) else "",
        "loras": [_share(share) for share in made.shares[:MOST_SHOWN]],
        "more": _more(made.shares),
    }


def _line(stack: StackBudget) -> Sentence:
    return say(
        _OF_PREFERRED if stack.relative else _IN_ALL,
        total=format_number(round(stack.total, 2)),
        limit=format_number(stack.limit),
        state=stack.state,
    )


def _typed(stack: StackBudget) -> Sentence:
    return say("as typed: {total}", total=format_number(round(stack.total, 2)))


def _differ(made: StackBudget, typed: StackBudget) -> bool:
    return round(made.total, 2) != round(typed.total, 2)


def _share(share: BudgetShare) -> dict[str, Any]:
    note = share.left_out
    if not note and share.preferred is not None:
        note = say(
            "{times} times its preferred {weight}",
            times=format_number(round(share.share, 2)),
            weight=format_number(share.preferred),
        )
    return {
        "name": share.lora,
        "weight": minus(share.weight) if share.weight is not None else "",
        "share": round(share.share, 3),
        "note": note,
        "counted": not share.left_out,
        "file": share.file,
        "unet": share.weight if share.weight is not None and math.isfinite(share.weight) else None,
    }


def _more(shares: Sequence[BudgetShare]) -> str:
    more = len(shares) - MOST_SHOWN
    return say("and {count} more", count=more) if more > 0 else ""
