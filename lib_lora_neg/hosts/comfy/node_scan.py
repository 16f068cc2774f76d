"""*Weight scan*: makes a LoRA's pictures over its weights, measures them, and keeps the range."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy.block_names import mask_in_force
from ...scan import (
    PlanError,
    Sampling,
    ScannedLora,
    ScanOutcome,
    ScanPlan,
    ScanPrompt,
    ScanStore,
    WeightListError,
    in_force,
    parse_weights,
    propose,
    run,
    suggest_prompts,
)
from ...scan.bracket import ScanVerdict
from ...scan.locking import locked
from ...scan.report import write_verdict
from ...telling import printable
from . import place, report, settings
from .families import FROM_MODEL, model_of
from .figures import draw_curves, draw_grid
from .node_base import CATEGORY, FAMILY, HIDDEN, TEXT, lora_menu
from .scanning import ComfyGenerator, ScanModels, checkpoint_of, hashes
from .upstream import loras_before_node

SAVE, KEEP = "save the range to the LoRA", "only show it"
MOST_LINES = 20
"""Prompts of one scan."""


class WeightScan:
    """A scan of one LoRA with a locked seed; what is on disk already is not made again."""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs as ComfyUI asks for them."""
        import comfy.samplers

        return {
            "required": {
                "model": ("MODEL",),
                "clip": ("CLIP",),
                "vae": ("VAE",),
                "lora_name": lora_menu(),
                "weights": (
                    "STRING",
                    {
                        "default": "-1, -0.5, 0, 0.5, 1",
                        "tooltip": "A list, or a range as -1 - 1 [9]. 0 is always made.",
                    },
                ),
                "prompts": (
                    "STRING",
                    {
                        "default": "",
                        "multiline": True,
                        "tooltip": "One a line; a line that begins with # asks for nothing the "
                        "LoRA was trained on. Empty: prompts are suggested from the LoRA.",
                    },
                ),
                "negative": TEXT,
                "seeds": ("STRING", {"default": "1, 2", "tooltip": "Fixed ones, with commas."}),
                "steps": ("INT", {"default": 20, "min": 1, "max": 1000}),
                "cfg": ("FLOAT", {"default": 7.0, "min": 1.0, "max": 100.0, "step": 0.1}),
                "sampler_name": (comfy.samplers.KSampler.SAMPLERS,),
                "scheduler": (comfy.samplers.KSampler.SCHEDULERS,),
                "width": ("INT", {"default": 512, "min": 64, "max": 4096, "step": 8}),
                "height": ("INT", {"default": 512, "min": 64, "max": 4096, "step": 8}),
                "family": FAMILY,
                "afterwards": (
                    [SAVE, KEEP],
                    {
                        "default": KEEP,
                        "tooltip": "What is saved lies beside the LoRA, and every host of LoRA "
                        "Negative Guard obeys it.",
                    },
                ),
            },
            "hidden": HIDDEN,
        }

    RETURN_TYPES = ("IMAGE", "IMAGE", "STRING", "FLOAT")
    RETURN_NAMES = ("grid", "curves", "verdict", "floor")
    OUTPUT_TOOLTIPS = (
        "A column per weight.",
        "Effect and damage over the weight.",
        "What was found.",
        "The lowest weight without damage; 0 where none was found.",
    )
    FUNCTION = "run"
    CATEGORY = CATEGORY
    OUTPUT_NODE = True
    DESCRIPTION = (
        "Makes the same pictures at several weights of a LoRA, measures what it suppresses and "
        "where damage begins, and keeps the range with the LoRA. Interrupted, it goes on where it "
        "was the next time."
    )

    def run(
        self,
        model: Any,
        clip: Any,
        vae: Any,
        lora_name: str,
        weights: str,
        prompts: str,
        negative: str,
        seeds: str,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        width: int,
        height: int,
        family: str = FROM_MODEL,
        afterwards: str = KEEP,
        workflow: Any = None,
        node: Any = None,
    ) -> dict[str, Any]:
        """Return grid, curves, verdict and the lowest clean weight.

        Raises:
            ValueError: the plan cannot be carried out; the text says what to change.
            LoraUnreadableError: the file is missing or damaged.
        """
        loras = place.loras()
        loras.look()
        card = loras.get(lora_name)
        if card is None:
            raise ValueError(f"LoRA {lora_name}: not found in ComfyUI's LoRA folders")
        _, digest = checkpoint_of(workflow, node)
        held, _ = loras_before_node(model, workflow, node)
        same = loras.get(card.name)
        # By the stem, as every host names it; where two files share it, by the path.
        name = card.name if same is not None and same.path == card.path else lora_name
        mask = mask_in_force(card, settings.in_force(place.kept_settings()))
        plan = ScanPlan(
            loras=(ScannedLora(name, hashes().of_lora(card), blocks=mask),),
            prompts=_prompts(prompts, card),
            seeds=_seeds(seeds),
            weights=_weights(weights),
            negative_prompt=negative,
            sampling=Sampling(cfg, steps, width, height, sampler_name, scheduler),
            checkpoint=digest,
            facts=tuple((f"Loaded before: {x.name}", f"{x.model:g}, {x.clip:g}") for x in held),
        )
        store, failed = _carried_out(plan, ScanModels(model, clip, vae))
        outcome = write_verdict(store)
        assert isinstance(outcome.verdict, ScanVerdict)
        known = model_of(model, family).family
        lines = [*_lines(outcome, card, known), *failed]
        if mask:
            lines.append(f"scanned in the blocks that were saved with it: {mask}")
        if afterwards == SAVE:
            lines.append(_saved(outcome, card, lora_name, known))
        text = printable("\n".join(lines))
        found = outcome.verdict.weight_range
        floor = found.floor if found is not None and found.floor is not None else 0.0
        pictures = (
            _image(draw_grid(plan, _picture_of(store), outcome.verdict)),
            _image(draw_curves(outcome.verdict)),
        )
        face = {**report.as_rows((), settings.in_force({}), facts=lines), "mode": ""}
        return {"ui": {"lora_neg": [face], "text": [text]}, "result": (*pictures, text, floor)}


