"""What a trainer wrote into ``__metadata__``: data folders, captions, network, titles.

Read are kohya's ``ss_*`` (sd-scripts ``train_network.py``), ``modelspec.*`` (Stability-AI
ModelSpec 1.0.1), ai-toolkit's ``software``, OneTrainer's ``ot_*`` and the adapter configuration
of diffusers and PEFT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from .lenient import (
    MAX_JSON_CHARACTERS,
    as_count,
    as_flag,
    as_items,
    as_mapping,
    as_number,
    as_text,
    as_texts,
    as_weight,
    too_long,
)

_REPEATS = re.compile(r"^(\d{1,6})_(.*)$", re.DOTALL)
_NO_TAGS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Subset:
    """One folder of training pictures.

    Attributes:
        folder: its base name (``10_trigger class``).
        repeats: how often each picture was shown per epoch.
        images: real pictures in it, repeats not counted; ``None`` if unknown.
        tags: on how many captions each comma-separated piece stands, as the trainer counted.
        class_tokens: the caption of pictures without a caption file.
        caption_prefix: put before every caption.
        keep_tokens: pieces at the caption's head that were never shuffled away.
        keep_separator: the mark that ends the kept head, if one was set.
        is_reg: regularisation pictures: what the LoRA must *not* learn.
    """

    folder: str
    repeats: int = 1
    images: int | None = None
    tags: Mapping[str, int] = field(default_factory=lambda: _NO_TAGS)
    class_tokens: str = ""
    caption_prefix: str = ""
    keep_tokens: int = 0
    keep_separator: str = ""
    is_reg: bool = False

    @property
    def label(self) -> str:
        """The folder's name without the repeats (``trigger class``)."""
        match = _REPEATS.match(self.folder)
        return (match.group(2) if match else self.folder).strip()


@dataclass(frozen=True)
class TrainingFacts:
    """The metadata of one file, understood.

    Attributes:
        trainer: ``kohya``, ``ai-toolkit``, ``onetrainer``, ``diffusers`` or ``unknown``.
        output_name: ``ss_output_name``: the alias under which hosts know the file.
        model_hash: ``sshs_model_hash``: the digest of the tensors, lower case.
        base: what is said of the base model, for `ModelFamily`; several where sources differ.
        network: name of the network module.
        algorithm: what ``ss_network_args`` and the module say, or empty.
        rank: ``ss_network_dim`` or the adapter's ``r``.
        alpha: ``ss_network_alpha``.
        subsets: the data folders, each once.
        title: ``modelspec.title``.
        description: ``modelspec.description``.
        usage_hint: ``modelspec.usage_hint``.
        trigger_phrase: ``modelspec.trigger_phrase``, or ai-toolkit's word.
        trigger_words: those that forks of OneTrainer write, ``ot_trigger_words``.
        categories: ``modelspec.tags``.
        comment: ``ss_training_comment``.
        negative: marked as a negative by ``modelspec.is_negative_embedding``.
        default_weight: the one that SwarmUI's users note, ``modelspec.lora_default_weight``.
        problems: what there is more of than is read.
    """

    trainer: str = "unknown"
    output_name: str = ""
    model_hash: str = ""
    base: tuple[str, ...] = ()
    network: str = ""
    algorithm: str = ""
    rank: int | None = None
    alpha: float | None = None
    subsets: tuple[Subset, ...] = ()
    title: str = ""
    description: str = ""
    usage_hint: str = ""
    trigger_phrase: str = ""
    trigger_words: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    comment: str = ""
    negative: bool = False
    default_weight: float | None = None
    problems: tuple[str, ...] = ()

    @property
    def own_subsets(self) -> tuple[Subset, ...]:
        """The folders that the LoRA was to learn."""
        return tuple(subset for subset in self.subsets if not subset.is_reg)

    @property
    def image_count(self) -> int | None:
        """Real pictures over all own folders; ``None`` if a folder's count is missing."""
        counts = [subset.images for subset in self.own_subsets]
        known = [count for count in counts if count is not None]
        return sum(known) if known and len(known) == len(counts) else None


