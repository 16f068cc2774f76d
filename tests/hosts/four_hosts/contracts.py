"""What differs between the four WebUIs, as observed, where the guard or its host tests meet it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

# The names that the hosts' ``networks`` module has; `available_network_aliases` is filled by the
# stand-in for the running host.
available_networks: dict[str, Any] = {}
available_network_aliases: dict[str, Any] = {}
forbidden_network_aliases: dict[str, Any] = {}
loaded_networks: list[Any] = []
networks_in_memory: dict[str, Any] = {}
state: dict[str, Any] = {}


def list_available_networks() -> None:
    """Find nothing new."""


def make_network(name: str, on_disk: Any) -> Any:
    return SimpleNamespace(name=name, file=on_disk.filename, te=1.0, unet=1.0)


def load_as_a1111(names: Any, te: Any = None, unet: Any = None, dyn: Any = None) -> None:
    """An unknown name is passed over; one name twice is one object twice, at its last weights."""
    loaded_networks.clear()
    found = [available_network_aliases.get(name) for name in names]
    failed = []
    for place, (on_disk, name) in enumerate(zip(found, names, strict=True)):
        net = networks_in_memory.get(name)
        if on_disk is not None and net is None:
            net = networks_in_memory[name] = make_network(name, on_disk)
        if net is None:
            failed.append(name)
            continue
        net.te, net.unet = te[place], unet[place]
        loaded_networks.append(net)
    if failed:
        print(f"networks not found: {', '.join(failed)}")


def load_as_forge(names: Any, te: Any = None, unet: Any = None, dyn: Any = None) -> None:
    """An unknown name raises in its own error message, and again in the mark of what is there."""
    loaded_networks.clear()
    found = [available_network_aliases.get(name) for name in names]
    for place, (on_disk, name) in enumerate(zip(found, names, strict=True)):
        try:
            net = make_network(name, on_disk)
        except Exception as error:
            print(f"loading network {on_disk.filename}: {error}")
            continue
        net.te, net.unet = te[place], unet[place]
        loaded_networks.append(net)
    state["current_lora_hash"] = str([[file.filename, u] for file, u in zip(found, unet)])  # noqa: B905


def load_as_neo(names: Any, te: Any = None, unet: Any = None) -> None:
    """Three arguments; an unknown name is logged, the others are loaded."""
    loaded_networks.clear()
    found = [available_network_aliases.get(name) for name in names]
    for place, (on_disk, name) in enumerate(zip(found, names, strict=True)):
        try:
            net = make_network(name, on_disk)
        except Exception:
            print(f"Failed to load LoRA: {name}")
            continue
        net.te, net.unet = te[place], unet[place]
        loaded_networks.append(net)


@dataclass(frozen=True)
class Contract:
    """One WebUI.

    Attributes:
        name: of the WebUI.
        engine: name of the class of a loaded SD1 checkpoint.
        load_networks: its LoRA loader.
        hires_cfg: default of the hires pass's own CFG scale; ``None`` where it has none.
        zero_is_first: a hires CFG of 0 means the first pass's.
        has_modules: text encoders and VAE are chosen as modules, which a hires request must name.
        latent_upscaler: whether there is one that works on latents.
        early_hires: the conds of the hires pass are made before the first pass, with its LoRAs
            loaded for that and the first pass's once more after it.
        samplings: how often ``process_before_every_sampling`` is called in the hires pass.
        skips_negative: at CFG 1 the negative prompt is not encoded.
        cache_slots: places in the cache of encoded prompts.
    """

    name: str
    engine: str
    load_networks: Callable[..., None]
    hires_cfg: float | None = None
    zero_is_first: bool = False
    has_modules: bool = False
    latent_upscaler: bool = True
    early_hires: bool = False
    samplings: int = 1
    skips_negative: bool = False
    cache_slots: int = 2


A1111 = Contract("A1111", "LatentDiffusion", load_as_a1111)
FORGE = Contract(
    "Forge",
    "StableDiffusion",
    load_as_forge,
    hires_cfg=1.0,
    has_modules=True,
    early_hires=True,
    samplings=2,
    skips_negative=True,
    cache_slots=3,
)
REFORGE = Contract(
    "reForge",
    "LatentDiffusion",
    load_as_forge,
    hires_cfg=1.0,
    zero_is_first=True,
    early_hires=True,
)
NEO = Contract(
    "Forge Neo",
    "StableDiffusion",
    load_as_neo,
    hires_cfg=1.0,
    has_modules=True,
    latent_upscaler=False,
    early_hires=True,
    skips_negative=True,
    cache_slots=3,
)
CONTRACTS = (NEO, FORGE, A1111, REFORGE)
