"""How pictures of a model family are usually made: what a scan begins with."""

from __future__ import annotations

from dataclasses import dataclass

from ..loras.families import ModelFamily
from .ports import Sampling


@dataclass(frozen=True)
class UsualSampling:
    """What people of one family begin with.

    Attributes:
        cfg: CFG scale; 1 for models that are distilled to go without.
        steps: sampling steps.
        width: pixels that the family was trained for.
        height: pixels that the family was trained for.
        source: where the numbers can be looked up.
        distilled_cfg: guidance that is an input of the model; ``None`` where there is none.
    """

    cfg: float
    steps: int
    width: int
    height: int
    source: str
    distilled_cfg: float | None = None


_A1111 = "AUTOMATIC1111's interface begins with it; size of the model card"
_NEO = "preset of Forge Neo (modules_forge/presets.py); size of the model card"


def _pipeline(name: str) -> str:
    return f"defaults of {name} in diffusers"


USUAL = {
    ModelFamily.SD1: UsualSampling(7.0, 20, 512, 512, _A1111),
    ModelFamily.SD2: UsualSampling(7.0, 20, 768, 768, _A1111),
    ModelFamily.SDXL: UsualSampling(
        5.0, 24, 1024, 1024, f"{_pipeline('StableDiffusionXLPipeline')}; steps: {_NEO}"
    ),
    ModelFamily.SD3: UsualSampling(
        4.5,
        28,
        1024,
        1024,
        f"model cards of SD 3.5; steps: {_pipeline('StableDiffusion3Pipeline')}",
    ),
    ModelFamily.FLUX: UsualSampling(
        1.0, 20, 1024, 1024, f"{_NEO}; guidance: {_pipeline('FluxPipeline')}", distilled_cfg=3.5
    ),
    ModelFamily.FLUX2: UsualSampling(1.0, 4, 1024, 1024, f"distilled Klein: {_NEO}"),
    ModelFamily.ZIMAGE: UsualSampling(1.0, 9, 1024, 1024, f"Turbo: {_NEO}"),
    ModelFamily.CHROMA: UsualSampling(5.0, 35, 1024, 1024, _pipeline("ChromaPipeline")),
    ModelFamily.QWEN: UsualSampling(4.0, 50, 1024, 1024, _pipeline("QwenImagePipeline")),
    ModelFamily.WAN: UsualSampling(5.0, 50, 832, 480, _pipeline("WanPipeline")),
    ModelFamily.KREA: UsualSampling(4.5, 28, 1024, 1024, _pipeline("Krea2Pipeline")),
    ModelFamily.LUMINA: UsualSampling(4.0, 30, 1024, 1024, _pipeline("Lumina2Pipeline")),
    ModelFamily.ERNIE: UsualSampling(4.0, 50, 1024, 1024, _pipeline("ErnieImagePipeline")),
    ModelFamily.AURAFLOW: UsualSampling(3.5, 50, 1024, 1024, _pipeline("AuraFlowPipeline")),
    ModelFamily.HIDREAM: UsualSampling(5.0, 50, 1024, 1024, _pipeline("HiDreamImagePipeline")),
    ModelFamily.KOLORS: UsualSampling(5.0, 50, 1024, 1024, _pipeline("KolorsPipeline")),
    ModelFamily.PIXART: UsualSampling(4.5, 20, 1024, 1024, _pipeline("PixArtSigmaPipeline")),
    ModelFamily.SANA: UsualSampling(4.5, 20, 1024, 1024, _pipeline("SanaPipeline")),
    ModelFamily.LTX: UsualSampling(3.0, 50, 704, 512, _pipeline("LTXPipeline")),
}

OTHERS = UsualSampling(7.0, 20, 1024, 1024, f"nothing is known; CFG and steps: {_A1111}")
"""For families without a line of their own."""

SCHNELL_STEPS = 4
"""Of Flux without guidance as an input, as on the model card of Flux.1 schnell."""


def usual_sampling(
    family: ModelFamily, *, side: int | None = None, distilled: bool | None = None
) -> Sampling:
    """Return what a scan on a model of this family begins with.

    Args:
        family: of the checkpoint.
        side: width and height in pixels that the model itself names; ``None`` takes the family's.
        distilled: whether guidance is an input of the model; ``None`` goes by the family.
    """
    own = USUAL.get(family, OTHERS)
    guidance, steps = own.distilled_cfg, own.steps
    if distilled is False:
        guidance = None
        if family is ModelFamily.FLUX:
            steps = SCHNELL_STEPS
    elif distilled and guidance is None:
        guidance = USUAL[ModelFamily.FLUX].distilled_cfg
    return Sampling(
        cfg=own.cfg,
        steps=steps,
        width=side or own.width,
        height=side or own.height,
        distilled_cfg=guidance,
    )
