"""R3: a lower CFG scale while a negative unet weight is active."""

from __future__ import annotations

from dataclasses import replace

from ...loras.families import UNET_WITH_CFG
from ...prompts import format_number
from ...sentences import say
from ..draft import Context, Draft, LoraUse
from ..matrix import FRAMEWORK, UNCOUNTED
from ..model import Effect, Field, Finding
from ..options import Mode
from ..rule import ChipText, Rule
from ..wording import minus

SOURCE = f"{FRAMEWORK}, tug-of-war: CFG 4–6 while negative LoRA weights are active"


def cfg_ceiling(draft: Draft, context: Context) -> Draft:
    """Lower CFG to the ceiling if a negative unet weight is left after the other rules.

    Sliders and accelerators do not count, nor do exempted LoRAs.
    """
    request = context.request
    if context.mode("R3") is Mode.OFF or draft.cfg is None or request.distilled_guidance:
        return draft
    ceiling = context.settings.cfg_ceiling
    if request.family not in UNET_WITH_CFG or draft.cfg <= ceiling:
        return draft
    causes = [use for use in draft.active if _counts(use, draft.cfg)]
    if not causes:
        return draft
    enforced = context.enforces("R3") and not request.cfg_tools
    names = ", ".join(f"{use.name} {minus(use.unet_reaching(draft.cfg) or 0.0)}" for use in causes)
    reason = say("negative LoRA weight active ({loras}): high CFG burns the picture", loras=names)
    if request.cfg_tools:
        reason = say(
            "{reason}; not lowered because {tools} is active",
            reason=reason,
            tools=", ".join(request.cfg_tools),
        )
    context.findings.append(
        Finding(
            rule="R3",
            effect=Effect.ENFORCED if enforced else Effect.ADVISED,
            field=Field.HR_CFG if draft.prompts[0].field is Field.HR_PROMPT else Field.CFG,
            lora=causes[0].name,
            before=format_number(draft.cfg),
            after=format_number(ceiling),
            reason=reason,
            source=SOURCE,
            loras=tuple(dict.fromkeys(use.name for use in causes)),
            numbers=(("before", draft.cfg), ("after", ceiling)),
        )
    )
    return replace(draft, cfg=ceiling) if enforced else draft


def _counts(use: LoraUse, cfg: float) -> bool:
    """Whether it acts on the picture at a negative weight, on whichever branch that comes from."""
    weight = use.unet_reaching(cfg)
    return (
        use.guarded_by("R3")
        and weight is not None
        and weight < 0.0
        and use.card is not None
        and use.card.inference.type not in UNCOUNTED
    )


RULE = Rule(
    id="R3",
    apply=cfg_ceiling,
    title="CFG beside a negative weight",
    help="lowers CFG to the ceiling below",
    default=Mode.ENFORCE,
    chip=ChipText("negative weight"),
    changes_numbers=True,
    late=True,
)
