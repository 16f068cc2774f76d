"""What is known of one LoRA file, each fact with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from .families import ModelFamily


class LoraType(str, Enum):
    """What a LoRA was trained for; decides which negative weights are safe."""

    STYLE = "style"
    CONCEPT = "concept"
    CHARACTER = "character"
    DEDICATED_NEGATIVE = "dedicated_negative"
    """Trained on spoilt pictures to be loaded at −1."""
    TRIGGER_NEGATIVE = "trigger_negative"
    """Loaded at a positive weight, with its trigger in the negative prompt (``wrong``)."""
    SLIDER = "slider"
    ACCELERATOR = "accelerator"
    """Makes a model need fewer steps (LCM, Lightning, Hyper, Turbo, DMD2 …)."""
    UNKNOWN = "unknown"


TYPE_BY_USER = "you set this LoRA's type"
"""The reason for a type that the user chose."""

WORD_BY_USER = "you named this word"
"""The source of a trigger that the user chose."""


class DataWidth(str, Enum):
    """How wide the training data is, by real images (repeats not counted)."""

    NARROW = "narrow"
    NORMAL = "normal"
    WIDE = "wide"
    UNKNOWN = "unknown"


class RangeSource(str, Enum):
    """Where a weight range comes from, weakest first."""

    TYPE = "type"
    SIDECAR = "sidecar"
    MEASURED = "measured"
    USER = "user"


@dataclass(frozen=True)
class WeightRange:
    """The weights at which a LoRA is safe.

    Attributes:
        floor: lowest safe weight, ≤ 0; ``None`` when there is no lower bound.
        ceiling: highest safe weight; ``None`` when none is known.
        sweet_spot: the part of the negative range that works best, ``(nearest 0, farthest)``.
        source: who says so.
        reference: the place it was read from, for people.
    """

    floor: float | None
    ceiling: float | None = None
    sweet_spot: tuple[float, float] | None = None
    source: RangeSource = RangeSource.TYPE
    reference: str = ""


QUICK_SUFFIX = "-quick"
"""Ends the key of a quick scan, which makes no pictures."""


@dataclass(frozen=True)
class ScanBracket:
    """The two numbers of a weight scan.

    Attributes:
        suppression: strength of the effect per unit of negative weight; ``None`` if none was seen.
        bleeding_onset: the weight (≤ 0) where damage starts; ``None`` if none was seen.
        onset_band: weights between which the onset lies.
        checkpoint: short hash of the checkpoint the scan ran on.
        scan: hash of the scan's plan, by which its pictures are found again; with
            `QUICK_SUFFIX` for a quick scan.
        date: when it was kept, as ``2026-11-21``.
        curve: damage by weight as the scan saw it, in units of its band (1 is where it is seen),
            weights of 0 and below, the lowest first; empty where it was not kept.
    """

    suppression: float | None
    bleeding_onset: float | None
    onset_band: tuple[float, float] | None
    checkpoint: str
    scan: str = ""
    date: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def is_quick(self) -> bool:
        """Whether a scan without pictures found it, which never widens a range."""
        return self.scan.endswith(QUICK_SUFFIX)


@dataclass(frozen=True)
class TypeInference:
    """A type with the confidence (0–1) and the reasons for it, strongest first."""

    type: LoraType = LoraType.UNKNOWN
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trigger:
    """A word or phrase that switches the LoRA on, as its author wrote it.

    ``confidence`` is 0–1; ``source`` names the field it was read from, for people.
    """

    text: str
    source: str
    confidence: float


class TagTableKind(str, Enum):
    """How far a table of caption tags can be believed."""

    RICH = "rich"
    """Comma-separated tags of real captions."""
    PROSE = "prose"
    """Sentences that were split at their commas."""
    FAKE = "fake"
    """Written by a trainer only to carry the trigger word."""
    NONE = "none"


@dataclass(frozen=True)
class TagTable:
    """Share of the captions (0–1) on which each tag stands, by normalised tag.

    Normalised: lower case, ``_`` as a space, brackets not escaped, single spaces.
    """

    kind: TagTableKind = TagTableKind.NONE
    shares: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    captions: int = 0


@dataclass(frozen=True)
class LoraParts:
    """Which parts of the model the file changes."""

    text_encoder: bool
    unet: bool
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoraCard:
    """All that is known of one LoRA.

    Attributes:
        name: the name the host knows the file by (its stem).
        path: the file; empty for a card made by hand.
        alias: ``ss_output_name``, or the name.
        title: the model page's title, or empty.
        family: the model family it was made for.
        family_candidates: where the tensors fit several families and nothing names one: those.
        key_format: naming of its tensors (``kohya``, ``diffusers``, ``peft`` …), or ``unknown``.
        algorithm: ``lora``, ``loha``, ``lokr``, ``dora`` …, or ``unknown``.
        weight_decomposed: its delta depends on the weight it is added to (DoRA), so the order
            of stacked LoRAs matters.
        rank: of its matrices; ``None`` if unknown or mixed.
        parts: which parts it changes; ``None`` when the tensors are unknown.
        inference: its type with confidence and reasons.
        triggers: strongest first; never a generic word.
        tags: shares of the captions.
        image_count: real training images, repeats not counted; ``None`` if unknown.
        data_width: narrow, normal, wide or unknown.
        preferred_weight: as the user or the author noted it, in a field or in the page's words.
        activation_text: the words the host inserts with the tag.
        negative_text: its own recommended negative prompt (R2c).
        ranges: every range known of it but the type's, in any order.
        bundled_embeddings: names of embeddings inside the file.
        guard_off: the user exempted it from every rule.
        problems: what is wrong with the file or its side files, for people.
        model_hash: ``sshs_model_hash``, by which infotexts name the file, or empty.
        bracket: what a weight scan found and the user kept; ``None`` without one.
        block_mask: blocks that the user keeps it to, as a tag's ``blocks`` argument; empty for all.
    """

    name: str
    path: str = ""
    alias: str = ""
    title: str = ""
    family: ModelFamily = ModelFamily.UNKNOWN
    family_candidates: tuple[ModelFamily, ...] = ()
    key_format: str = "unknown"
    algorithm: str = "unknown"
    weight_decomposed: bool = False
    rank: int | None = None
    parts: LoraParts | None = None
    inference: TypeInference = TypeInference()
    triggers: tuple[Trigger, ...] = ()
    tags: TagTable = field(default_factory=TagTable)
    image_count: int | None = None
    data_width: DataWidth = DataWidth.UNKNOWN
    preferred_weight: float | None = None
    activation_text: str = ""
    negative_text: str = ""
    ranges: tuple[WeightRange, ...] = ()
    bundled_embeddings: tuple[str, ...] = ()
    guard_off: bool = False
    problems: tuple[str, ...] = ()
    model_hash: str = ""
    bracket: ScanBracket | None = None
    block_mask: str = ""

    @property
    def identity(self) -> str:
        """What makes two names the same file."""
        return self.path or self.name
