"""What the names and shapes of the tensors tell: naming, algorithm, rank, parts, blocks.

The conventions are those of the writers: kohya, diffusers old and new, PEFT,
LyCORIS, BFL, XLabs, OneTrainer, SimpleTuner and cloneofsimo's first scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..card import LoraParts
from .tensors import Shape, TensorInfo, TensorTable

_MARKS: tuple[tuple[str, str], ...] = (
    (".hada_w", "loha"),
    (".lokr_w", "lokr"),
    (".oft_blocks", "oft"),
    (".oft_diag", "oft"),
    (".oft_r", "oft"),
    (".boft_", "oft"),
    (".ia3_l", "ia3"),
    (".vera_lambda", "vera"),
    (".hra_u", "hra"),
    (".miss_block", "miss"),
    (".bone_", "miss"),
    (".fourierft_", "fourierft"),
    (".on_input", "ia3"),
    (".b1.weight", "glora"),
    (".lora_", "lora"),
    (".lora.", "lora"),
    ("_lora.", "lora"),
    ("_lora_down.", "lora"),
    ("_lora1.", "lora"),
    ("_lora2.", "lora"),
    (":down", "lora"),
)
"""Pieces of tensor names that give the algorithm away, the most telling first."""

_WEAK_MARKS: tuple[tuple[str, str], ...] = (
    (".dora_scale", "dora"),
    (".magnitude", "dora"),
    (".diff", "full"),
    (".w_norm", "norm"),
    (".b_norm", "norm"),
)
"""Marks that only name the algorithm when no stronger one is there."""

_SUFFIX = re.compile(
    r"(?:\.processor)?[._](?:lora[._](?:down|up|mid|[AB]|magnitude_vector|embedding_[AB])(?:\.\w+)?(?:\.weight|\.bias)?"
    r"|lora_linear_layer\.(?:up|down)\.weight|lora[12]\.(?:up|down)\.weight)$"
    r"|\.(?:alpha|dora_scale|magnitude|hada_[\w]+|lokr_\w+|b?oft_\w+(?:\.\w+)?(?:\.weight)?|ia3_l|vera_\w+|hra_u|miss_block|bone_\w+|fourierft_\w+|rescale|[ab][12]\.weight"
    r"|diff|diff_b|w_norm|b_norm|on_input|set_weight|scale|weight|bias|reshape_weight)$"
    r"|:(?:up|down|alpha)$"
)

_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("onetrainer", re.compile(r"lora_(?:transformer|prior|te\d?_transformer)_")),
    ("kohya", re.compile(r"lora_(?:unet|te\d?|llm_adapter)_")),
    ("simpletuner", re.compile(r"lycoris_")),
    ("cloneofsimo", re.compile(r"(?:unet|text_encoder):\d+$")),
    ("xlabs", re.compile(r"(?:diffusion_model\.)?(?:double|single)_blocks\.\d+\.processor\.")),
    ("bfl", re.compile(r"(?:diffusion_model|model\.diffusion_model|text_encoders?\.\w+)\.")),
    ("bfl", re.compile(r"(?:double|single)_blocks\.|(?:img|txt|time|vector|guidance)_in\.")),
    ("peft", re.compile(r"base_model\.model\.")),
    (
        "diffusers",
        re.compile(
            r"(?:unet|transformer|prior|text_encoder(?:_\d)?)\."
            r"|(?:down|up)_blocks\.|mid_block\.|(?:single_)?transformer_blocks\."
        ),
    ),
    ("native", re.compile(r"(?:blocks|layers|joint_blocks)\.\d+\.|llm_adapter\.")),
)

_TEXT = re.compile(
    r"lora_te\d?_|(?:base_model\.model\.)?text_(?:encoders?|model)\b|text_encoder_\d|te\d?\."
    r"|conditioner\.|lycoris_text_(?:encoders?|model)|clip_[lg]\.|t5xxl\."
)

_BLOCK = re.compile(
    r"(?P<kind>down_blocks|up_blocks|input_blocks|output_blocks|double_blocks|single_blocks"
    r"|single_transformer_blocks|transformer_blocks|joint_blocks|patch_blocks|pixel_blocks|llm_adapter[._]blocks|blocks"
    r"|(?<!encoder.)layers)[._](?P<index>\d+)|(?P<middle>mid_block|middle_block)"
)

_BUNDLED = re.compile(r"bundle_emb\.(?P<name>.{1,200}?)\.string_to_param")
_LEARNT_TOKEN = re.compile(r"<[^<>\s]{1,64}>")


_Factor = tuple[int, str, "int | None", "int | None", "int | None"]


@dataclass(frozen=True, eq=False)
class KeyPlan:
    """What the names of the tensors tell; shared by all files with the same names.

    Attributes:
        key_format: the naming convention, or ``unknown``.
        algorithm: ``lora``, ``dora``, ``loha``, ``lokr``, ``oft``, ``ia3``, ``glora``, ``full``,
            ``norm``, or ``unknown``.
        weight_decomposed: a DoRA scale stands beside whatever algorithm it is.
        parts: which parts of the model it changes; ``None`` when no tensor says.
        embeddings: names of the embeddings inside the file.
        modules: the changed layers, tensor suffixes cut off, each once.
        has_alpha: alphas stand beside the matrices.
        probes: factors of one layer of each kind (its block numbers aside): place among the
            tensors, layer, axes of input, output and rank. The widths of the others only
            repeat theirs.
        ranked: the place of every tensor that has the rank among its extents, and on which axis.
    """

    key_format: str
    algorithm: str
    weight_decomposed: bool
    parts: LoraParts | None
    embeddings: tuple[str, ...]
    modules: tuple[str, ...]
    has_alpha: bool
    probes: tuple[_Factor, ...]
    ranked: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class KeyFacts:
    """The tensors of one file, understood.

    Attributes:
        plan: what their names tell.
        rank: of its matrices; ``None`` if unknown or mixed.
        inputs: width of the input of the plan's probes, where their shapes are known.
        outputs: width of their output.
    """

    plan: KeyPlan
    rank: int | None = None
    inputs: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[str, ...]:
        """The changed layers, each once."""
        return self.plan.modules


def read_keys(tensors: Mapping[str, TensorInfo]) -> KeyFacts:
    """Understand the tensors of a header."""
    if isinstance(tensors, TensorTable):
        return _read_table(tensors)
    return _read(tuple(tensors), [info.shape for info in tensors.values()])


@lru_cache(maxsize=16)
def _read_table(table: TensorTable) -> KeyFacts:
    return _read(table.names, table.shapes)


def _read(names: tuple[str, ...], shapes: Sequence[Shape]) -> KeyFacts:
    plan = _plan(names)
    inputs: dict[str, int] = {}
    outputs: dict[str, int] = {}
    for place, module, to_input, to_output, _ in plan.probes:
        shape = shapes[place]
        if len(shape) < 2:
            continue
        if to_input is not None:
            inputs[module] = inputs.get(module, 1) * shape[to_input]
        if to_output is not None:
            outputs[module] = outputs.get(module, 1) * shape[to_output]
    ranks = {shapes[place][axis] for place, axis in plan.ranked if len(shapes[place]) >= 2}
    return KeyFacts(plan, ranks.pop() if len(ranks) == 1 else None, inputs, outputs)


@lru_cache(maxsize=256)
def _plan(names: tuple[str, ...]) -> KeyPlan:
    """Understand names. Trainers write the same names into every file for one base model."""
    bundled = {name: match["name"] for name in names if (match := _BUNDLED.match(name))}
    tokens = [name for name in names if _LEARNT_TOKEN.fullmatch(name)]
    foreign = {*bundled, *tokens}
    own = [name for name in names if name not in foreign]
    modules = tuple(dict.fromkeys(map(_module, own)))
    algorithm, decomposed = _algorithm(own)
    factors = tuple(_factors(names, foreign))
    probed = {_NUMBERED.sub(r"\1", module): module for module in reversed(modules)}
    return KeyPlan(
        key_format=_key_format(modules),
        algorithm=algorithm,
        weight_decomposed=decomposed,
        parts=_parts(modules),
        embeddings=tuple(dict.fromkeys((*bundled.values(), *tokens))),
        modules=modules,
        has_alpha=any(name.endswith(".alpha") for name in own),
        probes=tuple(
            factor for factor in factors if probed[_NUMBERED.sub(r"\1", factor[1])] == factor[1]
        ),
        ranked=tuple((factor[0], factor[4]) for factor in factors if factor[4] is not None),
    )


_NUMBERED = re.compile(r"(blocks?|layers?|attentions|resnets)[._]\d+")


def _factors(names: Iterable[str], foreign: set[str]) -> Iterator[_Factor]:
    for place, name in enumerate(names):
        module = _module(name)
        axes = _AXES.get(name[len(module) :].removeprefix(".processor").lstrip("._:"))
        if axes is not None and name not in foreign:
            yield (place, module, *axes)


def _module(name: str) -> str:
    return _SUFFIX.sub("", name)


def _algorithm(names: Iterable[str]) -> tuple[str, bool]:
    text = "\n".join(names) + "\n"
    decomposed = any(
        mark in text for mark in (".dora_scale", ".magnitude", "lora_magnitude", "lora.magnitude")
    )
    text = text.replace(".oft_R", ".oft_r")
    for mark, algorithm in _MARKS:
        if mark in text:
            return ("dora" if algorithm == "lora" and decomposed else algorithm), decomposed
    for mark, algorithm in _WEAK_MARKS:
        if mark in text:
            return algorithm, decomposed
    return "unknown", decomposed


def _key_format(modules: Iterable[str]) -> str:
    votes: dict[str, int] = {}
    for module in modules:
        for name, pattern in _FORMATS:
            if pattern.match(module):
                votes[name] = votes.get(name, 0) + 1
                break
    return max(votes, key=lambda name: votes[name]) if votes else "unknown"


def _is_text(module: str) -> bool:
    return bool(_TEXT.match(module))


def _parts(modules: tuple[str, ...]) -> LoraParts | None:
    if not modules:
        return None
    unet = [module for module in modules if not _is_text(module)]
    blocks: dict[str, None] = {}
    for module in unet:
        match = _BLOCK.search(module)
        if match:
            kind = (match["kind"] or "").replace(".", "_")
            blocks[match["middle"] or f"{kind}.{match['index']}"] = None
    return LoraParts(
        text_encoder=len(unet) < len(modules),
        unet=bool(unet),
        blocks=tuple(sorted(blocks, key=_block_order)),
    )


_SUBBLOCK = re.compile(r"((?:down|up)_blocks)[._](\d+)[._](attentions|resnets)[._](\d+)")


TEXT_ENCODER = "text encoder"
"""What `block_of` says of a text encoder's layer."""


