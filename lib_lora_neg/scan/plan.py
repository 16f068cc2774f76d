"""What a scan will do, before it does anything: `ScanPlan`, its cells in order, its cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from ..loras.card import QUICK_SUFFIX
from ..prompts.blocks import read_blocks
from ..sentences import said_by
from .ports import ImageRequest, LoraSetting, Sampling, ScanBatch
from .weights import ARTICLE, WeightListError, check_weights

MAX_PICTURES = 20_000
"""Largest scan; at one second a picture it already takes five hours and a half."""

MAX_SIDE = 8192
MAX_SEED = 2**32 - 1
"""Seeds as the hosts take them; −1 for "any" would make no two cells comparable."""


KEY_LENGTH = 16
"""Characters of the digest that tell the scans of one folder apart."""


class PlanError(ValueError):
    """A plan that cannot be carried out; the text says what to change."""


class LoraPart(str, Enum):
    """Which part of the LoRA takes the weight."""

    BOTH = "both"
    UNET = "unet"
    TEXT_ENCODER = "text_encoder"


@dataclass(frozen=True)
class ScannedLora:
    """A LoRA that takes part.

    Attributes:
        name: as the host knows it.
        digest: hash of the file, so that results of another version are never mixed in.
        factor: its weight is the scan's weight times this; for scans of several LoRAs together.
        blocks: of the denoiser, in which alone it acts (`prompts.blocks`); empty for all.
    """

    name: str
    digest: str = ""
    factor: float = 1.0
    blocks: str = ""


@dataclass(frozen=True)
class ScanPrompt:
    """A prompt of the scan.

    ``subject`` says whether it asks for what the LoRA was trained on; the other prompts show
    what a weight does to pictures that have nothing to do with it.
    """

    text: str
    subject: bool = True


@dataclass(frozen=True, order=True)
class ScanCell:
    """One picture of the scan: its weight, the index of its prompt, its seed."""

    weight: float
    prompt: int
    seed: int

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"w{self.weight:.4f}_p{self.prompt:02d}_s{self.seed}"

    @property
    def pair(self) -> tuple[int, int]:
        """Prompt and seed: what a cell shares with its weight-0 picture."""
        return (self.prompt, self.seed)


@dataclass(frozen=True)
class Cost:
    """What a plan takes: pictures, denoiser evaluations, changes of the LoRA weight."""

    pictures: int
    evaluations: int
    merges: int


@dataclass(frozen=True)
class ScanPlan:
    """A scan. Weights are cleaned and always contain 0.

    Attributes:
        loras: the LoRA, or several that are scanned together.
        prompts: at least one.
        seeds: at least one; each is used with each prompt.
        weights: raw weights, ascending.
        part: the part of the LoRA that takes the weight.
        held: weight of the other part, when ``part`` is not both; 0 at weight 0.
        negative_prompt: the same for every picture.
        negative_word: added to the negative prompt wherever the LoRA is loaded; for LoRAs that
            are used together with their word there. It makes a scan of one weight an A/B picture.
        sampling: the same for every picture.
        checkpoint: short hash of the checkpoint.
        facts: whatever else decides a host's pictures (VAE, clip skip …), for the plan's hash.

    Raises:
        PlanError: when the plan cannot be carried out.
    """

    loras: tuple[ScannedLora, ...]
    prompts: tuple[ScanPrompt, ...]
    seeds: tuple[int, ...]
    weights: tuple[float, ...] = ARTICLE
    part: LoraPart = LoraPart.BOTH
    held: float = 0.0
    negative_prompt: str = ""
    negative_word: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    checkpoint: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        try:
            weights = check_weights((*self.weights, 0.0))
        except WeightListError as problem:
            raise PlanError(said_by(problem)) from problem
        object.__setattr__(self, "weights", tuple(sorted(weights)))
        for problem_text in _problems(self):
            raise PlanError(problem_text)

    @property
    def is_comparison(self) -> bool:
        """Whether there is one weight besides 0: pictures with and without the LoRA."""
        return len(self.weights) == 2

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Every prompt index with every seed."""
        return tuple((prompt, seed) for prompt in range(len(self.prompts)) for seed in self.seeds)

    @property
    def cost(self) -> Cost:
        """What the whole plan takes."""
        pictures = len(self.weights) * len(self.pairs)
        return Cost(pictures, pictures * self.sampling.evaluations, len(self.weights))

    @property
    def name(self) -> str:
        """The LoRA, or the LoRAs, for people."""
        return " + ".join(lora.name for lora in self.loras)

    @property
    def masks(self) -> str:
        """The blocks that the LoRA is kept to, for people; with names where there are several."""
        if len(self.loras) == 1:
            return self.loras[0].blocks
        return ", ".join(f"{lora.name} {lora.blocks}" for lora in self.loras if lora.blocks)

    def cells(self) -> Iterator[ScanCell]:
        """Yield all cells in the order of making.

        Weight 0 comes first, since every measure compares with it, then outwards, the negative
        weight before the positive: a scan that is stopped early still knows the inner weights.
        """
        for weight in sorted(self.weights, key=lambda value: (abs(value), value)):
            for prompt, seed in self.pairs:
                yield ScanCell(weight, prompt, seed)

    def settings(self, weight: float) -> tuple[LoraSetting, ...]:
        """Return the raw weights of every LoRA in a cell of this weight; none at 0."""
        if weight == 0:
            return ()
        return tuple(self._setting(lora, weight * lora.factor) for lora in self.loras)

    def batch(self, cells: tuple[ScanCell, ...]) -> ScanBatch:
        """Return the request for cells that share one weight."""
        (weight,) = {cell.weight for cell in cells}
        word = self.negative_word if weight else ""
        negative = ", ".join(part for part in (self.negative_prompt, word) if part)
        requests = tuple(
            ImageRequest(self.prompts[cell.prompt].text, negative, cell.seed) for cell in cells
        )
        return ScanBatch(self.settings(weight), requests, self.sampling)

    def _setting(self, lora: ScannedLora, weight: float) -> LoraSetting:
        te = self.held if self.part is LoraPart.UNET else weight
        unet = self.held if self.part is LoraPart.TEXT_ENCODER else weight
        # As R12 does: a tag that does not reach the denoiser has no mask.
        blocks = lora.blocks if round(unet, 6) else ""
        return LoraSetting(lora.name, round(te, 6), round(unet, 6), blocks=blocks)

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON types; `from_record` reads it."""
        record: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        if not self.negative_word:
            del record["negative_word"]
        for lora in record["loras"]:
            if not lora["blocks"]:
                del lora["blocks"]
        return record

    @property
    def digest(self) -> str:
        """Hash of everything that decides the pictures: equal digests can share a folder."""
        text = json.dumps(self.record(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def key(self, *, quick: bool = False) -> str:
        """Return what a scan of this plan is found by: in its folder's name, and at its LoRA."""
        return f"{self.digest[:KEY_LENGTH]}{QUICK_SUFFIX if quick else ''}"


