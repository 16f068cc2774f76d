"""Everything known of one LoRA that can speak for a type, collected in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .sidecars import SideFacts
from .tagtable import build_tag_table
from .training import TrainingFacts

MAX_DESCRIPTION = 4000
"""Characters of a page that are looked at; what a LoRA is stands in its first paragraphs."""


@dataclass(frozen=True)
class TypeEvidence:
    """What type inference looks at; every field may be empty.

    Attributes:
        names: file stem, alias, titles; the author's own words, most reliable first.
        hints: ``modelspec.usage_hint`` and trigger phrase.
        description: of the page or the metadata.
        notes: the user's own.
        categories: tags of the model page and ``modelspec.tags``, lower case.
        folder: name of the folder that holds the file.
        trained_words: trigger phrases of the page and activation texts.
        labels: names of the training folders without their repeats.
        sample_negatives: negative prompts of the page's pictures.
        sample_weights: weights of this LoRA in the page's pictures.
        images: real training images.
        subsets: number of own training folders.
        common_tags: tags on at least half of the captions.
        has_metadata: the trainer wrote anything at all.
        text_encoder: the file changes the text encoder; ``None`` if unknown.
        rank: of its matrices.
        marked_negative: ``modelspec.is_negative_embedding``.
    """

    names: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    description: str = ""
    notes: str = ""
    categories: tuple[str, ...] = ()
    folder: str = ""
    trained_words: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    sample_negatives: tuple[str, ...] = ()
    sample_weights: tuple[float, ...] = ()
    images: int | None = None
    subsets: int = 0
    common_tags: tuple[str, ...] = ()
    has_metadata: bool = False
    text_encoder: bool | None = None
    rank: int | None = None
    marked_negative: bool = False


def collect_evidence(
    name: str, folder: str, training: TrainingFacts, sides: Sequence[SideFacts]
) -> TypeEvidence:
    """Collect from the metadata and the side files; tensors are added by the caller."""
    titles = (side.title for side in sides)
    table = build_tag_table(training.own_subsets)
    words = [word for side in sides for word in side.trained_words]
    words += [side.activation_text for side in sides]
    return TypeEvidence(
        names=_distinct((name, training.output_name, training.title, *titles)),
        hints=_distinct((training.usage_hint, training.trigger_phrase)),
        description=_first((*(s.description for s in sides), training.description)),
        notes="\n".join(_distinct((*(side.notes for side in sides), training.comment))),
        categories=_distinct(
            (*(tag for side in sides for tag in side.categories), *training.categories)
        ),
        folder=folder,
        trained_words=_distinct(words),
        labels=_distinct(subset.label for subset in training.own_subsets),
        sample_negatives=tuple(text for side in sides for text in side.sample_negatives),
        sample_weights=_first_weights(sides),
        images=training.image_count,
        subsets=len(training.own_subsets),
        common_tags=tuple(tag for tag, share in table.shares.items() if share >= 0.5),
        has_metadata=training.trainer != "unknown" or bool(training.subsets),
        marked_negative=training.negative,
    )


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _first(texts: Sequence[str]) -> str:
    return next((text[:MAX_DESCRIPTION] for text in texts if text), "")


def _first_weights(sides: Sequence[SideFacts]) -> tuple[float, ...]:
    return next((side.sample_weights for side in sides if side.sample_weights), ())
