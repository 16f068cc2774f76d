"""A file and its side files become a `LoraCard`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ..regular import open_regular
from .card import (
    TYPE_BY_USER,
    LoraCard,
    LoraParts,
    ScanBracket,
    Trigger,
    TypeInference,
    WeightRange,
)
from .families import FLUX_FAMILIES, ModelFamily
from .families.architecture import family_of_keys, resolve_family
from .families.base_names import family_of_name
from .families.dit import FamilyEvidence
from .reading.header import SNIFFED_BYTES, Header, LoraFileError, foreign_kind, read_header
from .reading.keys import KeyFacts, read_keys
from .reading.lenient import as_text
from .reading.side_facts import SideFacts
from .reading.side_layouts import PAGE_RANGE
from .reading.sidecars import SIDE_SUFFIXES, read_side_files
from .reading.stated_weight import stated_weight
from .reading.training import TrainingFacts, read_training
from .tagtable import build_tag_table, data_width, frequent_tags
from .triggers import find_triggers
from .types.evidence import collect_evidence
from .types.inference import infer_type
from .types.roles import find_role
from .types.statements import Role


def read_card(
    path: str | os.PathLike[str], side_suffixes: Iterable[str] = SIDE_SUFFIXES
) -> LoraCard:
    """Read the LoRA file at ``path`` and the side files next to it.

    Args:
        path: a ``.safetensors`` file.
        side_suffixes: which side files to try, where a directory listing knows which exist.

    Raises:
        LoraFileError: when the LoRA file itself is broken. A broken side file only becomes one
            of the card's ``problems``.
    """
    file = Path(path)
    header = read_header(file)
    sides, problems = read_side_files(file, side_suffixes, _hashes(header))
    card = build_card(name=file.stem, path=str(file), header=header, sidecars=sides)
    return replace(card, problems=(*card.problems, *problems)) if problems else card


def read_any_card(
    path: str | os.PathLike[str], side_suffixes: Iterable[str] = SIDE_SUFFIXES
) -> LoraCard:
    """Read a LoRA as `read_card`; of a file that is broken, or of another format, its side files.

    What is wrong with the file is then the first of the card's ``problems``.
    """
    file = Path(path)
    try:
        if file.suffix.lower() != ".safetensors":
            raise LoraFileError(file, _kind_of_other(file) or "not safetensors: unread")
        return read_card(file, side_suffixes)
    except LoraFileError as error:
        sides, problems = read_side_files(file, side_suffixes)
        card = build_card(name=file.stem, path=str(file), sidecars=sides)
        return replace(card, problems=(error.fault, *card.problems, *problems))


def _kind_of_other(file: Path) -> str:
    """Return what a ``.pt`` or ``.ckpt`` is if it is none, as a page saved instead of it."""
    try:
        with open_regular(file) as opened:
            head = opened.read(SNIFFED_BYTES)
    except OSError:
        return ""
    return "" if head.startswith((b"PK", b"\x80")) else foreign_kind(head)


def _hashes(header: Header) -> tuple[str, ...]:
    """Return the digests of the tensors that stand in the file; Civitai's AutoV3 is their head."""
    keys = ("sshs_model_hash", "modelspec.hash_sha256")
    texts = (as_text(header.metadata.get(key)).lower().removeprefix("0x") for key in keys)
    return tuple(text for text in texts if text)


def build_card(
    *,
    name: str,
    path: str = "",
    header: Header | None = None,
    sidecars: Sequence[SideFacts] = (),
) -> LoraCard:
    """Combine what a header and side files say into a card; nothing is read.

    Args:
        name: the file's stem.
        path: the file, or empty.
        header: its header, or ``None`` when it is not readable.
        sidecars: what its side files say, the strongest source first.
    """
    training = read_training(header.metadata) if header else TrainingFacts()
    keys = read_keys(header.tensors if header else {})
    allowed = family_of_keys(keys)
    family = resolve_family(allowed, _base_names(training, sidecars))
    table = build_tag_table(training.own_subsets)
    folder = Path(path).parent.name if path else ""
    frequent = frequent_tags(training.own_subsets, table.captions)
    evidence = collect_evidence(name, folder, training, sidecars, table, frequent)
    role = find_role(evidence)
    titles = [side.title for side in sidecars if side.title]
    return LoraCard(
        name=name,
        path=path,
        alias=training.output_name or name,
        title=next(iter(titles), training.title),
        family=family,
        family_candidates=allowed.candidates if family is ModelFamily.UNKNOWN else (),
        key_format=keys.plan.key_format,
        algorithm=_algorithm(keys, training),
        weight_decomposed=keys.plan.weight_decomposed or training.algorithm == "dora",
        rank=keys.rank if keys.rank is not None else _stated_rank(training, keys),
        parts=_name_blocks(keys.plan.parts, family),
        inference=_decided_type(sidecars) or infer_type(evidence, role),
        triggers=_triggers(
            find_triggers(
                training, sidecars, table, frequent, keys.plan.embeddings, evidence.names
            ),
            sidecars,
            role,
        ),
        tags=table,
        image_count=training.image_count,
        data_width=data_width(training.image_count, table, training.own_subsets, frequent),
        preferred_weight=_preferred(sidecars, training),
        activation_text=next((s.activation_text for s in sidecars if s.activation_text), ""),
        negative_text=next((s.negative_text for s in sidecars if s.negative_text), ""),
        ranges=_ranges(sidecars),
        bundled_embeddings=keys.plan.embeddings,
        guard_off=any(side.decision.guard_off for side in sidecars if side.decision),
        problems=(
            *(header.problems if header else ()),
            *training.problems,
            *_contradictions(allowed, training),
        ),
        model_hash=training.model_hash,
        bracket=_bracket(sidecars),
        block_mask=next((s.decision.block_mask for s in sidecars if s.decision), ""),
    )


