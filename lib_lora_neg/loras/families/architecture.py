"""For which model family a file was made: read from its tensors, then from what it says.

The tensors decide; names in the metadata only choose among what the tensors allow, because
trainers are known to write a wrong base (ai-toolkit 0.1.0 says ``sd_1.5`` in Flux files).
Widths and block counts are those of the models' published configurations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..reading.keys import KeyFacts, KeyPlan
from .base_names import family_of_name
from .dit import FamilyEvidence, family_of_transformer, one
from .family import ModelFamily as F

_UNET = re.compile(r"(?:down|up|input|output)_blocks[._]\d|mid_block|middle_block")
_CROSS_KEY = re.compile(r"attn2[._](?:processor[._])?to_[kv]$")
_DEEP = re.compile(r"transformer_blocks[._][1-9]")
_SDXL_ONLY = re.compile(
    r"(?:lora_te[12]_|text_encoder_2|label_emb|add_embedding)|up_blocks[._]0[._]attentions"
)
_SDXL_TEXT = re.compile(r"lora_te[12]_|text_encoder_2")
_SD_ONLY = re.compile(r"down_blocks[._]0[._]attentions|up_blocks[._]3|input_blocks[._][12][._]1")
_OLD_TEXT = re.compile(r"lora_te_text_model|text_encoder\.|text_encoder:")
_TEXT_LAYER = re.compile(r"encoder[._]layers[._](\d+)")

CROSS_WIDTHS = {768: F.SD1, 1024: F.SD2, 2048: F.SDXL}
"""Width of the text features that a UNet attends to (unet/config.json, cross_attention_dim)."""


_NOTHING = FamilyEvidence()


def family_of_keys(keys: KeyFacts) -> FamilyEvidence:
    """Return the family the tensors prove, or those between which they cannot tell."""
    if not keys.modules:
        return _NOTHING
    widths = (tuple(keys.inputs.values()), tuple(keys.outputs.values()))
    cached = _known.get((keys.plan, widths))
    if cached is None:
        if len(_known) > 256:
            _known.clear()
        cached = _known[keys.plan, widths] = _recognise(keys)
    return cached


_Widths = tuple[tuple[int, ...], tuple[int, ...]]
_known: dict[tuple[KeyPlan, _Widths], FamilyEvidence] = {}


def _recognise(keys: KeyFacts) -> FamilyEvidence:
    text = "\n".join(keys.modules)
    if _UNET.search(text):
        return _unet_family(keys, text)
    for recognise in (
        family_of_transformer,
        _wan_or_anima,
        _sd3,
        _qwen,
        _next_dit,
        _flux_like,
        _positional,
        _text_only,
    ):
        evidence = recognise(keys, text)
        if evidence.candidates:
            return evidence
    return _NOTHING


def resolve_family(evidence: FamilyEvidence, names: Iterable[str]) -> F:
    """Choose by what metadata and side files say, as far as the tensors allow it."""
    if evidence.family is not F.UNKNOWN:
        return evidence.family
    for name in names:
        family = family_of_name(name)
        if family is not F.UNKNOWN and (not evidence.candidates or family in evidence.candidates):
            return family
    return evidence.likely


def _input(keys: KeyFacts, pattern: re.Pattern[str]) -> set[int]:
    return {width for module, width in keys.inputs.items() if pattern.search(module)}


def _output(keys: KeyFacts, pattern: re.Pattern[str]) -> set[int]:
    return {width for module, width in keys.outputs.items() if pattern.search(module)}


def _unet_family(keys: KeyFacts, text: str) -> FamilyEvidence:
    widths = _input(keys, _CROSS_KEY)
    known = {CROSS_WIDTHS[width] for width in widths if width in CROSS_WIDTHS}
    if "lora_prior_" in text:
        return one(F.CASCADE)
    if known == {F.SDXL} and not _SDXL_TEXT.search(text):
        return _sdxl_or_kolors(F.SDXL)
    if len(known) == 1:
        return one(known.pop())
    if widths and not known:
        # A model of a size of its own, such as a small one for experiments: its blocks prove
        # nothing, so what the file says of itself decides.
        return FamilyEvidence(F.UNKNOWN, (F.SD1, F.SD2, F.SDXL))
    if _SDXL_TEXT.search(text):
        return one(F.SDXL)
    if _SDXL_ONLY.search(text) or (_DEEP.search(text) and not _SD_ONLY.search(text)):
        return _sdxl_or_kolors(F.SDXL)
    return _sd1_or_2(keys, text)


def _sdxl_or_kolors(likely: F) -> FamilyEvidence:
    """Kolors has SDXL's UNet; files made for it say so."""
    return FamilyEvidence(F.UNKNOWN, (F.SDXL, F.KOLORS), likely)


