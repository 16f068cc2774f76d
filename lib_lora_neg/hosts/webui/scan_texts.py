"""What a scan hands over to txt2img: infotexts that the host's own paste button reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace

from ...infotext import CFG, DISTILLED_CFG, Infotext, format_infotext, parse_infotext
from ...prompts import format_tag
from ...scan.plan import LoraPart, ScanPlan
from ...scan.weights import format_weights
from . import infotext, xyz

PLOT = "X/Y/Z plot"


def grid_text(plan: ScanPlan) -> str:
    """Return the infotext that makes the host's plot make a scan's grid.

    Weights go across, prompts down, seeds into grids of their own. Empty for a scan whose negative
    prompt goes with the weight: the plot has nothing for that.
    """
    if plan.negative_word:
        return ""
    asked = plan.sampling
    across, values, tags = _weights(plan)
    parameters = {
        "Steps": str(asked.steps),
        "Sampler": asked.sampler,
        "Schedule type": asked.scheduler,
        CFG: f"{asked.cfg:g}",
        DISTILLED_CFG: "" if asked.distilled_cfg is None else f"{asked.distilled_cfg:g}",
        "Seed": str(plan.seeds[0]),
        "Size": f"{asked.width}x{asked.height}",
        "Model hash": plan.checkpoint,
        **dict(plan.facts),
        infotext.MODE_KEY: "Off",
        "Script": PLOT,
        "X Type": across,
        "X Values": values,
        **_axis("Y", "Prompt S/R", [prompt.text for prompt in plan.prompts]),
        **_axis("Z", "Seed", map(str, plan.seeds)),
    }
    return format_infotext(
        Infotext(
            plan.prompts[0].text + tags,
            plan.negative_prompt,
            {key: value for key, value in parameters.items() if value},
        )
    )


def cell_text(text: str) -> str:
    """Return the infotext of a cell so that pasting it switches the guard off."""
    if not text:
        return ""
    said = parse_infotext(text)
    if infotext.MODE_KEY in said.parameters:
        return text
    return format_infotext(replace(said, parameters={**said.parameters, infotext.MODE_KEY: "Off"}))


def _weights(plan: ScanPlan) -> tuple[str, str, str]:
    """Return the axis of the weights, its values, and the tags that stand in the prompt."""
    if len(plan.loras) > 1:
        # The first one is searched for, so it must be in the prompt: weight 0 has no tags.
        shown = [w for w in plan.weights if w] if 0 in plan.weights else list(plan.weights)
        cells = ["".join(lora.tag for lora in plan.settings(weight)) for weight in shown]
        return "Prompt S/R", _csv(cells), cells[0]
    name, blocks = plan.loras[0].name, plan.loras[0].blocks
    weights = f"{name}: {format_weights(w * plan.loras[0].factor for w in plan.weights)}"
    if plan.part is LoraPart.TEXT_ENCODER:
        return xyz.TEXT_ENCODER, weights, _split_tag(name, 1.0, plan.held, blocks)
    if plan.part is LoraPart.UNET:
        return xyz.WEIGHT, weights, _split_tag(name, plan.held, 1.0, blocks)
    return xyz.WEIGHT, weights, format_tag("lora", name, 1.0, 1.0, blocks=blocks)


def _split_tag(name: str, te: float, unet: float, blocks: str) -> str:
    """Return a tag that names both weights even where they are equal, so that the axis changes
    one of them only."""
    return f"<lora:{name}:{te:g}:{unet:g}{f':blocks={blocks}' if blocks else ''}>"


def _axis(axis: str, label: str, values: Iterable[str]) -> dict[str, str]:
    """Return an axis; one value needs none, which has to be said, or an older one would stay."""
    listed = list(values)
    if len(listed) < 2:
        return {f"{axis} Type": "Nothing"}
    return {f"{axis} Type": label, f"{axis} Values": _csv(listed)}


def _csv(values: Iterable[str]) -> str:
    """Join values as the plot takes them apart."""
    with io.StringIO() as out:
        csv.writer(out).writerow(values)
        return out.getvalue().strip()
