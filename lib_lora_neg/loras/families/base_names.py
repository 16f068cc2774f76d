"""Names of base models, as pages, trainers, repositories and hosts write them."""

from __future__ import annotations

import re

from .family import ModelFamily as F

LONGEST_NAME = 200
"""Characters of a name that are looked at."""

_NAME_PATTERNS: tuple[tuple[str, F], ...] = (
    (r"flux[\W_]*\.?[3-9]", F.UNKNOWN),
    (r"flux[\W_]*\.?2|klein", F.FLUX2),
    (r"pony[\W_]*(?:diffusion[\W_]*)?v?7|aura[\W_]*flow", F.AURAFLOW),
    (r"hi[\W_]*dream", F.HIDREAM),
    (r"ltx", F.LTX),
    (r"kolors", F.KOLORS),
    (r"mini[\W_]*max[\W_]*h3", F.MINIMAX),
    (r"cog[\W_]*video", F.COGVIDEO),
    (r"mochi", F.MOCHI),
    (r"pixart", F.PIXART),
    (r"sana(?:[\W_\d]|$)", F.SANA),
    (r"stable[\W_]*cascade|cascade|w(?:ue|ü|u)rstchen", F.CASCADE),
    (r"cosmos", F.COSMOS),
    (r"pid(?:[\W_]|$)", F.PID),
    (r"chroma", F.CHROMA),
    (r"flux[\W_]*1?", F.FLUX),
    (r"(?:stable[\W_]*diffusion|sd)[\W_]*xl|^xl|pony|illustrious|noob|ssd[\W_]*1b|mugen", F.SDXL),
    (r"(?:stable[\W_]*diffusion|sd)[\W_]*v?3", F.SD3),
    (r"(?:stable[\W_]*diffusion|sd)[\W_]*(?:v?2|turbo)", F.SD2),
    (r"(?:stable[\W_]*diffusion|sd)[\W_]*(?:v?1|$)", F.SD1),
    (r"z[\W_]*image|zi[tb](?:[\W_]|$)", F.ZIMAGE),
    (r"qwen", F.QWEN),
    (r"wan(?:[\W_]*2|[\W_]*(?:video|image)|$)", F.WAN),
    (r"krea[\W_]*2", F.KREA),
    (r"(?:neta[\W_]*(?:yume[\W_]*)?)?lumina", F.LUMINA),
    (r"hunyuan[\W_]*(?:dit|1(?:\D|$))", F.UNKNOWN),
    (r"hunyuan|frame[\W_]*pack", F.HUNYUAN),
    (r"anima(?:[\W_]|$)", F.ANIMA),
    (r"ernie", F.ERNIE),
)
_COMPILED_NAMES = tuple((re.compile(pattern), family) for pattern, family in _NAME_PATTERNS)
_REPOSITORY = re.compile(r"[\w.-]{1,100}/(?P<model>[\w.-]{1,100})")
_SITE = re.compile(r"^https?://(?:www\.)?(?:github\.com|huggingface\.co)/")
_SOME_XL = re.compile(r"(?<!x)xl(?:[\W_]|v?\d|$)")
"""Checkpoints made of SDXL are mostly called so: ``Animagine XL 3.1``, ``juggernautXL_v9``."""


def family_of_name(name: str) -> F:
    """Return the family that a base-model name means.

    Understood are the names of pages (``Flux.1 D``, ``Pony V7``), of trainers
    (``sdxl_base_v1-0``), of Hugging Face repositories (``Tongyi-MAI/Z-Image-Turbo``), of
    ModelSpec (``flux-1-dev/lora``) and of hosts' presets (``zit``).
    """
    plain = _SITE.sub("", name[:LONGEST_NAME].strip().lower())
    found = _match(plain)
    if found is not None:
        return found
    repository = _REPOSITORY.fullmatch(plain)
    if repository is None:
        return F.SDXL if _SOME_XL.search(plain) else F.parse(plain)
    found = _match(repository["model"])
    if found is not None:
        return found
    return F.SDXL if _SOME_XL.search(repository["model"]) else F.parse(repository["model"])


def _match(plain: str) -> F | None:
    return next((family for pattern, family in _COMPILED_NAMES if pattern.match(plain)), None)