def _carried_out(plan: ScanPlan, models: ScanModels) -> tuple[ScanStore, list[str]]:
    """Make what is missing of a plan; return where it lies, and what the failures said.

    Raises:
        InterruptProcessingException: somebody stopped ComfyUI; what is finished is kept.
    """
    import comfy.model_management
    import comfy.utils

    stopped = threading.Event()
    store = ScanStore(place.scans_folder(), plan)
    bar = comfy.utils.ProgressBar(plan.cost.pictures)
    failed: dict[str, None] = {}
    with locked(store.folder):
        for cell in run(plan, ComfyGenerator(models, stopped), store, stopped):
            bar.update_absolute(cell.progress.done, plan.cost.pictures)
            if cell.error:
                failed[f"failed: {cell.error}"] = None
            if not cell.kept and comfy.model_management.processing_interrupted():
                stopped.set()
    if stopped.is_set():
        raise comfy.model_management.InterruptProcessingException
    return store, list(failed)[:5]


def _prompts(text: str, card: LoraCard) -> tuple[ScanPrompt, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueError(f"{len(lines)} prompts are more than {MOST_LINES}")
    if not lines:
        return suggest_prompts(card)
    return tuple(
        ScanPrompt(line.lstrip("# ").strip(), subject=not line.startswith("#")) for line in lines
    )


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(
            f"seeds must be whole numbers with commas between, not {text!r}"
        ) from error


def _weights(text: str) -> tuple[float, ...]:
    try:
        return parse_weights(text)
    except WeightListError as problem:
        raise PlanError(str(problem)) from problem


def _lines(outcome: ScanOutcome, card: LoraCard, family: ModelFamily) -> Iterator[str]:
    yield outcome.told(in_force(card, family))
    yield from outcome.notes


def _saved(outcome: ScanOutcome, card: LoraCard, name: str, family: ModelFamily) -> str:
    """Save what may be saved, and say what became of it."""
    proposal = propose(outcome, card, family)
    if proposal.weight_range is None or proposal.bracket is None:
        return f"not saved: {proposal.reason or 'no range was found'}"
    loras = place.loras()
    bracket = replace(proposal.bracket, date=date.today().isoformat())
    known = loras.book.decision(card.path)
    kept = loras.save(name, replace(known, measured=proposal.weight_range, bracket=bracket))
    if kept is None or not kept.done:
        return f"not saved: {kept.note if kept is not None else 'the file is gone'}"
    return f"saved to the LoRA. {kept.note}".rstrip()


def _picture_of(store: ScanStore) -> Any:
    def pixels(cell: Any) -> Any:
        picture = store.picture(cell)
        return picture.pixels if picture is not None else None

    return pixels


def _image(picture: Any) -> Any:
    """Return a picture as ComfyUI's IMAGE: batch × height × width × 3, 0–1."""
    import torch

    return torch.from_numpy(np.asarray(picture).astype(np.float32) / 255.0)[None]
