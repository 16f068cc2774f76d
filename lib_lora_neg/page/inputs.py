"""The inputs of a tab: the WebUI's, under the same ids, so that our scripts find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from ..ui.panel.preset import PresetWiring
from .host import InputDefaults, PageHost

MAX_SIDE, MAX_STEPS, MAX_COUNT = 2048, 150, 64
NEWEST_SEED = -1


@dataclass(frozen=True)
class Inputs:
    """The components, by the names of `hosts.diffusers.GenerationJob`'s fields."""

    prompt: Any
    negative_prompt: Any
    init_image: Any
    denoising_strength: Any
    sampler: Any
    scheduler: Any
    steps: Any
    cfg_scale: Any
    width: Any
    height: Any
    batch_count: Any
    batch_size: Any
    seed: Any

    def named(self) -> dict[str, Any]:
        """Return those that this tab has, in order."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: component for name, component in pairs if component is not None}


class InputBuilder:
    """Builds the inputs of one tab, and hands the preset those that it sets."""

    def __init__(
        self, host: PageHost, tab: str, wiring: PresetWiring, defaults: InputDefaults
    ) -> None:
        self._host = host
        self._tab = tab
        self._wiring = wiring
        self._defaults = defaults

    def _made(self, component: Any) -> Any:
        self._wiring.component(component, component.elem_id)
        return component

    def prompts(self, example: str = "") -> tuple[Any, Any]:
        """Build the two boxes; the guard's chips go under the second one.

        Args:
            example: of a prompt that this model can draw.
        """
        tab = self._tab
        such_as = f"Such as: {example}\n" if example else ""
        with gr.Row(elem_id=f"{tab}_prompt_row", elem_classes=["prompt-row"]):
            prompt = self._made(
                gr.Textbox(
                    label="Prompt",
                    lines=3,
                    placeholder=f"{such_as}Ctrl + Enter generates; a dropped picture restores its "
                    "settings",
                    elem_id=f"{tab}_prompt",
                )
            )
        with gr.Row(elem_id=f"{tab}_neg_prompt_row", elem_classes=["prompt-row"]):
            negative = gr.Textbox(label="Negative prompt", lines=2, elem_id=f"{tab}_neg_prompt")
        return prompt, negative

    def picture(self) -> tuple[Any, Any]:
        """Build img2img's own inputs; ``None`` twice in the other tab."""
        if self._tab != "img2img":
            return None, None
        image = gr.Image(
            label="Picture to start from",
            type="pil",
            sources=["upload", "clipboard"],
            height=220,
            elem_id="img2img_image",
        )
        strength = gr.Slider(
            0.0,
            1.0,
            value=0.75,
            step=0.01,
            label="Denoising strength",
            elem_id="img2img_denoising_strength",
        )
        return image, strength

    def sampling(self, prompts: tuple[Any, Any], picture: tuple[Any, Any]) -> Inputs:
        """Build the rest and return all."""
        tab, at = self._tab, self._defaults
        with gr.Row():
            sampler = self._choice("Sampling method", "sampling", self._host.samplers())
            scheduler = self._choice("Schedule type", "scheduler", self._host.schedulers())
        with gr.Row():
            steps = self._slider("Steps", "steps", 1, MAX_STEPS, at.steps, 1)
            cfg = self._made(self._slider("CFG Scale", "cfg_scale", 1, 30, at.cfg_scale, 0.5))
        with gr.Row():
            width = self._slider("Width", "width", 64, MAX_SIDE, at.width, 8)
            height = self._slider("Height", "height", 64, MAX_SIDE, at.height, 8)
        with gr.Row():
            count = self._slider("Batch count", "batch_count", 1, MAX_COUNT, 1, 1)
            size = self._slider("Batch size", "batch_size", 1, 8, 1, 1)
        with gr.Row():
            seed = gr.Number(
                NEWEST_SEED,
                label="Seed",
                info="−1 takes one at random",
                precision=0,
                elem_id=f"{tab}_seed",
            )
        return Inputs(
            *prompts,
            *picture,
            sampler,
            scheduler,
            steps,
            cfg,
            width,
            height,
            count,
            size,
            seed,
        )

    def _choice(self, label: str, name: str, choices: Sequence[str]) -> Any:
        first = choices[0] if choices else None
        return self._made(
            gr.Dropdown(list(choices), value=first, label=label, elem_id=f"{self._tab}_{name}")
        )

    def _slider(self, label: str, name: str, *span: float) -> Any:
        low, high, value, step = span
        return gr.Slider(
            low, high, value=value, step=step, label=label, elem_id=f"{self._tab}_{name}"
        )
