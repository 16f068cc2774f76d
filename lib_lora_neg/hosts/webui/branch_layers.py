"""What a LoRA changes of the loaded checkpoint, read with the host's own code.

A1111 keeps the networks that it has loaded, by layer. Forge and its forks keep patches by the
names of weights; a LoRA's own are those that the host's loader makes of its file alone.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ...branches.attention import PROJECTIONS
from ...branches.deltas import BranchError, Delta, DenseDelta, LowRankDelta, problem

TAG = "lora_neg_reading"
MOST_KEPT = 3
"""LoRAs kept in memory on hosts that keep none of their own."""

MOST_WHOLE_BYTES = 4 << 30
"""Of changes that have no thin factors, each as large as its layer: more than any SD 1 checkpoint,
and less than would drive SDXL's out of memory."""

_ONLY_LINEAR = "it changes a {kind}, not only linear layers and convolutions"


@dataclass(eq=False)
class PartDeltas:
    """What one LoRA changes at weight 1, in one part of the checkpoint.

    Attributes:
        layers: by module, the deltas with the outputs that each one changes (``None``: all).
        names: of these modules, as the host has them.
        attentions: by attention of PyTorch's own kind and projection.
    """

    layers: dict[Any, list[tuple[Delta, tuple[int, int] | None]]] = field(default_factory=dict)
    attentions: dict[Any, dict[str, Delta]] = field(default_factory=dict)
    names: dict[Any, str] = field(default_factory=dict)


@dataclass(eq=False)
class LoraChanges:
    """What one LoRA changes: in the denoiser and in the text encoders."""

    unet: PartDeltas = field(default_factory=PartDeltas)
    text: PartDeltas = field(default_factory=PartDeltas)


def changes_of(sd_model: Any, name: str) -> LoraChanges:
    """Return what a LoRA changes, which the host has loaded under ``name``.

    Raises:
        BranchError: it cannot be read on this host, or changes something else than layers that
            can be added to.
    """
    import networks

    if hasattr(sd_model, "forge_objects"):
        return _of_file(sd_model, _path(networks, name))
    loaded = [net for net in networks.loaded_networks if name in (net.name, net.mentioned_name)]
    if len(loaded) != 1:
        raise BranchError("the host has it not" if not loaded else "it stands in the prompt twice")
    return _of_network(sd_model, loaded[0])


def _path(networks: Any, name: str) -> str:
    """Return the file that the host loads for a name, as its loader finds it."""
    known = networks.available_network_aliases
    if name.lower() in networks.forbidden_network_aliases:
        known = networks.available_networks
    on_disk = known.get(name)
    if on_disk is None:
        raise BranchError("the host has it not")
    return str(on_disk.filename)


# A1111


def _of_network(sd_model: Any, net: Any) -> LoraChanges:
    found, room = LoraChanges(), _Room()
    for module in net.modules.values():
        part = found.text if "transformer" in module.sd_key[:20] else found.unet
        layer, projection = _attention_of(sd_model, module)
        delta = _delta_of_module(module, layer)
        room.take(delta)
        if projection:
            part.attentions.setdefault(layer, {})[projection] = delta
            continue
        _check(delta, layer)
        part.layers.setdefault(layer, []).append((delta, None))
        part.names[layer] = module.sd_key
    if any(len(deltas) < len(PROJECTIONS) for deltas in found.text.attentions.values()):
        # The host then merges none of them.
        raise BranchError("it changes only a part of an attention")
    return found


def _attention_of(sd_model: Any, module: Any) -> tuple[Any, str]:
    """Return an attention of PyTorch's own kind with the projection; else the layer itself."""
    layer, (attention, _, projection) = module.sd_module, module.sd_key.rpartition("_attn_")
    if type(layer).__name__ == "NonDynamicallyQuantizableLinear":
        layer = sd_model.network_layer_mapping.get(f"{attention}_attn")
    if hasattr(layer, "in_proj_weight"):
        return layer, projection.removesuffix("_proj")
    return layer, ""


