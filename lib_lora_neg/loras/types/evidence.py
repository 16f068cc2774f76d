"""Everything known of one LoRA that can speak for a type, collected in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from ..card import TagTable, TagTableKind
from ..reading.side_facts import SideFacts
from ..reading.training import TrainingFacts

MAX_DESCRIPTION = 4000
"""Characters of a page that are looked at; what a LoRA is stands in its first paragraphs."""

MAX_COMMON_TAGS = 40
"""More tags shared by half of the captions add nothing to what the first ones show."""


@dataclass(frozen=True)
class TypeEvidence:
    """What type inference looks at; every field may be empty.

    Attributes:
        names: file stem, alias, titles; the author's own words, most reliable first.
        titles: those of them that stand on a page or in ``modelspec.title``.
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
        common_tags: tags on at least half of the captions, if they can be believed.
        captions: captions behind them; 0 where there are none to believe.
        marked_negative: ``modelspec.is_negative_embedding``.
    """

    names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
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
    captions: int = 0
    marked_negative: bool = False


def collect_evidence(
    name: str,
    folder: str,
    training: TrainingFacts,
    sides: Sequence[SideFacts],
    table: TagTable,
    frequent: Iterable[str] = (),
) -> TypeEvidence:
    """Collect from the metadata, the captions (``frequent``: tags of many) and the side files."""
    titles = _distinct((*(side.title for side in sides), training.title))
    rich = table.kind is TagTableKind.RICH
    words = [word for side in sides for word in side.trained_words]
    words += [side.activation_text for side in sides]
    return TypeEvidence(
        names=_distinct((name, training.output_name, *titles)),
        titles=titles,
        hints=_distinct(
            (
                training.usage_hint,
                training.trigger_phrase,
                *(side.usage_hint for side in sides),
            )
        ),
        description=_first((*(s.description for s in sides), training.description)),
        notes="\n".join(_distinct((*(side.notes for side in sides), training.comment))),
        categories=_distinct(
            (*(tag for side in sides for tag in side.categories), *training.categories)
        ),
        folder=folder,
        trained_words=_distinct(words),
        labels=_labels(training),
        sample_negatives=tuple(text for side in sides for text in side.sample_negatives),
        sample_weights=_first_weights(sides),
        images=training.image_count,
        subsets=len(training.own_subsets),
        common_tags=tuple(islice(frequent, MAX_COMMON_TAGS)) if rich else (),
        captions=table.captions if rich else 0,
        marked_negative=training.negative,
    )


def _labels(training: TrainingFacts) -> tuple[str, ...]:
    """Folder names of the form ``10_trigger class``; others were not named for training."""
    own = training.own_subsets
    return _distinct(subset.label for subset in own if subset.label != subset.folder)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _first(texts: Sequence[str]) -> str:
    return next((text[:MAX_DESCRIPTION] for text in texts if text), "")


def _first_weights(sides: Sequence[SideFacts]) -> tuple[float, ...]:
    return next((side.sample_weights for side in sides if side.sample_weights), ())