def read_training(metadata: Mapping[str, Any]) -> TrainingFacts:
    """Understand the metadata of a header; foreign or broken values count as missing."""
    if not metadata:
        return TrainingFacts()
    args = as_mapping(metadata.get("ss_network_args"))
    network = as_text(metadata.get("ss_network_module"))
    subsets = _read_subsets(metadata)
    return TrainingFacts(
        trainer=_trainer(metadata),
        output_name=as_text(metadata.get("ss_output_name")),
        model_hash=as_text(metadata.get("sshs_model_hash")).lower(),
        base=_base_names(metadata),
        network=network,
        algorithm=_algorithm(network, args),
        rank=_rank(metadata),
        alpha=as_number(metadata.get("ss_network_alpha")),
        subsets=subsets,
        title=as_text(metadata.get("modelspec.title")),
        description=as_text(metadata.get("modelspec.description")),
        usage_hint=as_text(metadata.get("modelspec.usage_hint")),
        trigger_phrase=as_text(metadata.get("modelspec.trigger_phrase")),
        trigger_words=_words(metadata.get("ot_trigger_words")),
        categories=_split_list(metadata.get("modelspec.tags")),
        comment=as_text(metadata.get("ss_training_comment")),
        negative=as_flag(metadata.get("modelspec.is_negative_embedding")),
        default_weight=as_weight(metadata.get("modelspec.lora_default_weight")) or None,
        problems=(*too_long(metadata, _TEXTS), *_too_much(metadata, subsets)),
    )


_TEXTS = frozenset(
    {
        *("modelspec.title", "modelspec.description", "modelspec.usage_hint"),
        *("modelspec.trigger_phrase", "modelspec.tags", "ss_training_comment", "ot_trigger_words"),
    }
)
_TABLES = ("ss_tag_frequency", "ss_datasets", "ss_dataset_dirs", "ss_reg_dataset_dirs")


def _too_much(metadata: Mapping[str, Any], subsets: tuple[Subset, ...]) -> Iterator[str]:
    for key in _TABLES:
        value = metadata.get(key)
        if isinstance(value, str) and len(value) > MAX_JSON_CHARACTERS:
            yield (
                f"its {key!r} has {len(value):,} characters and was not read: up to "
                f"{MAX_JSON_CHARACTERS:,} would be"
            )
    if len(subsets) >= _MOST_FOLDERS:
        yield f"of its training folders only the first {_MOST_FOLDERS:,} were read"


def _words(value: object) -> tuple[str, ...]:
    """Read a list as JSON, else one with commas or lines."""
    return as_texts(value) or tuple(
        word.strip() for word in re.split("[,;\n]", as_text(value)) if word.strip()
    )


def _split_list(value: object) -> tuple[str, ...]:
    parts = (part.strip().lower() for part in as_text(value).split(","))
    return tuple(part for part in parts if part)


def _trainer(metadata: Mapping[str, Any]) -> str:
    if as_text(as_mapping(metadata.get("software")).get("name")).lower() == "ai-toolkit":
        return "ai-toolkit"
    if "ot_branch" in metadata or "ot_revision" in metadata:
        return "onetrainer"
    if "ss_network_module" in metadata or "ss_session_id" in metadata:
        return "kohya"
    if _adapter_config(metadata):
        return "diffusers"
    return "unknown"


