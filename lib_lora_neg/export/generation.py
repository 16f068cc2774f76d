"""One generation with everything that another program needs to make it, from its infotext."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..infotext import DISTILLED_CFG, Infotext
from ..policy import PromptSet

_SIZE = re.compile(r"\s*(\d{1,5})\s*[x×]\s*(\d{1,5})\s*")
_NUMBER = re.compile(r"(phi|tau|alpha)\s+(\d{1,4}(?:\.\d{1,6})?)")
_HASHED = re.compile(r"([^:,]{1,200}):")

METHOD, SHARE, NUMBERS = (
    "LoRA Neg guidance",
    "LoRA Neg guidance share",
    "LoRA Neg guidance settings",
)
"""Keys of the infotext that tell negative guidance."""

LEFT_OUT = (
    *("ADetailer", "ControlNet", "Refiner", "Hypernet", "Face restoration", "Variation seed"),
    *("Tiled Diffusion", "FreeU", "SAG", "PAG", "Dynamic thresholding", "MaHiRo", "RescaleCFG"),
    *("Soft inpainting", "Mask blur", "Inpaint", "Eta", "Token merging", "Regional Prompter"),
)
"""How keys begin that tell of tools which a workflow of core nodes does not have."""


@dataclass(frozen=True)
class SecondPass:
    """The hires pass; texts and CFG that are ``None`` are the first pass's."""

    scale: float = 2.0
    width: int = 0
    height: int = 0
    steps: int = 0
    upscaler: str = "Latent"
    prompt: str | None = None
    negative_prompt: str | None = None
    cfg_scale: float | None = None


@dataclass(frozen=True)
class Nag:
    """NAG's numbers."""

    phi: float = 4.0
    tau: float = 2.5
    alpha: float = 0.25


@dataclass(frozen=True)
class GenerationParameters:
    """One picture as it was asked for, in A1111's words.

    Attributes:
        prompt: with its tags.
        negative_prompt: as typed.
        cfg_scale: of the first pass.
        steps: of the first pass.
        sampler: A1111's name.
        scheduler: A1111's name; empty for the sampler's own.
        seed: of this picture.
        width: of the first pass, in pixels.
        height: likewise.
        checkpoint: its name without folder and ending; empty where nobody says it.
        modules: text encoders and VAE that Forge loads beside it.
        distilled_cfg: guidance as an input of the model; ``None`` where it has none.
        clip_skip: 1 is the last layer.
        denoising: share of the schedule that img2img or the hires pass runs; ``None`` without.
        hires: the second pass, or ``None``.
        guidance: method of negative guidance; empty where it was off.
        nag: its numbers where it is NAG.
        share: of the steps in which it acted.
        cpu_noise: whether the noise came from the CPU's generator.
        embeddings: names of textual-inversion embeddings that the texts use.
        left_out: keys of the infotext that tell of other tools.
    """

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    steps: int = 20
    sampler: str = ""
    scheduler: str = ""
    seed: int = 0
    width: int = 512
    height: int = 512
    checkpoint: str = ""
    modules: tuple[str, ...] = ()
    distilled_cfg: float | None = None
    clip_skip: int = 1
    denoising: float | None = None
    hires: SecondPass | None = None
    guidance: str = ""
    nag: Nag = Nag()
    share: float = 1.0
    cpu_noise: bool = True
    embeddings: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def guarded(self, first: PromptSet, hires: PromptSet | None) -> GenerationParameters:
        """Return the generation with the texts and CFG of its first picture's plan.

        Args:
            first: of the first pass.
            hires: of the hires pass; ``None`` leaves a second pass as it is.
        """
        second = self.hires
        if second is not None and hires is not None:
            second = replace(
                second,
                prompt=hires.prompts[0],
                negative_prompt=hires.negative_prompts[0],
                cfg_scale=hires.cfg_scale,
            )
        return replace(
            self,
            prompt=first.prompts[0],
            negative_prompt=first.negative_prompts[0],
            cfg_scale=self.cfg_scale if first.cfg_scale is None else first.cfg_scale,
            hires=second,
        )


def from_infotext(infotext: Infotext) -> GenerationParameters:
    """Return the generation that an infotext tells of; what it does not say has A1111's default."""
    said = infotext.parameters
    width, height = _size(said.get("Size", "")) or (512, 512)
    guidance = said.get(METHOD, "")
    return GenerationParameters(
        prompt=infotext.prompt,
        negative_prompt=infotext.negative_prompt,
        cfg_scale=_number(infotext, "CFG scale", 7.0),
        steps=_whole(infotext, "Steps", 20, 1, 10_000),
        sampler=said.get("Sampler", ""),
        scheduler=said.get("Schedule type", ""),
        seed=_whole(infotext, "Seed", 0, 0, 2**64 - 1),
        width=width,
        height=height,
        checkpoint=said.get("Model", ""),
        modules=tuple(said[key] for key in sorted(said) if re.fullmatch(r"Module \d", key)),
        distilled_cfg=infotext.number(DISTILLED_CFG),
        clip_skip=_whole(infotext, "Clip skip", 1, 1, 24),
        denoising=infotext.number("Denoising strength"),
        hires=_second(infotext),
        guidance="" if guidance == "Off" else guidance,
        nag=_nag(said.get(NUMBERS, "")),
        share=_number(infotext, SHARE, 1.0),
        # Neither says so: then it was the host's default, which is the GPU's.
        cpu_noise=said.get("RNG", "") == "CPU",
        embeddings=frozenset(m[1].strip() for m in _HASHED.finditer(said.get("TI hashes", ""))),
        left_out=tuple(key for key in said if key.startswith(LEFT_OUT))[:40],
        parameters=said,
    )


def _second(infotext: Infotext) -> SecondPass | None:
    if not infotext.has_hires_pass:
        return None
    said = infotext.parameters
    width, height = _size(said.get("Hires resize", "")) or (0, 0)
    return SecondPass(
        scale=min(8.0, max(1.0, _number(infotext, "Hires upscale", 2.0))),
        width=width,
        height=height,
        steps=_whole(infotext, "Hires steps", 0, 0, 10_000),
        upscaler=said.get("Hires upscaler", "Latent"),
        prompt=said.get("Hires prompt") or None,
        negative_prompt=said.get("Hires negative prompt") or None,
        cfg_scale=infotext.hires_cfg,
    )


def _size(text: str) -> tuple[int, int] | None:
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    width, height = int(match[1]), int(match[2])
    return (width, height) if 16 <= width <= 16_384 and 16 <= height <= 16_384 else None


def _nag(text: str) -> Nag:
    found = {name: float(number) for name, number in _NUMBER.findall(text)}
    own = Nag()
    return Nag(found.get("phi", own.phi), found.get("tau", own.tau), found.get("alpha", own.alpha))


def _number(infotext: Infotext, key: str, default: float) -> float:
    value = infotext.number(key)
    return default if value is None else value


def _whole(infotext: Infotext, key: str, default: int, low: int, high: int) -> int:
    raw = infotext.parameters.get(key, "")
    # A seed is longer than a float is exact.
    if raw.isascii() and raw.isdigit() and len(raw) <= 20:
        return min(max(int(raw), low), high)
    value = infotext.number(key)
    return default if value is None else min(max(int(value), low), high)
