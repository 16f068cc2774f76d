"""Transformers that have layers of their own: told by names and widths that no other model has.

Layer names, widths and block counts are those of the models' code and default configurations in
diffusers 0.38, and of the original repositories where LoRAs use their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..reading.keys import KeyFacts
from .family import ModelFamily as F


@dataclass(frozen=True)
class FamilyEvidence:
    """What the tensors allow.

    Attributes:
        family: the one they prove, or ``UNKNOWN``.
        candidates: all families whose tensors look like these; empty when nothing was recognised.
        likely: the candidate to take when nothing else names one, or ``UNKNOWN``.
    """

    family: F = F.UNKNOWN
    candidates: tuple[F, ...] = ()
    likely: F = F.UNKNOWN


def one(family: F) -> FamilyEvidence:
    """Return the evidence of a proof."""
    return FamilyEvidence(family, (family,))


def _perhaps(*families: F, likely: F = F.UNKNOWN) -> FamilyEvidence:
    return FamilyEvidence(F.UNKNOWN, families, likely)


_OWN_NAMES: tuple[tuple[F, re.Pattern[str]], ...] = (
    (
        F.AURAFLOW,
        re.compile(
            r"(?<!\w)joint_transformer_blocks|_joint_transformer_blocks|attn[._]w[12][qkvo]\b"
            r"|(?:double|single)_layers[._]\d+[._](?:attn|mlp[XC]?|mod[XC]+)[._]"
            r"|ff(?:_context)?[._](?:linear_[12]|out_projection)"
        ),
    ),
    (
        F.HIDREAM,
        re.compile(
            r"(?:double|single)_stream_blocks|attn1?[._]to_[qkv]_t$|ff_[it][._](?:w[123]|shared_exp)",
            re.MULTILINE,
        ),
    ),
    (
        F.KREA,
        re.compile(
            r"txtfusion|text_fusion|attn[._]to_gate$|(?:^|[._])blocks[._]\d+[._]attn[._]gate$"
            r"|(?:^|[._])(?:tmlp|txtmlp)[._]\d",
            re.MULTILINE,
        ),
    ),
    (F.ERNIE, re.compile(r"layers[._]\d+[._](?:self_attention|mlp[._]linear_fc2)")),
    # PiD, made of PixelDiT; its two attentions of text and picture are called as Mochi's.
    (
        F.PID,
        re.compile(
            r"(?<![a-z])(?:patch|pixel)_blocks[._]\d|(?:compress_to|expand_from)_attn\b"
            r"|adaLN_modulation_(?:img|txt|msa)\b|lq_proj\w{0,20}[._](?:latent_proj|output_heads|gate_modules)"
        ),
    ),
    (
        F.MOCHI,
        re.compile(
            r"attn1[._]add_[qkv]_proj|attn[._](?:qkv|proj)_[xy]\b|norm1_context[._]linear_1$"
        ),
    ),
    (
        F.SANA,
        re.compile(r"ff[._]conv_(?:inverted|depth|point)|mlp[._]conv_(?:inverted|depth|point)"),
    ),
    (
        F.LTX,
        re.compile(r"blocks[._]\d+[._](?:audio_attn|audio_ff|audio_to_video|video_to_audio)"),
    ),
    (F.CASCADE, re.compile(r"lora_prior_|prior_unet")),
)

_SINGLE_ATTENTION = re.compile(
    r"(?:single_)?transformer_blocks[._]\d+[._]attn[12][._]", re.MULTILINE
)
_WAN_ATTENTION = re.compile(
    r"(?:^|[._])(?<!transformer_)blocks[._]\d+[._]attn[12][._]", re.MULTILINE
)
_KREA_NATIVE = re.compile(r"(?:^|[._])blocks[._]\d+[._]attn[._]w[qkvo]$", re.MULTILINE)
_MINIMAX = re.compile(
    r"(?:^|(?:unet|transformer|model|lycoris)[._])token_refiner[._](?:refiner_)?blocks"
    r"|(?:^|[._])blocks[._]\d+[._]attn[._](?:qkv|out)_proj$|audio_proj_(?:in|out)|adaln_proj",
    re.MULTILINE,
)


def family_of_transformer(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Return what names say that only one design has, or nothing."""
    for family, pattern in _OWN_NAMES:
        if pattern.search(text):
            return one(family)
    if _KREA_NATIVE.search(text):
        return one(F.KREA) if _inputs(keys, r"attn[._]w[qkv]$") & {6144} else _perhaps(F.KREA)
    if _MINIMAX.search(text) and "context_embedder" not in text:
        return one(F.MINIMAX) if 7168 in keys.inputs.values() else _perhaps(F.MINIMAX)
    if _SINGLE_ATTENTION.search(text):
        return _with_cross_attention(keys, text)
    if _WAN_ATTENTION.search(text):
        return _wan(keys, text)
    return FamilyEvidence()


def _inputs(keys: KeyFacts, pattern: str) -> set[int]:
    compiled = re.compile(pattern)
    return {width for module, width in keys.inputs.items() if compiled.search(module)}


def _wan(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Wan in diffusers' naming; HunyuanDiT's blocks are called so too, at width 1408."""
    hidden = _inputs(keys, r"attn1[._]to_[qkv]$|attn2[._]to_q$")
    # Text and pictures reach Wan's second attention at the model's own width.
    if hidden & {1536, 3072, 5120} or re.search(r"blocks[._]\d+[._]ffn[._]net", text):
        return one(F.WAN)
    return _perhaps(F.WAN) if not hidden else _perhaps(F.HUNYUAN)


_ALL_CROSS = (F.LTX, F.PIXART, F.SANA, F.COGVIDEO, F.MOCHI, F.ANIMA, F.COSMOS)


def _with_cross_attention(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Tell the models apart whose blocks have ``attn1`` and mostly ``attn2``, by their widths."""
    hidden = _inputs(keys, r"attn1[._]to_[qkv]$|attn2[._]to_q$")
    context = _inputs(keys, r"attn2[._]to_[kv]$")
    if 1024 in context or re.search(r"norm[123][._]linear_[12]$", text, re.MULTILINE):
        likely = F.ANIMA if not hidden or 2048 in hidden else F.UNKNOWN
        return _perhaps(F.ANIMA, F.COSMOS, likely=likely)
    if 2240 in hidden:
        return one(F.SANA)
    if 1152 in hidden:
        return _perhaps(F.PIXART, F.SANA)
    if 1920 in hidden and "attn2" not in text:
        return one(F.COGVIDEO)
    if 3072 in hidden:
        return _perhaps(F.COGVIDEO, F.MOCHI)
    if hidden & {2048, 4096}:
        if context & {2048, 4096}:
            return one(F.LTX)
        return _perhaps(F.LTX, F.ANIMA, F.COSMOS)
    return _perhaps(*_ALL_CROSS) if not hidden else FamilyEvidence()
