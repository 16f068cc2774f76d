"""LoRAs that the host has loaded: kept before a scan's turn and put back after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_MODEL_FIELDS = ("current_lora_hash", "forge_objects", "forge_objects_after_applying_lora")
"""Where Forge and its forks keep the patched model of the last generation."""


@dataclass(frozen=True)
class _Loaded:
    """The LoRAs that are loaded at one moment, as the host's own objects.

    Putting them back reads no file. Where the host merges weights (A1111), it does so at the
    next use of a layer, and not at all if nothing was used between.
    """

    networks: tuple[Any, ...]
    model: Any = None
    of_model: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def now(cls) -> _Loaded:
        import networks

        model = _model()
        of_model = {name: getattr(model, name) for name in _MODEL_FIELDS if hasattr(model, name)}
        return cls(tuple(networks.loaded_networks), model, of_model)

    def put_back(self) -> None:
        import networks

        networks.loaded_networks[:] = self.networks
        if self.of_model and _model() is self.model:
            for name, value in self.of_model.items():
                setattr(self.model, name, value)


def _model() -> Any:
    """Return the model in memory; never loads one."""
    from modules import sd_models

    return getattr(sd_models.model_data, "sd_model", None)


class ScanLoras:
    """The LoRAs of one scan, beside those of everybody else."""

    def __init__(self) -> None:
        self._ours: _Loaded | None = None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Have the scan's LoRAs loaded as its last batch left them, and the others' afterwards."""
        others = _Loaded.now()
        if self._ours is not None:
            self._ours.put_back()
        try:
            yield
        finally:
            self._ours = _Loaded.now()
            others.put_back()


def missing(names: list[str]) -> list[str]:
    """Return the LoRAs that the host was asked for and has not loaded."""
    import networks

    loaded = set()
    for network in networks.loaded_networks:
        loaded |= {network.name, getattr(network, "mentioned_name", None)}
    return [name for name in names if name not in loaded]