def _sd1_or_2(keys: KeyFacts, text: str) -> FamilyEvidence:
    if _TEXT_LAYER.search(text) and _OLD_TEXT.search(text):
        # SD1's CLIP has 12 layers of width 768, SD2's OpenCLIP 23 of width 1024.
        large = _depth(_TEXT_LAYER, text) >= 12 or 1024 in _input(keys, _TEXT_LAYER)
        return one(F.SD2 if large else F.SD1)
    if _SD_ONLY.search(text):
        return FamilyEvidence(F.UNKNOWN, (F.SD1, F.SD2))
    return FamilyEvidence(F.UNKNOWN, (F.SD1, F.SD2, F.SDXL))


_DIT_ATTENTION = re.compile(
    r"blocks[._]\d+[._](?:self_attn|cross_attn)[._](\w{1,100})$", re.MULTILINE
)
_ANIMA = re.compile(
    r"llm_adapter|adaln_modulation_(?:self|cross)_attn|mlp[._]layer[12]$|x_embedder|qwen3_06b"
    r"|final_layer[._]linear$|adaln_modulation_mlp",
    re.MULTILINE,
)
_WAN = re.compile(
    r"blocks[._]\d+[._]ffn[._]|(?:text|time|patch)_embedding|img_emb|time_projection|head[._]head"
    r"|condition_embedder"
)


def _wan_or_anima(keys: KeyFacts, text: str) -> FamilyEvidence:
    if "double_blocks" in text or "joint_blocks" in text:
        return _NOTHING
    ends = set(_DIT_ATTENTION.findall(text))
    if ends & {"q", "k", "v", "o", "k_img", "v_img"} or _WAN.search(text):
        return one(F.WAN)
    if re.search(r"llm_adapter|qwen3_06b", text):
        return one(F.ANIMA)
    if ends or _ANIMA.search(text):
        # Cosmos-Predict2, which Anima was made of, has the same layers.
        return FamilyEvidence(F.UNKNOWN, (F.ANIMA, F.COSMOS), F.ANIMA)
    return _NOTHING


def _sd3(keys: KeyFacts, text: str) -> FamilyEvidence:
    if "joint_blocks" in text:
        return one(F.SD3)
    if "transformer_blocks" in text and "single_transformer_blocks" not in text:
        widths = _input(keys, re.compile(r"attn[._]to_q$"))
        if widths & {1536, 2432}:
            return one(F.SD3)
    return _NOTHING


_QWEN = re.compile(r"(?<!single_)transformer_blocks[._]\d+[._](?:img|txt)_m(?:lp|od)[._]")


def _qwen(keys: KeyFacts, text: str) -> FamilyEvidence:
    return one(F.QWEN) if _QWEN.search(text) else _NOTHING


_NEXT_DIT = re.compile(r"layers[._]\d+[._](?:attention|feed_forward|adaLN_modulation)[._]")