def _delta_of_module(module: Any, layer: Any) -> Delta:
    """Return what a module of A1111's adds to its layer's own weight, at multiplier 1."""
    down, up = getattr(module, "down_model", None), getattr(module, "up_model", None)
    adapted = module.dora_scale is not None or module.bias is not None
    if down is not None and up is not None and not adapted:
        mid = getattr(module, "mid_model", None)
        rank = module.network.dyn_dim
        first, second = down.weight, up.weight
        if rank is not None and mid is None:
            first, second = first[:rank], second[:, :rank]
        scale = float(module.calc_scale())
        return LowRankDelta(first, second, scale, mid.weight if mid is not None else None)
    if hasattr(layer, "in_proj_weight"):
        raise BranchError("it is no plain LoRA in an attention of PyTorch's own kind")
    alone = copy.copy(module)
    # The host multiplies by the network's weights at last, whatever the algorithm.
    alone.network = SimpleNamespace(te_multiplier=1.0, unet_multiplier=1.0, dyn_dim=None)
    own = getattr(layer, "network_weights_backup", None)
    weight = layer.weight if own is None else own
    change, bias = alone.calc_updown(weight.detach().float())
    if bias is not None:
        raise BranchError("it changes biases")
    return DenseDelta(change.to(weight.dtype) if weight.is_floating_point() else change)


class _Room:
    """What is left of the memory for changes without thin factors."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, delta: Delta) -> None:
        """Count a change.

        Raises:
            BranchError: there is no room for it.
        """
        if isinstance(delta, DenseDelta):
            self.taken += delta.change.numel() * delta.change.element_size()
        if self.taken > MOST_WHOLE_BYTES:
            raise BranchError("it has no thin factors, and its whole change takes too much memory")


# Forge, reForge, Forge Neo

DeltasByModule = dict[str, list[tuple[Delta, "tuple[int, int] | None"]]]
"""By the name of a module, so that what is kept holds no checkpoint."""

_kept: OrderedDict[tuple[object, ...], tuple[DeltasByModule, DeltasByModule]] = OrderedDict()


def forget() -> None:
    """Forget the LoRAs that were read."""
    _kept.clear()


def _of_file(sd_model: Any, path: str) -> LoraChanges:
    own = sd_model.forge_objects_original
    model, encoders = own.unet.model, own.clip.cond_stage_model
    if hasattr(model.diffusion_model, "loras"):
        raise BranchError("Nunchaku checkpoints have LoRAs of another kind")
    status = Path(path).stat()
    key = (path, status.st_mtime_ns, status.st_size, id(model))
    found = _kept.get(key)
    if found is None:
        (unet, clip), room = _loaded_alone(own, path), _Room()
        text = _patches(clip.patcher, own.clip.patcher)
        found = (
            _named(model, _patches(unet, own.unet), _backup(own.unet), room),
            _named(encoders, text, _backup(own.clip.patcher), room),
        )
        if not room.taken:
            _kept[key] = found
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
    if key in _kept:
        _kept.move_to_end(key)
    if not any(found):
        raise BranchError("none of its tensors belongs to this checkpoint")
    return LoraChanges(*(_resolved(*pair) for pair in zip((model, encoders), found, strict=True)))


def _resolved(model: Any, named: DeltasByModule) -> PartDeltas:
    layers = {model.get_submodule(name): deltas for name, deltas in named.items()}
    return PartDeltas(layers, names=dict(zip(layers, named, strict=True)))


def _loaded_alone(own: Any, path: str) -> tuple[Any, Any]:
    """Return clones of the patchers that hold this LoRA at weight 1, and nothing else new."""
    import networks

    tensors = networks.load_lora_state_dict(path)
    # As Neo's loader does before it hands the file on.
    tensors = {
        "lora_unet_" + name[len("lora_unet__") :] if name.startswith("lora_unet__") else name: value
        for name, value in tensors.items()
    }
    unet, clip = networks.load_lora_for_models(own.unet, own.clip, tensors, 1.0, 1.0, filename=TAG)
    return unet, clip


def _patches(patcher: Any, own: Any) -> Mapping[str, list[Any]]:
    """Return the patches that ``patcher`` has beside those of the original one, by weight."""
    if hasattr(patcher, "refresh_loras"):
        merged: dict[str, list[Any]] = {}
        for identity, patches in patcher.lora_patches.items():
            if identity[0] == TAG:
                for name, entries in patches.items():
                    merged.setdefault(name, []).extend(entries)
        return merged
    before = own.patches
    return {
        name: entries[len(before.get(name, ())) :]
        for name, entries in patcher.patches.items()
        if len(entries) > len(before.get(name, ()))
    }


def _backup(patcher: Any) -> Callable[[str], Any]:
    """Return a look-up of the checkpoint's own weights, where others are merged in now."""
    loader = getattr(patcher, "lora_loader", None)
    backup = getattr(loader, "backup", None) if loader is not None else None
    backup = backup if backup is not None else getattr(patcher, "backup", {})

    def find(name: str) -> Any:
        kept = backup.get(name)
        return getattr(kept, "weight", kept)

    return find


