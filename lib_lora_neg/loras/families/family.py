"""Model families: which kind of checkpoint a LoRA was made for, or a generation runs on."""

from __future__ import annotations

from enum import Enum


class ModelFamily(str, Enum):
    """A family of checkpoints whose LoRAs are interchangeable.

    An unknown name counts as ``UNKNOWN``: nothing is assumed about it.
    """

    SD1 = "sd1"
    SD2 = "sd2"
    SDXL = "sdxl"
    SD3 = "sd3"
    FLUX = "flux"
    FLUX2 = "flux2"
    CHROMA = "chroma"
    ZIMAGE = "zimage"
    QWEN = "qwen"
    WAN = "wan"
    KREA = "krea"
    LUMINA = "lumina"
    HUNYUAN = "hunyuan"
    ANIMA = "anima"
    ERNIE = "ernie"
    AURAFLOW = "auraflow"
    HIDREAM = "hidream"
    LTX = "ltx"
    KOLORS = "kolors"
    PID = "pid"
    MINIMAX = "minimax"
    COGVIDEO = "cogvideo"
    MOCHI = "mochi"
    PIXART = "pixart"
    SANA = "sana"
    CASCADE = "cascade"
    COSMOS = "cosmos"
    UNKNOWN = "unknown"

    @classmethod
    def parse(cls, name: object) -> ModelFamily:
        """Return the family called ``name`` (case and ``- _ .`` aside), else ``UNKNOWN``."""
        if isinstance(name, cls):
            return name
        key = "".join(c for c in str(name).lower() if c.isalnum())
        return _BY_KEY.get(key, cls.UNKNOWN)


_SPELLINGS = {
    ModelFamily.SD1: ("sd", "sd14", "sd15", "sdv1", "sdv15", "stablediffusionv1"),
    ModelFamily.SD2: ("sd20", "sd21", "sdv2", "stablediffusionv2"),
    ModelFamily.SDXL: ("sdxl10", "xl", "pony", "illustrious", "noobai", "mugen"),
    ModelFamily.SD3: ("sd35", "sd3medium", "sd35large"),
    ModelFamily.FLUX: ("flux1", "flux1d", "flux1s", "flux1dev", "flux1schnell", "fluxdev"),
    ModelFamily.FLUX2: ("flux2klein", "klein", "flux2dev", "flux2pro"),
    ModelFamily.ZIMAGE: ("zimageturbo", "zimagebase", "zit", "zib"),
    ModelFamily.QWEN: ("qwenimage",),
    ModelFamily.WAN: ("wan21", "wan22", "wanvideo"),
    ModelFamily.KREA: ("krea2",),
    ModelFamily.LUMINA: ("lumina2",),
    ModelFamily.HUNYUAN: ("hunyuanimage21", "hunyuanvideo", "framepack"),
    ModelFamily.ERNIE: ("ernieimage",),
    ModelFamily.AURAFLOW: ("ponyv7", "pony7"),
    ModelFamily.LTX: ("ltxv", "ltxvideo", "ltx2", "ltxv2"),
    ModelFamily.HIDREAM: ("hidreami1",),
    ModelFamily.COGVIDEO: ("cogvideox",),
    ModelFamily.MINIMAX: ("minimaxh3",),
    ModelFamily.CASCADE: ("stablecascade", "wuerstchen"),
}
_BY_KEY: dict[str, ModelFamily] = {family.value: family for family in ModelFamily}
_BY_KEY.update((name, family) for family, names in _SPELLINGS.items() for name in names)

UNET_WITH_CFG = frozenset({ModelFamily.SD1, ModelFamily.SD2, ModelFamily.SDXL, ModelFamily.SD3})
"""Families to which the numbers of R1 and R3 apply."""

FLUX_FAMILIES = frozenset({ModelFamily.FLUX, ModelFamily.FLUX2})
"""Families to which R1f applies."""