def _algorithm(keys: KeyFacts, training: TrainingFacts) -> str:
    return (
        keys.plan.algorithm if keys.plan.algorithm != "unknown" else training.algorithm or "unknown"
    )


def _first(values: Iterable[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)


def _preferred(sides: Sequence[SideFacts], training: TrainingFacts) -> float | None:
    """Return the weight that a field names, else the one that a page's words do."""
    named = _first([*(side.preferred_weight for side in sides), training.default_weight])
    if named is not None:
        return named
    return stated_weight(
        text for side in sides for text in (side.notes, side.usage_hint, side.description) if text
    )


def _base_names(training: TrainingFacts, sides: Sequence[SideFacts]) -> tuple[str, ...]:
    """The page's word first: a trainer's stub may only be there for the host's sake."""
    return (*(side.base_model for side in sides if side.base_model), *training.base)


def _stated_rank(training: TrainingFacts, keys: KeyFacts) -> int | None:
    # Tensors of several ranks: the trainer's one number would be wrong.
    return training.rank if not keys.inputs else None


def _name_blocks(parts: LoraParts | None, family: ModelFamily) -> LoraParts | None:
    """Give the blocks of Flux-like models one name, whichever library named the tensors."""
    if parts is None or family not in (*FLUX_FAMILIES, ModelFamily.CHROMA):
        return parts
    blocks = dict.fromkeys(
        block.replace("single_transformer_blocks", "single_blocks").replace(
            "transformer_blocks", "double_blocks"
        )
        for block in parts.blocks
    )
    return replace(parts, blocks=tuple(blocks))


def _decided_type(sides: Sequence[SideFacts]) -> TypeInference | None:
    for side in sides:
        if side.decision is not None and side.decision.type is not None:
            return TypeInference(side.decision.type, 1.0, (TYPE_BY_USER,))
    return None


def _triggers(
    found: tuple[Trigger, ...], sides: Sequence[SideFacts], role: Role | None
) -> tuple[Trigger, ...]:
    """Put the word that goes into the negative prompt first, unless the user decided."""
    decided = any(
        side.decision and (side.decision.triggers is not None or side.decision.type is not None)
        for side in sides
    )
    if decided or role is None or not role.negative_word:
        return found
    word = Trigger(role.negative_word, "put into the negative prompt by its author", 0.95)
    others = (t for t in found if t.text.lower() != role.negative_word.lower())
    return (word, *others)


def _ranges(sides: Sequence[SideFacts]) -> tuple[WeightRange, ...]:
    ranges: list[WeightRange] = []
    for side in sides:
        decision = side.decision
        own = (decision.weight_range, decision.measured) if decision else ()
        ranges.extend(item for item in (*own, side.weight_range) if item is not None)
    # Of two side files, what the user typed goes before what a page recommends.
    return tuple(sorted(ranges, key=lambda item: item.reference == PAGE_RANGE))


def _bracket(sides: Sequence[SideFacts]) -> ScanBracket | None:
    found = (side.decision.bracket for side in sides if side.decision is not None)
    return next((bracket for bracket in found if bracket is not None), None)


def _contradictions(allowed: FamilyEvidence, training: TrainingFacts) -> tuple[str, ...]:
    found = allowed.family if allowed.family is not ModelFamily.UNKNOWN else allowed.likely
    if found is ModelFamily.UNKNOWN:
        return ()
    stated = [(text, family_of_name(text)) for text in training.base]
    possible = (ModelFamily.UNKNOWN, found, *allowed.candidates)
    wrong = [t for t, family in stated if family not in possible]
    if not wrong or any(family in possible[1:] for _, family in stated):
        return ()
    stated_family, real = wrong[0], found.value
    return (f"its metadata says it was made for {stated_family}, its tensors are those of {real}",)
