"""Records of model pages (``civitai_loras.jsonl``, ``role_gold.jsonl``) as side files."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from lib_lora_neg.loras.build import build_card
from lib_lora_neg.loras.card import LoraCard, TagTable
from lib_lora_neg.loras.reading.sidecars import SideFacts
from lib_lora_neg.loras.reading.training import TrainingFacts
from lib_lora_neg.loras.types.evidence import TypeEvidence, collect_evidence

_ROLES = (
    ("slider", "slider"),
    ("dedicated_negative", "dedicated_negative"),
    ("trigger_negative", "trigger_negative"),
)


def side_of(record: dict[str, Any], *, hide_tags: bool) -> SideFacts:
    """Return what the page says; with ``hide_tags`` only names, words, files and description."""
    text = record.get("description") or ""
    weights: tuple[float, ...] = ()
    if not hide_tags:
        text = "\n".join((text, *(record.get("strength_hints") or ())))
        weights = _weights(record.get("observed") or {})
    return SideFacts(
        source="page",
        title=record.get("name") or "",
        base_model=record.get("baseModel") or "",
        categories=() if hide_tags else tuple(tag.lower() for tag in record.get("tags") or ()),
        trained_words=tuple(record.get("trainedWords") or ()),
        description=text,
        sample_weights=weights,
    )


def _weights(observed: dict[str, Any]) -> tuple[float, ...]:
    """Rebuild sample weights from their quartiles and the count of negative ones."""
    own = observed.get("own_tag_weights") or {}
    count = int(own.get("n") or 0)
    if not count:
        return ()
    marks = [own[key] for key in ("min", "p25", "median", "p75", "max") if key in own]
    return tuple(float(marks[index * len(marks) // count]) for index in range(count))


def stem_of(record: dict[str, Any]) -> str:
    files = record.get("files") or [record.get("name") or "unnamed"]
    name = PurePath(str(files[0])).name
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.lower() in ("safetensors", "pt", "ckpt") else name


def card_of(record: dict[str, Any], *, hide_tags: bool) -> LoraCard:
    return build_card(name=stem_of(record), sidecars=(side_of(record, hide_tags=hide_tags),))


def evidence_of(record: dict[str, Any], *, hide_tags: bool) -> TypeEvidence:
    side = side_of(record, hide_tags=hide_tags)
    return collect_evidence(stem_of(record), "", TrainingFacts(), (side,), TagTable())


def label_of(record: dict[str, Any]) -> str:
    """Return the type that the record's own label means, or an empty string."""
    role = record.get("role")
    if role is not None:
        return next((label for prefix, label in _ROLES if role.startswith(prefix)), "ordinary")
    silver = record.get("silver_types") or []
    if "slider_by_name" in silver:
        return "slider"
    if "character" in silver or "character_real" in silver:
        return "character"
    if "style" in silver:
        return "style"
    return "concept" if {"concept", "tool"} & set(silver) else ""