def _base_names(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    names = [
        as_text(metadata.get("ss_base_model_version")),
        as_text(metadata.get("modelspec.architecture")),
        as_text(metadata.get("modelspec.implementation")),
    ]
    if as_flag(metadata.get("ss_v2")):
        names.append("sd_v2")
    return tuple(name for name in names if name)


def _algorithm(network: str, args: Mapping[str, Any]) -> str:
    algorithm = as_text(args.get("algo")).lower()
    if not algorithm and "oft" in network:
        algorithm = "oft"
    if not algorithm and network.startswith("networks.lora"):
        algorithm = "lora"
    if algorithm in ("lora", "locon", "") and as_flag(args.get("dora_wd")):
        return "dora"
    return "lora" if algorithm == "locon" else algorithm


def _adapter_config(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("lora_adapter_metadata", "adapter_config", "unet.lora_adapter_metadata"):
        config = as_mapping(metadata.get(key))
        if config:
            return config
    return {}


def _rank(metadata: Mapping[str, Any]) -> int | None:
    rank = as_count(metadata.get("ss_network_dim"))
    if rank is None:
        config = _adapter_config(metadata)
        # diffusers stores one adapter's settings per component, as "transformer.r".
        values = [config[key] for key in config if key == "r" or key.endswith(".r")]
        rank = as_count(values[0]) if values else None
    return rank or None


def _read_subsets(metadata: Mapping[str, Any]) -> tuple[Subset, ...]:
    subsets: dict[str, Subset] = {}
    for dataset in as_items(metadata.get("ss_datasets")):
        if isinstance(dataset, dict) and len(subsets) < _MOST_FOLDERS:
            _add_dataset(subsets, dataset)
    if not any(subset.tags for subset in subsets.values()):
        _add_folders(subsets, metadata)
    return tuple(subsets.values())


def _add_dataset(subsets: dict[str, Subset], dataset: Mapping[str, Any]) -> None:
    tables = as_mapping(dataset.get("tag_frequency"))
    for entry in as_items(dataset.get("subsets")):
        if not isinstance(entry, dict):
            continue
        folder = _base_name(as_text(entry.get("image_dir")))
        table = _base_name(as_text(entry.get("metadata_file"))) or folder
        name = table or folder
        # A folder trained at several resolutions is one set of pictures.
        if not name or name in subsets or len(subsets) >= _MOST_FOLDERS:
            continue
        subsets[name] = Subset(
            folder=name,
            repeats=as_count(entry.get("num_repeats")) or 1,
            images=as_count(entry.get("img_count")),
            tags=_counts(tables.get(table, tables.get(folder))),
            class_tokens=as_text(entry.get("class_tokens")),
            caption_prefix=as_text(entry.get("caption_prefix")),
            keep_tokens=as_count(entry.get("keep_tokens")) or 0,
            keep_separator=as_text(entry.get("keep_tokens_separator")),
            is_reg=as_flag(entry.get("is_reg")),
        )


_MOST_FOLDERS = 20_000
_MOST_CAPTIONS = 10**12
"""Folders of a data set that are read, and captions that a tag can stand on; more is no count."""


def _add_folders(subsets: dict[str, Subset], metadata: Mapping[str, Any]) -> None:
    """Add what the older, flat keys say; a folder known already only gains its captions."""
    tables = as_mapping(metadata.get("ss_tag_frequency"))
    folders = as_mapping(metadata.get("ss_dataset_dirs"))
    reg_folders = as_mapping(metadata.get("ss_reg_dataset_dirs"))
    keep = as_count(metadata.get("ss_keep_tokens")) or 0
    for name in islice(dict.fromkeys((*folders, *tables, *reg_folders)), _MOST_FOLDERS):
        known = subsets.get(name)
        entry = as_mapping(folders.get(name, reg_folders.get(name)))
        match = _REPEATS.match(name)
        folder_repeats = int(match.group(1)) if match else 1
        subsets[name] = Subset(
            folder=name,
            repeats=known.repeats if known else as_count(entry.get("n_repeats")) or folder_repeats,
            images=known.images if known else as_count(entry.get("img_count")),
            tags=_counts(tables.get(name)),
            class_tokens=known.class_tokens if known else "",
            caption_prefix=known.caption_prefix if known else "",
            keep_tokens=known.keep_tokens if known else keep,
            keep_separator=known.keep_separator if known else "",
            is_reg=known.is_reg if known else name in reg_folders and name not in folders,
        )


def _counts(value: object) -> Mapping[str, int]:
    table = as_mapping(value)
    if not table:
        return _NO_TAGS
    counts = table.values()
    if {*map(type, counts)} == {int} and min(counts) > 0 and max(counts) <= _MOST_CAPTIONS:
        return table
    return {
        tag: count
        for tag, count in table.items()
        if type(count) is int and 0 < count <= _MOST_CAPTIONS
    }


def _base_name(path: str) -> str:
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
