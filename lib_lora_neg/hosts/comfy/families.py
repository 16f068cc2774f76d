"""The family of a model, from the class that ComfyUI has chosen for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...loras.families import ModelFamily
from ...loras.families.named import KNOWN_FAMILIES, named_family

FROM_MODEL = "from the model"
CHOICES = [FROM_MODEL, *KNOWN_FAMILIES]
"""What a node's menu of families offers."""

# Classes of comfy.supported_models, by how their names begin; the longest fitting one counts.
_CLASSES = {
    "SD15": ModelFamily.SD1,
    "SD1": ModelFamily.SD1,
    "SD20": ModelFamily.SD2,
    "SD21": ModelFamily.SD2,
    "SDXL": ModelFamily.SDXL,
    "SSD1B": ModelFamily.SDXL,
    "Segmind_Vega": ModelFamily.SDXL,
    "KOALA": ModelFamily.SDXL,
    "SD3": ModelFamily.SD3,
    "Flux": ModelFamily.FLUX,
    "Flux2": ModelFamily.FLUX2,
    "Chroma": ModelFamily.CHROMA,
    "ZImage": ModelFamily.ZIMAGE,
    "QwenImage": ModelFamily.QWEN,
    "WAN": ModelFamily.WAN,
    "Lumina2": ModelFamily.LUMINA,
    "Hunyuan": ModelFamily.HUNYUAN,
    "AuraFlow": ModelFamily.AURAFLOW,
    "HiDream": ModelFamily.HIDREAM,
    "LTX": ModelFamily.LTX,
    "GenmoMochi": ModelFamily.MOCHI,
    "PixArt": ModelFamily.PIXART,
    "Stable_Cascade": ModelFamily.CASCADE,
    "Cosmos": ModelFamily.COSMOS,
    "Anima": ModelFamily.ANIMA,
    "Krea": ModelFamily.KREA,
    "ErnieImage": ModelFamily.ERNIE,
}


class ModelFacts(NamedTuple):
    """What the rules need to know of a model.

    Attributes:
        family: ``UNKNOWN`` where ComfyUI's class means none of ours.
        distilled_guidance: guidance is an input of the model.
    """

    family: ModelFamily = ModelFamily.UNKNOWN
    distilled_guidance: bool = False


def model_of(patcher: Any, chosen: str = FROM_MODEL) -> ModelFacts:
    """Return what is known of a MODEL, or of the family that was chosen in its place.

    Args:
        patcher: ComfyUI's MODEL; ``None`` where nothing is linked.
        chosen: one of `CHOICES`.
    """
    config = getattr(getattr(patcher, "model", None), "model_config", None)
    family = ModelFamily.UNKNOWN
    for kind in type(config).__mro__ if config is not None else ():
        family = _family_of_class(kind.__name__)
        if family is not ModelFamily.UNKNOWN:
            break
    if chosen != FROM_MODEL:
        family = named_family(chosen) or family
    unet = getattr(config, "unet_config", None)
    guided = isinstance(unet, dict) and bool(unet.get("guidance_embed"))
    return ModelFacts(family, guided)


def _family_of_class(name: str) -> ModelFamily:
    fitting = [start for start in _CLASSES if name.startswith(start)]
    return _CLASSES[max(fitting, key=len)] if fitting else ModelFamily.UNKNOWN