def from_record(record: Mapping[str, Any]) -> ScanPlan:
    """Return the plan that `ScanPlan.record` wrote.

    Raises:
        PlanError: when the record is of another shape.
    """
    try:
        return ScanPlan(
            loras=tuple(ScannedLora(**item) for item in record["loras"]),
            prompts=tuple(ScanPrompt(**item) for item in record["prompts"]),
            seeds=tuple(record["seeds"]),
            weights=tuple(record["weights"]),
            part=LoraPart(record["part"]),
            held=record["held"],
            negative_prompt=record["negative_prompt"],
            negative_word=record.get("negative_word", ""),
            sampling=Sampling(**record["sampling"]),
            checkpoint=record["checkpoint"],
            facts=tuple((key, value) for key, value in record["facts"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise PlanError(f"not a plan of this version: {problem}") from problem


def _problems(plan: ScanPlan) -> Iterator[str]:
    yield from _lora_problems(plan)
    if not plan.prompts or any(not prompt.text.strip() for prompt in plan.prompts):
        yield "give at least one prompt, and no empty ones"
    if len({prompt.text for prompt in plan.prompts}) < len(plan.prompts):
        yield "the same prompt stands twice; use another seed for a second picture of it"
    if not plan.seeds:
        yield "give at least one seed"
    if any(not 0 <= seed <= MAX_SEED for seed in plan.seeds):
        yield f"seeds are 0 to {MAX_SEED}; a scan needs fixed ones, so -1 cannot be used"
    if len(set(plan.seeds)) < len(plan.seeds):
        yield "the same seed stands twice"
    yield from _sampling_problems(plan.sampling)
    if plan.cost.pictures > MAX_PICTURES:
        yield f"{plan.cost.pictures} pictures are more than {MAX_PICTURES}"


def _lora_problems(plan: ScanPlan) -> Iterator[str]:
    if not plan.loras or any(not lora.name for lora in plan.loras):
        yield "choose a LoRA"
    if len({lora.name for lora in plan.loras}) < len(plan.loras):
        yield "the same LoRA is chosen twice"
    for lora in plan.loras:
        if lora.blocks and read_blocks(lora.blocks) is None:
            yield f"{lora.blocks} names no blocks"
    if any(lora.factor == 0 for lora in plan.loras):
        yield "a LoRA with factor 0 would not take part"
    if len(plan.weights) < 2:
        yield "give at least one weight besides 0"


def _sampling_problems(sampling: Sampling) -> Iterator[str]:
    if sampling.steps < 1:
        yield "give at least one sampling step"
    if not 1 <= sampling.cfg <= 100:
        yield "the CFG scale must be 1 to 100"
    if not all(16 <= side <= MAX_SIDE for side in (sampling.width, sampling.height)):
        yield f"width and height must be 16 to {MAX_SIDE}"
