"""LoRAs that make a model need fewer steps: LCM, Lightning, Hyper, Turbo, DMD2, CausVid …

They carry no subject and no style, so no type of the matrix fits them. They are called after the
method, the model and the number of steps, and hardly anything else; a style called after a
*lightning* bolt, a *hyper realistic* one or a LoRA made *for* a Turbo checkpoint has other words
in its name, trigger words or captions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ...sentences import say
from ..card import LoraType
from .categories import CATEGORY_TYPES
from .evidence import TypeEvidence
from .lexicon import word_groups

MOST_STEPS = 32
"""More steps than this are a checkpoint of the training, not a promise of the file."""

LONGEST_NAME = 200
"""Characters of a name that are looked at; file systems allow 255 bytes."""

_METHODS = (
    "lcm", "animatelcm", "lcmlora", "dmd2", "causvid", "accvid", "accvideo", "lightx2v", "fastwan",
    "fasthunyuan", "fastvideo", "selfforcing", "perflow", "instaflow", "hypersd", "hypersdxl",
    "hyperflux", "twinflow", "nitrofusion", "nitrosd", "turbomix", "turboalpha", "stepdistill",
    "cfgdistill", "distill", "distilled", "distillation", "accelerator", "acceleration", "fewstep",
    "sdxllightning", "dmd2xl", "fullattn", "chroma2schnell", "dev2schnell",
)  # fmt: skip
"""Words that name nothing but such a method."""

_AMBIGUOUS = (
    "hyper", "lightning", "turbo", "flash", "speed", "speedup", "fast", "dmd", "pcm", "tdm", "tcd",
    "rcm", "nitro", "schnell", "sprint", "rapid", "quick",
)  # fmt: skip
"""Words that name a method only beside a model or a number of steps."""

_MODELS = (
    "sd", "sdv", "sd15", "sd3", "sd35", "sdxl", "xl", "ssd", "1b", "flux", "flux1", "flux2",
    "klein", "dev", "krea", "krea2", "chroma", "qwen", "image", "edit", "wan", "wan2", "wan21",
    "wan22", "hunyuan", "hunyuanvideo", "hyvid", "hyvideo", "video", "ltx", "ltxv", "ltx2",
    "cogvideox", "cogvideo", "hidream", "anima", "lumina", "lumina2", "svd", "pixart", "kolors",
    "auraflow", "ernie", "mochi", "stable", "diffusion", "sana", "animatediff",
)  # fmt: skip

_MODEL_SIDES = ("pony", "illustrious", "ilxl", "il", "noob", "noobai", "nai", "z", "zimage", "zit")
"""Models that characters are made for in thousands, or that are called Turbo themselves: beside
an ambiguous word they prove nothing."""

_PLAIN = (
    "lora", "loras", "locon", "weights", "weight", "model", "adapter", "pytorch", "comfyui",
    "comfy", "kijai", "converted", "extracted", "rank", "dim", "r", "fp", "bf", "fp8", "fp16",
    "fp32", "bf16", "v", "ver", "version", "high", "low", "noise", "t2v", "i2v", "t2i", "i2i",
    "a14b", "b", "k", "p", "cfg", "normalcfg", "smallcfg", "step", "steps", "base", "alpha",
    "beta", "alimama", "bytedance", "tencent", "universal", "medium", "large", "small", "full",
    "pro", "official", "original", "phased", "consistency", "the", "and", "a", "with", "n", "to",
    "e", "m", "x", "final", "new", "test", "moe", "480p", "720p", "sampler", "merge", "unet",
    "diffusers", "compatible", "seko", "self", "forcing", "few", "up", "kohya", "only", "size",
)  # fmt: skip

_NOT_AN_ACCELERATOR = re.compile(
    r"(?<![a-z])(?:de|un|anti)[ _-]?(?:distill|turbo|lcm|accelerat)"
    r"|training[ _-]?adapter|(?<![a-z])assistant(?![a-z])"
    r"|\b(?:for|works?|working|compatible|friendly|optimi[sz]ed|ready|suited|use)\b"
    r"[^.\n]{0,30}\b(?:lcm|turbo|lightning|hyper|dmd2?|distilled)\b"
    r"|\b(?:lcm|turbo|lightning|hyper|dmd2?)[ _-]{0,3}(?:compatible|friendly|ready|optimi[sz]ed)\b",
    re.IGNORECASE,
)
"""Adapters that take the acceleration out for training, and LoRAs made for accelerated models."""

_STEPS = re.compile(r"(?<!\d)(?P<count>[1-9]\d?)[ _-]{0,3}steps?(?![a-z])", re.IGNORECASE)


class _Name(NamedTuple):
    """The words of a name by what they mean."""

    methods: tuple[str, ...]
    ambiguous: tuple[str, ...]
    models: tuple[str, ...]
    others: tuple[str, ...]
    steps: str


def accelerator_reason(evidence: TypeEvidence) -> str:
    """Return why it is an accelerator, or nothing for an ordinary LoRA."""
    if _NOT_AN_ACCELERATOR.search(" | ".join(name[:LONGEST_NAME] for name in evidence.names)):
        return ""
    names = evidence.names
    if evidence.folder and all(not _read(name).others and _is_empty(name) for name in names):
        # ``lcm-lora-sdxl/pytorch_lora_weights.safetensors``
        names = (evidence.folder,)
    for name in names:
        word = _method_in(_read(name[:LONGEST_NAME]), evidence)
        if word:
            name = name[:LONGEST_NAME]
            return say(
                "named after a method of fewer steps, “{word}”: {name}", word=word, name=name
            )
    return _tagged(evidence) or _described(evidence)


def _method_in(name: _Name, evidence: TypeEvidence) -> str:
    """Return the word of the name that makes it an accelerator, or nothing."""
    if name.methods:
        if not name.others or not _has_content(evidence):
            return name.methods[0]
        return ""
    if not name.ambiguous or _has_content(evidence):
        return ""
    if name.steps:
        return f"{name.ambiguous[0]}, {name.steps}"
    return name.ambiguous[0] if name.models and not name.others else ""


def _has_content(evidence: TypeEvidence) -> bool:
    """Whether anything speaks of a subject or a style: captions, own words, a category, a name."""
    kinds = {CATEGORY_TYPES.get(tag) for tag in evidence.categories}
    words = " ".join(word for word in evidence.trained_words if "<lora:" not in word)
    subjects = {group for name in evidence.names for _, group in word_groups(name)}
    return (
        evidence.captions > 0
        or evidence.images is not None
        or bool({LoraType.CHARACTER, LoraType.STYLE} & kinds)
        or bool(_read(words[:LONGEST_NAME]).others)
        or bool({"style", "character", "clothes", "series", "artist"} & subjects)
    )


def _is_empty(name: str) -> bool:
    """Whether a name says nothing, as ``pytorch_lora_weights``."""
    read = _read(name)
    return not (read.methods or read.ambiguous or read.steps)


_TAGS = frozenset(
    (
        "lcm lora", "lcm-lora", "lcm", "dmd2", "hyper-sd", "hyper sd", "sdxl lightning",
        "sdxl-lightning", "accelerator", "acceleration", "few-step", "few step", "distillation",
        "turbo lora", "speed lora", "lightning lora", "hyper lora", "speedup", "speed up",
        "step distillation", "causvid", "lightx2v", "fewer steps",
    )
)  # fmt: skip


def _tagged(evidence: TypeEvidence) -> str:
    tag = next((tag for tag in evidence.categories if tag in _TAGS), "")
    if not tag or _has_content(evidence):
        return ""
    return say("its page is tagged as a method of fewer steps: {tag}", tag=tag)


_SAYS_SO = re.compile(
    r"\b(?:accelerat(?:or|ion|ing)|distill(?:ed|ation)|few-?\s?step|fewer[ -]steps?|speed-?\s?up"
    r"|lcm|dmd2?|lightning|turbo|hyper-?sd)[ -]{1,2}(?:consistency |inference |sampling )?"
    r"(?:lora|locon|adapter)\b(?![^.\n]{0,20}\b(?:compatible|recommended|optional)\b)"
    r"|\b(?:speeds?\s+up|accelerates?)\s+(?:the\s+)?"
    r"(?:inference|generation|sampling|flux|sdxl|wan|qwen|sd)\b"
    r"|\breduc\w{1,4}\s+(?:the\s+)?(?:number\s+of\s+)?(?:inference |sampling |denoising )?steps\b"
    r"|\bdistill(?:ed|ation)\b[^.\n]{0,80}\b[1-9]\d?(?:\s?[-–~/]\s?[1-9]\d?)?[ -]steps?\b"
    r"|\b(?:in|with|only|just)\s+[1-9](?:\s?[-–~/]\s?[1-9]\d?)?[ -]steps?\b"
    r"[^.\n]{0,80}\b(?:distill|accelerat)",
    re.IGNORECASE,
)
_ONLY_USED = re.compile(
    r"\b(?:use|used|using|works?|with|compatible|combine\w*|together|recommend\w*|plus|add)\b"
    r"[^.\n]{0,40}$",
    re.IGNORECASE,
)
_FIRST_PART = 600
"""Characters of a page that say what it is; thanks and sample settings stand behind them."""


def _described(evidence: TypeEvidence) -> str:
    for text in (*evidence.hints, evidence.description[:_FIRST_PART]):
        match = _SAYS_SO.search(text[:_FIRST_PART])
        if match is None or _ONLY_USED.search(text[: match.start()]):
            continue
        if _NOT_AN_ACCELERATOR.search(text[:_FIRST_PART]) or _has_content(evidence):
            continue
        quote = " ".join(match.group().split())[:80]
        return say("described as a method of fewer steps: “{quote}”", quote=quote)
    return ""


_MEANINGS: dict[str, str] = {
    **dict.fromkeys(_PLAIN, "plain"),
    **dict.fromkeys(_MODEL_SIDES, "plain"),
    **dict.fromkeys(_MODELS, "model"),
    **dict.fromkeys(_AMBIGUOUS, "ambiguous"),
    **dict.fromkeys(_METHODS, "method"),
}
_LONGEST_WORD = max(map(len, _MEANINGS))
_DIGITS = re.compile(r"\d{1,6}")


@lru_cache(maxsize=256)
def _read(name: str) -> _Name:
    found: dict[str, list[str]] = {kind: [] for kind in ("method", "ambiguous", "model", "other")}
    for segment in re.findall(r"[^\W_]+", name.lower()):
        parts = _parts(segment)
        if parts is None:
            found["other"].append(segment)
            continue
        for part in parts:
            found.setdefault(_MEANINGS.get(part, "plain"), []).append(part)
    squeezed = re.sub(r"[\W_]", "", name.lower())
    joined = ("hypersd", "turboalpha", "stepdistill", "cfgdistill", "selfforcing")
    found["method"] += [word for word in joined if word in squeezed]
    steps = next((m for m in _STEPS.finditer(name) if int(m["count"]) <= MOST_STEPS), None)
    return _Name(
        tuple(found["method"]),
        tuple(found["ambiguous"]),
        tuple(found["model"]),
        tuple(found["other"]),
        steps.group() if steps else "",
    )


def _parts(segment: str) -> tuple[str, ...] | None:
    """Part ``sdxl4step`` into known words and numbers, longest first; ``None`` if that fails."""
    parts: list[str] = []
    place = 0
    while place < len(segment):
        digits = _DIGITS.match(segment, place)
        for length in range(min(_LONGEST_WORD, len(segment) - place), 0, -1):
            if segment[place : place + length] in _MEANINGS:
                parts.append(segment[place : place + length])
                place += length
                break
        else:
            if digits is None:
                return None
            place = digits.end()
    return tuple(parts)