def block_of(module: str) -> str:
    """Return where a layer lies, finely: ``up_blocks.0.attentions.1``, ``text encoder`` …"""
    if _is_text(module):
        return TEXT_ENCODER
    fine = _SUBBLOCK.search(module)
    if fine:
        return ".".join(fine.groups())
    match = _BLOCK.search(module)
    if match is None:
        return "other layers"
    kind = (match["kind"] or "").replace(".", "_")
    return match["middle"] or f"{kind}.{match['index']}"


def _block_order(block: str) -> tuple[str, int]:
    kind, _, index = block.partition(".")
    return kind, int(index or 0)


_AXES: Mapping[str, tuple[int | None, int | None, int | None]] = {
    "lora_down.weight": (1, None, 0),
    "lora_A.weight": (1, None, 0),
    "lora_A.default.weight": (1, None, 0),
    "lora.down.weight": (1, None, 0),
    "lora1.down.weight": (1, None, 0),
    "lora_linear_layer.down.weight": (1, None, 0),
    "down": (1, None, 0),
    "lora_up.weight": (None, 0, None),
    "lora_B.weight": (None, 0, None),
    "lora_B.default.weight": (None, 0, None),
    "lora.up.weight": (None, 0, None),
    "lora1.up.weight": (None, 0, None),
    "lora_linear_layer.up.weight": (None, 0, None),
    "up": (None, 0, None),
    "hada_w1_b": (1, None, 0),
    "hada_w1_a": (None, 0, None),
    "lokr_w1": (1, 0, None),
    "lokr_w2": (1, 0, None),
    "lokr_w1_a": (None, 0, 1),
    "lokr_w1_b": (1, None, 0),
    "lokr_w2_a": (None, 0, 1),
    "lokr_w2_b": (1, None, 0),
    "diff": (1, 0, None),
}
"""Which axis of a factor is the layer's input, its output, the rank. Kronecker factors multiply."""