def _next_dit(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Lumina 2 and Z-Image share one design; hidden width 2304 and 3840."""
    if not (_NEXT_DIT.search(text) or "noise_refiner" in text or "context_refiner" in text):
        return _NOTHING
    # Inputs first: what Lumina's attention puts out as one, queries, keys and values, is 3840 wide.
    for widths in (set(keys.inputs.values()), set(keys.outputs.values())):
        if widths & {2304, 3840}:
            return one(F.LUMINA if 2304 in widths else F.ZIMAGE)
    return FamilyEvidence(F.UNKNOWN, (F.ZIMAGE, F.LUMINA))


_DOUBLE = re.compile(r"(?:double_blocks|(?<!single_)transformer_blocks)[._](\d+)")
_SINGLE = re.compile(r"(?:single_blocks|single_transformer_blocks)[._](\d+)")
_FLUX1_MOD = re.compile(
    r"(?:img|txt)_mod[._]lin(?!ear)|modulation[._]lin\b|\.processor\.|_norm\.(?:key|query)_norm"
)
_BOTH_MOD = re.compile(
    r"blocks[._]\d+[._]norm1?(?:_context)?[._]linear|guidance_in|vector_in|time_text_embed"
)
_HUNYUAN = re.compile(
    r"(?:img|txt)_mod[._]linear|modulation[._]linear|(?:img|txt)_mlp[._]fc[12]"
    r"|individual_token_refiner|context_embedder[._]token_refiner|clean_x_embedder"
)
_NOT_HUNYUAN = re.compile(r"(?:img|txt)_mlp[._][02]$", re.MULTILINE)
_FLUX2 = re.compile(
    r"(?:double|single)_stream_modulation|to_qkv_mlp_proj|ff(?:_context)?[._]linear_(?:in|out)"
)
_NOT_FLUX2 = re.compile(
    r"single_transformer_blocks[._]\d+[._](?:attn[._]to_[qkv]|proj_mlp|proj_out)"
    r"|transformer_blocks[._]\d+[._]ff(?:_context)?[._]net"
)
_MLP_OUT = re.compile(r"(?:img|txt)_mlp[._]2$")
_MLP_IN = re.compile(r"(?:img|txt)_mlp[._]0$")
_SINGLE_IN = re.compile(r"single_blocks[._]\d+[._]linear1$")
_SINGLE_OUT = re.compile(r"single_blocks[._]\d+[._]linear2$|single_\w{1,60}[._]\d+[._]proj_out$")


def _flux_like(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Tell Flux.1, Flux.2, Chroma and HunyuanImage apart, which share the design and the names."""
    if not re.search(r"double_blocks|single_blocks|single_transformer_blocks", text):
        return _flux_extras(text)
    named = _by_names(keys, text)
    remaining = named & _by_depth(text) & _by_width(keys)
    order = (F.FLUX, F.FLUX2, F.CHROMA, F.HUNYUAN)
    candidates = tuple(family for family in order if family in remaining)
    if len(candidates) == 1:
        return one(candidates[0])
    # Chroma has the layers and widths of Flux.1. Files made on it are rare beside those for
    # Flux.1 and mostly name their base, which `resolve_family` hears first.
    measured = 3072 in keys.inputs.values() or _depth(_DOUBLE, text) >= 8
    tie = set(candidates) == {F.FLUX, F.CHROMA}
    # HunyuanVideo has one double block and two single ones more than Flux.1: a file that goes
    # to the last block of Flux.1 and no further was made for it.
    whole = F.FLUX in candidates and (_depth(_DOUBLE, text) == 18 or _depth(_SINGLE, text) == 37)
    likely = F.FLUX if whole or (tie and measured) else F.UNKNOWN
    return FamilyEvidence(F.UNKNOWN, candidates, likely)


def _flux_extras(text: str) -> FamilyEvidence:
    if "distilled_guidance_layer" in text:
        return one(F.CHROMA)
    return one(F.FLUX2) if _FLUX2.search(text) else _NOTHING


def _by_names(keys: KeyFacts, text: str) -> set[F]:
    if "distilled_guidance_layer" in text:
        return {F.CHROMA}
    if _FLUX2.search(text):
        return {F.FLUX2}
    if keys.plan.key_format == "xlabs":
        return {F.FLUX}
    if _HUNYUAN.search(text):
        return {F.HUNYUAN}
    if _FLUX1_MOD.search(text):
        return {F.FLUX}
    if _BOTH_MOD.search(text):
        return {F.FLUX, F.HUNYUAN}
    if _NOT_FLUX2.search(text):
        return {F.FLUX, F.CHROMA, F.HUNYUAN}
    if _NOT_HUNYUAN.search(text):
        return {F.FLUX, F.FLUX2, F.CHROMA}
    return {F.FLUX, F.FLUX2, F.CHROMA, F.HUNYUAN}


_DEPTHS = {F.FLUX: (19, 38), F.CHROMA: (19, 38), F.FLUX2: (8, 48), F.HUNYUAN: (20, 40)}
"""Double and single blocks of the largest model of each family."""


def _depth(pattern: re.Pattern[str], text: str) -> int:
    return max(map(int, pattern.findall(text)), default=0)


def _by_depth(text: str) -> set[F]:
    double, single = _depth(_DOUBLE, text), _depth(_SINGLE, text)
    return {family for family, (d, s) in _DEPTHS.items() if double < d and single < s}


_HIDDEN = re.compile(r"(?:img_attn[._](?:qkv|proj)|attn[._]to_[qkv]|linear1)$")


def _by_width(keys: KeyFacts) -> set[F]:
    """Widths: 3072 and a 4-fold MLP in Flux.1, Chroma; 3072, 4096, 6144, 3-fold, in Flux.2."""
    hidden = _input(keys, _HIDDEN)
    mlp, single = _input(keys, _MLP_OUT), _input(keys, _SINGLE_OUT)
    into, fused = _output(keys, _MLP_IN), _output(keys, _SINGLE_IN)
    if hidden & {4096, 6144} or 9216 in mlp or 12288 in single:
        return {F.FLUX2}
    # Flux.2 gates its MLP, so the first layer is twice as wide.
    if into & {18432, 24576, 36864} or fused & {27648, 36864, 55296}:
        return {F.FLUX2}
    if 12288 in mlp | into or 15360 in single or 21504 in fused:
        return {F.FLUX, F.CHROMA, F.HUNYUAN}
    if 3584 in hidden:
        return {F.HUNYUAN}
    return set(_DEPTHS) if not hidden or 3072 in hidden else set()


def _positional(keys: KeyFacts, text: str) -> FamilyEvidence:
    """Cloneofsimo's first scripts number the layers; they know SD1 and SD2 only."""
    if keys.plan.key_format != "cloneofsimo":
        return _bare_attention(keys, text)
    widths = set(keys.inputs.values())
    if 1024 in widths and 768 not in widths:
        return one(F.SD2)
    return one(F.SD1) if 768 in widths else FamilyEvidence(F.UNKNOWN, (F.SD1, F.SD2))


_BARE = {
    F.FLUX: {3072},
    F.FLUX2: {3072, 4096, 6144},
    F.CHROMA: {3072},
    F.QWEN: {3072},
    F.SD3: {1536, 2432},
    F.HUNYUAN: {3072, 3584},
}
"""Hidden widths of models whose double blocks diffusers gives the same names."""


def _bare_attention(keys: KeyFacts, text: str) -> FamilyEvidence:
    if not re.search(r"(?<!\w)transformer_blocks|_transformer_blocks", text):
        return _NOTHING
    hidden = _input(keys, re.compile(r"attn[._]to_[qkv]$"))
    fits = tuple(family for family, widths in _BARE.items() if not hidden or hidden & widths)
    # Only Qwen-Image's distilled files ("lightning") come unprefixed and with alphas.
    distilled = text.startswith("transformer_blocks") and keys.plan.has_alpha
    return FamilyEvidence(F.UNKNOWN, fits, F.QWEN if distilled and F.QWEN in fits else F.UNKNOWN)


def _text_only(keys: KeyFacts, text: str) -> FamilyEvidence:
    if re.search(r"lora_te3_|text_encoder_3", text):
        return FamilyEvidence(F.UNKNOWN, (F.SD3, F.FLUX))
    if re.search(r"lora_te2_|text_encoder_2", text):
        return FamilyEvidence(F.UNKNOWN, (F.SDXL, F.SD3), F.SDXL)
    if re.search(r"lora_te_layers_|qwen3_06b", text):
        return one(F.ANIMA)
    if not _TEXT_LAYER.search(text):
        return _NOTHING
    if re.search(r"lora_te1_", text):
        # CLIP-L numbered as the first of several; SD1 and SD2 have only one and no number.
        return FamilyEvidence(F.UNKNOWN, (F.SDXL, F.SD3, F.FLUX))
    if 1024 in keys.inputs.values() or _depth(_TEXT_LAYER, text) >= 12:
        return one(F.SD2)
    if "lora_te_text_model" in text:
        return FamilyEvidence(F.UNKNOWN, (F.SD1, F.SD2), F.SD1)
    return FamilyEvidence(F.UNKNOWN, (F.SD1, F.SDXL, F.SD3, F.FLUX))
