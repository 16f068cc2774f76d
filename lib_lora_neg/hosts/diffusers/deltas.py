"""What a LoRA file changes of a pipeline's weights, read with the library's own reader.

diffusers and peft understand every naming of the keys (kohya, PEFT, diffusers). They would leave
their layers around the model's own, which costs time in every step, and add where A1111 merges. So
the file is loaded, what it changes is kept apart, and the model is put back as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

from ...branches.deltas import Delta, DenseDelta, LowRankDelta
from ...loras.reading.header import LoraFileError, read_header
from .errors import LoraError
from .quiet import quiet

ADAPTER = "lora_neg_reading"

TEXT_ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")
"""Parts of a pipeline that take the text-encoder weight; the others take the unet weight."""

ModuleKey: TypeAlias = tuple[str, str]
"""A part of the pipeline, and a module's name in it."""


@dataclass(frozen=True, eq=False)
class Network:
    """A LoRA as this pipeline can use it.

    Attributes:
        name: as the catalog has it.
        deltas: what it changes at weight 1.
        unused: modules in the file for which this model has no place.
    """

    name: str
    deltas: Mapping[ModuleKey, Delta]
    unused: int

    @property
    def has_text_encoder(self) -> bool:
        """Whether it changes a text encoder."""
        return any(part in TEXT_ENCODERS for part, _ in self.deltas)


def read_network(pipe: Any, path: Path, name: str) -> Network:
    """Return what the file changes; the pipeline is the same afterwards as before.

    Raises:
        LoraError: the file is damaged, or not for this kind of model.
    """
    try:
        in_file = _modules_in(path)
    except LoraFileError as error:
        raise LoraError(name, error.fault) from error
    had_adapters = bool(_adapters(pipe))
    deltas: dict[ModuleKey, Delta] = {}
    try:
        with quiet(), torch.no_grad():
            pipe.load_lora_weights(
                str(path.parent),
                weight_name=path.name,
                adapter_name=ADAPTER,
                local_files_only=True,
            )
            deltas = dict(_collect(pipe))
    except Exception as error:  # whatever a reader of other people's files may raise
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
        fault = f"{type(error).__name__}: {reason}".rstrip(": ")
        raise LoraError(name, f"does not fit this model ({fault})") from error
    finally:
        _unload(pipe, had_adapters)
    if not deltas:
        raise LoraError(name, "none of its tensors belongs to this model: it is of another family")
    return Network(name, deltas, max(0, in_file - len(deltas)))


def _collect(pipe: Any) -> Iterator[tuple[ModuleKey, Delta]]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for part, model in pipe.components.items():
        if not isinstance(model, torch.nn.Module):
            continue
        for name, layer in model.named_modules():
            if isinstance(layer, BaseTunerLayer) and _has(layer):
                yield (part, name), _delta(layer)


def _has(layer: Any) -> bool:
    return any(ADAPTER in getattr(layer, names, {}) for names in layer.adapter_layer_names)


def _delta(layer: Any) -> Delta:
    down = getattr(layer, "lora_A", {})
    plain = ADAPTER in down and not getattr(layer, "use_dora", {}).get(ADAPTER)
    if plain and not getattr(layer, "fan_in_fan_out", False):
        return LowRankDelta(
            down[ADAPTER].weight.detach().clone(),
            layer.lora_B[ADAPTER].weight.detach().clone(),
            float(layer.scaling[ADAPTER]),
        )
    weight = layer.get_base_layer().weight
    before = weight.detach().clone()
    layer.merge(adapter_names=[ADAPTER])
    change = weight.detach().float() - before.float()
    weight.data.copy_(before)
    layer.merged_adapters.clear()
    return DenseDelta(change)


def _adapters(pipe: Any) -> set[str]:
    found = pipe.get_list_adapters() if hasattr(pipe, "get_list_adapters") else {}
    return {name for names in found.values() for name in names}


def _unload(pipe: Any, had_adapters: bool) -> None:
    with quiet():
        if had_adapters:
            if ADAPTER in _adapters(pipe):
                pipe.delete_adapters(ADAPTER)
        else:
            pipe.unload_lora_weights()


def _modules_in(path: Path) -> int:
    """Return how many modules of a model a LoRA file says something about."""
    endings = (".lora_down.weight", ".lora_A.weight", ".lora.down.weight", ".hada_w1_a")
    names = read_header(path).tensors
    return sum(name.endswith((*endings, ".lokr_w1", ".lokr_w1_a")) for name in names)
