"""A generation or a prompt as another program takes it, asked for through the API or the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..export.comfy_loras import WiringOption
from ..export.comfyui import to_comfyui
from ..export.from_midjourney import from_midjourney
from ..export.generation import GenerationParameters, from_infotext
from ..export.midjourney import to_midjourney
from ..infotext import Infotext, parse_infotext
from ..policy import Finding, GuardPlan, Mode, plan
from ..scan.usual import usual_sampling
from .form_reading import FormValueError, read_form_values, read_mode, read_rules
from .preview import PreviewContext, PreviewHost

TARGETS = ("comfyui", "midjourney", "webui")
MAX_INFOTEXT = 200_000
"""Characters of an infotext; the guard's own keys make few of them."""


def exported(
    host: PreviewHost, body: Mapping[str, Any], rules: Mapping[str, Mode] | None = None
) -> dict[str, Any]:
    """Return a request as ComfyUI or Midjourney takes it, or a Midjourney prompt as prompts.

    Args:
        host: says what the values mean.
        body: of a request, with ``to`` and, for ComfyUI, ``option`` and the like.
        rules: with another mode than the settings'; ``None`` takes them from the body.

    Raises:
        FormValueError: a value has the wrong type or is too large.
    """
    target = body.get("to")
    if target not in TARGETS:
        raise FormValueError("to", f"must be one of {', '.join(TARGETS)}")
    if target == "webui":
        back = from_midjourney(read_form_values({"prompt": body.get("prompt")}).prompt)
        return {
            "prompt": back.prompt,
            "negative_prompt": back.negative_prompt,
            "findings": _plain(back.findings),
        }
    infotext = _infotext(body)
    values = read_form_values({**body, **_told(infotext)} if infotext is not None else body)
    chosen = read_rules(body) if rules is None else rules
    context = host.context(values, read_mode(body), chosen)
    if target == "midjourney":
        first = context.request.first
        made = to_midjourney(first.prompts[0], first.negative_prompts[0], context.cards)
        return {
            "text": made.text,
            "prompt": made.prompt,
            "no": list(made.no),
            "findings": _plain(made.findings),
        }
    return _workflow(body, context, infotext)


def _workflow(
    body: Mapping[str, Any], context: PreviewContext, infotext: Infotext | None
) -> dict[str, Any]:
    try:
        option = WiringOption(body.get("option", WiringOption.A.value))
    except ValueError as error:
        raise FormValueError("option", "must be A or B") from error
    request = context.request
    planned = plan(request, context.cards, context.settings)
    generation = _generation(infotext, planned)
    checkpoint = body.get("checkpoint")
    if checkpoint is not None:
        if not isinstance(checkpoint, str) or len(checkpoint) > 500:
            raise FormValueError("checkpoint", "must be the name of a file")
        generation = replace(generation, checkpoint=checkpoint)
    made = to_comfyui(
        generation,
        family=request.family,
        option=option,
        file_of=lambda name: _file_of(context, name),
    )
    return {
        "workflow": made.page,
        "prompt": made.prompt,
        "changed": planned.changed,
        "findings": _plain((*planned.findings, *made.findings)),
    }


def _generation(infotext: Infotext | None, planned: GuardPlan) -> GenerationParameters:
    if infotext is None:
        usual = usual_sampling(planned.request.family)
        made = GenerationParameters(
            steps=usual.steps,
            width=usual.width,
            height=usual.height,
            distilled_cfg=usual.distilled_cfg,
        )
    else:
        made = from_infotext(infotext)
    return made.guarded(planned.first, planned.hires)


def _infotext(body: Mapping[str, Any]) -> Infotext | None:
    text = body.get("infotext")
    if text is None:
        return None
    if not isinstance(text, str):
        raise FormValueError("infotext", "must be text")
    if len(text) > MAX_INFOTEXT:
        raise FormValueError("infotext", f"longer than {MAX_INFOTEXT} characters")
    return parse_infotext(text)


def _told(infotext: Infotext) -> dict[str, Any]:
    """Return what of an infotext the guard looks at, by the names of a request."""
    told: dict[str, Any] = {
        "prompt": infotext.prompt,
        "negative_prompt": infotext.negative_prompt,
        "hires": infotext.has_hires_pass,
    }
    if infotext.has_hires_pass:
        told["hr_prompt"] = infotext.hires_prompt
        told["hr_negative_prompt"] = infotext.hires_negative_prompt
        told["hr_cfg"] = infotext.hires_cfg
    if infotext.cfg_scale is not None:
        told["cfg_scale"] = infotext.cfg_scale
    return told


def _file_of(context: PreviewContext, name: str) -> str | None:
    card = context.cards.get(name)
    return Path(card.path).name if card is not None and card.path else None


def _plain(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    return [finding.plain() for finding in findings]