def _named(
    model: Any, patches: Mapping[str, list[Any]], backup: Callable[[str], Any], room: _Room
) -> DeltasByModule:
    found: DeltasByModule = {}
    for name, entries in patches.items():
        where, _, kind = name.rpartition(".")
        if kind != "weight":
            raise BranchError(f"it changes a {kind}")
        layer = model.get_submodule(where)
        for entry in entries:
            delta, outputs = _delta_of_patch(entry, layer, name, backup)
            room.take(delta)
            if outputs is None:
                _check(delta, layer)
            found.setdefault(where, []).append((delta, outputs))
    return found


def _delta_of_patch(
    entry: Any, layer: Any, name: str, backup: Callable[[str], Any]
) -> tuple[Delta, tuple[int, int] | None]:
    """Return what one of the host's patches adds, and to which outputs."""
    patch, offset, function = entry[1], entry[3], entry[4]
    outputs = None
    if offset is not None:
        if offset[0] != 0:
            raise BranchError("it changes a part of a layer's inputs")
        outputs = (offset[1], offset[1] + offset[2])
    values = _plain(patch)
    if values is not None and function is None:
        up, down, alpha, mid = values
        scale = 1.0 if alpha is None else float(alpha) / down.shape[0]
        return LowRankDelta(down, up, scale, mid), outputs
    weight = backup(name)
    weight = layer.weight if weight is None else weight
    if not weight.is_floating_point() or weight.element_size() < 2:
        raise BranchError("it is no plain LoRA, and the checkpoint is in low bits")
    whole = weight.detach().float()
    part = whole.narrow(0, *offset[1:]) if offset is not None else whole
    merged = _merge([(1.0, patch, 1.0, None, function, False)], part.clone(), name)
    if merged.shape != part.shape:
        raise BranchError("it changes the shape of a layer")
    change = (merged.float() - part).to(weight.dtype)
    return DenseDelta(change), outputs


def _plain(patch: Any) -> tuple[Any, Any, Any, Any] | None:
    """Return up, down, alpha and mid of a plain LoRA; ``None`` of other algorithms and DoRA."""
    if isinstance(patch, tuple):
        if patch[0] != "lora":
            return None
        values = patch[1]
    elif getattr(patch, "name", "") == "lora":
        values = patch.weights
    else:
        return None
    others: Iterator[Any] = iter(values[4:])
    return tuple(values[:4]) if all(each is None for each in others) else None


def _merge(patches: list[Any], weight: Any, name: str) -> Any:
    """Let the host add patches to a weight, which it may change in place."""
    try:
        from backend.patcher.lora import merge_lora_to_weight
    except ImportError:
        from ldm_patched.modules.lora import calculate_weight as merge_lora_to_weight

    return merge_lora_to_weight(patches, weight, name)


def _check(delta: Delta, layer: Any) -> None:
    fault = problem(delta, layer)
    if fault:
        kind = type(layer).__name__
        raise BranchError(_ONLY_LINEAR.format(kind=kind) if "its layer" in fault else fault)
