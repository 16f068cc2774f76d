"""A generation as a workflow of ComfyUI's core nodes, for its server and for its page.

Only nodes that ComfyUI brings are used, so the workflow runs where this project is not installed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..loras.families import ModelFamily
from ..policy import Effect, Field, Finding
from ..sentences import say
from . import comfy_names
from .comfy_loras import BranchModels, FileOf, LoraWiring, WiringOption
from .comfy_nodes import NodeOutput, Workflow
from .comfy_texts import TextEncoderWriter, finding
from .generation import GenerationParameters, SecondPass

PREFIX = "lora-neg"
"""Of the pictures that an exported workflow saves."""

PICTURE = "example.png"
"""Stands for the picture of img2img: it comes with ComfyUI."""


class ComfyWorkflow(NamedTuple):
    """One workflow in ComfyUI's two forms.

    Attributes:
        prompt: as the server takes it (*Export (API)*).
        page: as the page opens and saves it.
        findings: what ComfyUI reads differently, what was assumed and left out.
    """

    prompt: dict[str, Any]
    page: dict[str, Any]
    findings: tuple[Finding, ...]


def to_comfyui(
    generation: GenerationParameters,
    *,
    family: ModelFamily = ModelFamily.UNKNOWN,
    option: WiringOption = WiringOption.A,
    file_of: FileOf = lambda name: None,
) -> ComfyWorkflow:
    """Return a generation as a workflow.

    Args:
        generation: as it was made, guarded.
        family: of the checkpoint, where it is known.
        option: the wiring of LoRAs at negative weights.
        file_of: finds the LoRAs' files.
    """
    if family is ModelFamily.UNKNOWN and generation.distilled_cfg is not None:
        family = ModelFamily.FLUX
    export = _Export(generation, family, option, file_of)
    export.build()
    findings = tuple(dict.fromkeys(export.findings))
    notes = "\n\n".join(f"{f.rule}: {f.reason}" for f in findings)
    return ComfyWorkflow(export.workflow.as_prompt(), export.workflow.as_page(notes), findings)


class _Export:
    """One export while it is made."""

    def __init__(
        self,
        generation: GenerationParameters,
        family: ModelFamily,
        option: WiringOption,
        file_of: FileOf,
    ) -> None:
        self.generation = generation
        self.family = family
        self.option = option
        self.file_of = file_of
        self.workflow = Workflow()
        self.findings: list[Finding] = []
        self.texts = TextEncoderWriter(self.workflow, generation.embeddings, self.findings.append)

    def build(self) -> None:
        """Add all nodes."""
        made, add = self.generation, self.workflow.add
        model, clip, vae = self._model()
        base = BranchModels(self._guided(model), *[self._skipped(clip)] * 2)
        self._loras = LoraWiring(self.workflow, base, self.option, self.file_of, self._say)
        start, denoise, steps = self._start(vae)
        latent = self._sample(
            made.prompt, made.negative_prompt, made.cfg_scale, steps, start, denoise
        )
        if made.hires is not None:
            latent = self._second(made.hires, latent, vae)
        picture = add("VAEDecode", samples=latent, vae=vae)
        add("SaveImage", images=picture, filename_prefix=PREFIX)
        for kind, name, asked, held in self.workflow.held:
            reason = say(
                "the node {node} takes no such {name}: the nearest that it takes stands there",
                node=kind,
                name=name,
            )
            self._say("CF-bounds", f"{asked:g}", f"{held:g}", reason)
        if made.left_out:
            named = ", ".join(made.left_out)
            self._say(
                "CF-left-out", named, "", say("other tools had a part in the picture: left out")
            )
        if not made.cpu_noise:
            reason = say(
                "the noise came from the GPU's generator, ComfyUI's from the CPU's: the same seed "
                "is another picture"
            )
            self._say("CF-noise", str(made.seed), str(made.seed), reason)

    def _model(self) -> tuple[NodeOutput, NodeOutput, NodeOutput]:
        made, add = self.generation, self.workflow.add
        if self.family is ModelFamily.FLUX and len(made.modules) >= 3:
            vae, clips = _divided(made.modules)
            model = add(
                "UNETLoader",
                unet_name=comfy_names.file_name(made.checkpoint),
                weight_dtype="default",
            )
            clip = add(
                "DualCLIPLoader",
                clip_name1=comfy_names.file_name(clips[0]),
                clip_name2=comfy_names.file_name(clips[1]),
                type="flux",
                device="default",
            )
            named = ", ".join([made.checkpoint, *made.modules])
            self._say("CF-file", named, named, say("endings of the files are assumed"))
            return model, clip, add("VAELoader", vae_name=comfy_names.file_name(vae))
        name = comfy_names.file_name(made.checkpoint or "model")
        if name != made.checkpoint:
            reason = say(
                "the checkpoint's folder and ending are not told: {file} is assumed", file=name
            )
            self._say("CF-file", made.checkpoint, name, reason)
        loader = add("CheckpointLoaderSimple", ckpt_name=name)
        return loader, NodeOutput(loader.node, 1), NodeOutput(loader.node, 2)

    def _guided(self, model: NodeOutput) -> NodeOutput:
        """Return the model with ComfyUI's own NAG where the generation was guided by it."""
        made = self.generation
        if not made.guidance:
            return model
        if made.guidance.upper() != "NAG" or self.family is not ModelFamily.FLUX:
            reason = say("ComfyUI's core has NAG for joint attention (Flux) and nothing else of it")
            self._say("CF-guidance", made.guidance, "", reason)
            return model
        if made.share < 1:
            reason = say(
                "ComfyUI's node acts in every step, not in the first {share} of them",
                share=f"{made.share:.0%}",
            )
            self._say("CF-guidance", f"{made.share:g}", "1", reason)
        reason = say("needs the node NAGuidance, which ComfyUI has since after 0.8.0")
        self._say("CF-guidance", made.guidance, "NAGuidance", reason)
        return self.workflow.add(
            "NAGuidance",
            model=model,
            nag_scale=round(made.nag.phi + 1, 4),
            nag_alpha=made.nag.alpha,
            nag_tau=made.nag.tau,
        )

    def _skipped(self, clip: NodeOutput) -> NodeOutput:
        skip = self.generation.clip_skip
        if skip <= 1 or self.family is ModelFamily.FLUX:
            return clip
        if self.family is ModelFamily.SDXL:
            reason = say("on SDXL clip skip changes nothing in A1111: left out")
            self._say("CF-clip-skip", str(skip), "", reason)
            return clip
        return self.workflow.add("CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-skip)

    def _start(self, vae: NodeOutput) -> tuple[NodeOutput, float, int]:
        """Return the latent to begin with, the share of the schedule, and the steps."""
        made, add = self.generation, self.workflow.add
        if made.denoising is not None and made.hires is None and 0 < made.denoising < 1:
            reason = say("a picture made from a picture: choose it at the node Load Image")
            self._say("CF-picture", "", PICTURE, reason)
            picture = add("LoadImage", image=PICTURE)
            scaled = self._scaled(picture, "lanczos", made.width, made.height)
            # A1111 runs so many of the steps; ComfyUI's are those that are run.
            steps = int(min(made.denoising, 0.999) * made.steps) + 1
            return add("VAEEncode", pixels=scaled, vae=vae), made.denoising, steps
        flux = self.family is ModelFamily.FLUX
        kind = "EmptySD3LatentImage" if flux else "EmptyLatentImage"
        return add(kind, width=made.width, height=made.height, batch_size=1), 1.0, made.steps

    def _sample(
        self,
        prompt: str,
        negative: str,
        cfg: float,
        steps: int,
        start: NodeOutput,
        denoise: float,
        *,
        hires: bool = False,
    ) -> NodeOutput:
        made, add = self.generation, self.workflow.add
        loaded = self._loras.with_loras(prompt)
        fields = (Field.HR_PROMPT, Field.HR_NEGATIVE) if hires else (Field.PROMPT, Field.NEGATIVE)
        positive = self.texts.encode(prompt, loaded.positive, steps, fields[0], "Prompt")
        against = self.texts.encode(negative, loaded.negative, steps, fields[1], "Negative prompt")
        if made.distilled_cfg is not None:
            positive = add("FluxGuidance", conditioning=positive, guidance=made.distilled_cfg)
        empty = not self.texts.seen(negative, negative=True).strip()
        if empty and self.family is ModelFamily.SDXL:
            reason = say("without a negative prompt A1111 gives SDXL zeros, not an empty text")
            self._say("CF-empty", "", "ConditioningZeroOut", reason, Field.NEGATIVE)
            against = add("ConditioningZeroOut", conditioning=against)
        choice = self._choice()
        return add(
            "KSampler",
            "Hires pass" if hires else "",
            model=loaded.model,
            positive=positive,
            negative=against,
            latent_image=start,
            seed=made.seed,
            steps=steps,
            cfg=cfg,
            sampler_name=choice.sampler.name,
            scheduler=choice.schedule.name,
            denoise=denoise,
        )

    def _choice(self) -> comfy_names.ComfySampling:
        made = self.generation
        flow = self.family is ModelFamily.FLUX
        choice = comfy_names.choose(made.sampler, made.scheduler, flow=flow)
        for asked, found in ((made.sampler, choice.sampler), (made.scheduler, choice.schedule)):
            if not found.same:
                reason = say("ComfyUI's core has none of this name: the nearest is taken")
                self._say("CF-sampler", asked, found.name, reason)
        return choice

    def _second(self, second: SecondPass, latent: NodeOutput, vae: NodeOutput) -> NodeOutput:
        made, add = self.generation, self.workflow.add
        width, height = self._size(second)
        method = comfy_names.LATENT_UPSCALERS.get(second.upscaler.strip().lower())
        if method is not None:
            latent = add(
                "LatentUpscale",
                samples=latent,
                upscale_method=method,
                width=width,
                height=height,
                crop="disabled",
            )
        else:
            pixels = comfy_names.PIXEL_UPSCALERS.get(second.upscaler.strip().lower())
            if pixels is None:
                reason = say(
                    "an upscaler with a model of its own: Lanczos stands in for it; load the model "
                    "with Load Upscale Model to have the same"
                )
                self._say("CF-upscaler", second.upscaler, "lanczos", reason)
            picture = add("VAEDecode", samples=latent, vae=vae)
            scaled = self._scaled(picture, pixels or "lanczos", width, height)
            latent = add("VAEEncode", pixels=scaled, vae=vae)
        denoise = made.denoising if made.denoising is not None else 0.7
        return self._sample(
            made.prompt if second.prompt is None else second.prompt,
            made.negative_prompt if second.negative_prompt is None else second.negative_prompt,
            made.cfg_scale if second.cfg_scale is None else second.cfg_scale,
            second.steps or made.steps,
            latent,
            denoise,
            hires=True,
        )

    def _size(self, second: SecondPass) -> tuple[int, int]:
        made = self.generation
        width = second.width or round(made.width * second.scale)
        height = second.height or round(made.height * second.scale)
        return max(64, width // 8 * 8), max(64, height // 8 * 8)

    def _scaled(self, picture: NodeOutput, method: str, width: int, height: int) -> NodeOutput:
        return self.workflow.add(
            "ImageScale",
            image=picture,
            upscale_method=method,
            width=width,
            height=height,
            crop="disabled",
        )

    def _say(
        self,
        rule: str,
        before: str,
        after: str,
        reason: Any,
        field: Field = Field.PROMPT,
        lora: str | None = None,
    ) -> None:
        effect = Effect.ENFORCED if before != after else Effect.ADVISED
        self.findings.append(finding(rule, field, before, after, reason, effect, lora))


def _divided(modules: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return the VAE among Forge's modules, and the text encoders: CLIP first, then T5."""
    clips = [name for name in modules if any(word in name.lower() for word in ("clip", "t5"))][:2]
    others = [name for name in modules if name not in clips]
    clips += others[len(others) - (2 - len(clips)) :] if len(clips) < 2 else []
    clips.sort(key=lambda name: "t5" in name.lower())
    vae = next((name for name in others if name not in clips), others[0] if others else "ae")
    return vae, clips
