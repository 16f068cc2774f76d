"""LoRA of the world: learning it, kohya's file of it, and putting one into the model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

#: Parts of the unet that kohya's ``networks.lora`` trains: what stands inside its transformers.
_UNET_PARTS = ("attentions",)
_TEXT_PARTS = ("self_attn", "mlp")


def targets(model: nn.Module, prefix: str) -> dict[str, nn.Module]:
    """Return the layers that a LoRA reaches, by their kohya names."""
    parts = _UNET_PARTS if prefix == "lora_unet" else _TEXT_PARTS
    found = {}
    for name, module in model.named_modules():
        pieces = name.split(".")
        fits = isinstance(module, nn.Linear | nn.Conv2d) and any(part in pieces for part in parts)
        if fits:
            # Newer transformers name the encoder without the outer module that the keys have.
            path = (
                name
                if prefix == "lora_unet" or name.startswith("text_model.")
                else (f"text_model.{name}")
            )
            found[f"{prefix}_{path.replace('.', '_')}"] = module
    return found


class LoraLayer(nn.Module):
    """One layer's down and up; ``strength`` scales it while training."""

    def __init__(self, base: nn.Module, rank: int, alpha: float) -> None:
        super().__init__()
        self.factor, self.strength = alpha / rank, 1.0
        if isinstance(base, nn.Conv2d):
            self.down: nn.Module = nn.Conv2d(base.in_channels, rank, 1, bias=False)
            self.up: nn.Module = nn.Conv2d(rank, base.out_channels, 1, bias=False)
        else:
            assert isinstance(base, nn.Linear)
            self.down = nn.Linear(base.in_features, rank, bias=False)
            self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.down.weight, a=5**0.5)  # type: ignore[arg-type]
        nn.init.zeros_(self.up.weight)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.up(self.down(x)) * (self.factor * self.strength)
        return out


class Lora(nn.Module):
    """A LoRA that hooks itself onto a model's layers while it is trained."""

    def __init__(self, layers: dict[str, nn.Module], rank: int, alpha: float) -> None:
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.layers = nn.ModuleDict({k: LoraLayer(m, rank, alpha) for k, m in layers.items()})
        self.hooks = [
            module.register_forward_hook(self._hook(self.layers[name]))
            for name, module in layers.items()
        ]

    @staticmethod
    def _hook(layer: nn.Module):
        def add(_module: nn.Module, inputs: tuple[torch.Tensor, ...], out: torch.Tensor):
            return out + layer(inputs[0]) if layer.strength else out

        return add

    def set_strength(self, strength: float) -> None:
        for layer in self.layers.values():
            layer.strength = strength  # type: ignore[assignment]

    def remove(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what a kohya file holds, in half precision."""
        found = {}
        for name, layer in self.layers.items():
            found[f"{name}.lora_down.weight"] = layer.down.weight.detach().half().contiguous()
            found[f"{name}.lora_up.weight"] = layer.up.weight.detach().half().contiguous()
            found[f"{name}.alpha"] = torch.tensor(self.alpha, dtype=torch.float16)
        return found


def write_lora(path: Path, lora: Lora, metadata: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(lora.tensors(), path, metadata)


@dataclass(frozen=True)
class LoraFile:
    """A file's deltas by kohya name: what weight 1 adds to a layer."""

    deltas: dict[str, torch.Tensor]

    @classmethod
    def read(cls, path: Path) -> LoraFile:
        deltas = {}
        with safe_open(path, framework="pt") as file:
            names = {key.rsplit(".lora_", 1)[0] for key in file.keys() if ".lora_" in key}  # noqa: SIM118
            for name in sorted(names):
                down = file.get_tensor(f"{name}.lora_down.weight").float()
                up = file.get_tensor(f"{name}.lora_up.weight").float()
                alpha = float(file.get_tensor(f"{name}.alpha"))
                delta = up.flatten(1) @ down.flatten(1) * (alpha / down.shape[0])
                deltas[name] = delta if down.ndim == 2 else delta[..., None, None]
        return cls(deltas)


@contextmanager
def applied(
    unet: nn.Module, text_encoder: nn.Module, lora: LoraFile, unet_weight: float, te_weight: float
) -> Iterator[None]:
    """Put a LoRA into the weights, each part at its own strength, and take it out again."""
    layers = {**targets(unet, "lora_unet"), **targets(text_encoder, "lora_te")}
    unknown = set(lora.deltas) - set(layers)
    if unknown:
        raise ValueError(f"the LoRA has layers that the world lacks: {sorted(unknown)[:3]}")
    kept = {name: layers[name].weight.detach().clone() for name in lora.deltas}
    try:
        with torch.no_grad():
            for name, delta in lora.deltas.items():
                weight = unet_weight if name.startswith("lora_unet_") else te_weight
                layers[name].weight += delta.to(layers[name].weight.dtype) * weight
        yield
    finally:
        with torch.no_grad():
            for name, weights in kept.items():
                layers[name].weight.copy_(weights)
