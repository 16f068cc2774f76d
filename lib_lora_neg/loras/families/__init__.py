"""The model family a LoRA belongs to."""

from .family import FLUX_FAMILIES, UNET_WITH_CFG, ModelFamily

__all__ = ["FLUX_FAMILIES", "UNET_WITH_CFG", "ModelFamily"]
