"""Stand-ins for the host, no further than the observed contract goes.

The order of calls and the fields are those of A1111 1.10.1's ``process_images_inner``;
the real hosts are driven by tests/host.
"""

from __future__ import annotations

import copy
import sys
import types
from dataclasses import dataclass, field
from typing import Any

import pytest


class SdModel:
    is_sdxl = True


class Params:
    """As the host's ExtraNetworkParams."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.positional = [i for i in items if not isinstance(i, str) or i.count("=") != 1]
        self.named = dict(
            i.split("=", 2) for i in items if isinstance(i, str) and i.count("=") == 1
        )


class LoraNetwork:
    """As the host's ExtraNetworkLora: remembers what it was asked to load."""

    def __init__(self) -> None:
        self.loaded: list[list[Any]] = []

    def activate(self, p: Any, params_list: list[Params]) -> None:
        self.loaded.append([list(params.items) for params in params_list])


@dataclass
class Processing:
    """As the host's StableDiffusionProcessing, with what the guard reads."""

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    batch_size: int = 1
    n_iter: int = 1
    all_prompts: list[str] = field(default_factory=list)
    all_negative_prompts: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    negative_prompts: list[str] = field(default_factory=list)
    main_prompt: str = ""
    main_negative_prompt: str = ""
    extra_generation_params: dict[str, Any] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    sd_model: Any = field(default_factory=SdModel)
    scripts: Any = field(default_factory=lambda: types.SimpleNamespace(alwayson_scripts=[]))
    script_args: tuple[Any, ...] = ()
    iteration: int = 0
    enable_hr: bool = False

    def comment(self, text: str) -> None:
        self.comments.append(text)

    def setup(self, prompts: list[str], negatives: list[str]) -> None:
        """What the host does in setup_prompts."""
        self.all_prompts, self.all_negative_prompts = list(prompts), list(negatives)
        self.main_prompt, self.main_negative_prompt = prompts[0], negatives[0]

    def batch(self, number: int) -> None:
        """What the host does at the start of a batch."""
        self.iteration = number
        here = slice(number * self.batch_size, (number + 1) * self.batch_size)
        self.prompts, self.negative_prompts = (
            self.all_prompts[here],
            self.all_negative_prompts[here],
        )

    def clone(self) -> Processing:
        """What an XYZ plot does for a cell."""
        return copy.copy(self)


@dataclass
class Host:
    """The host's modules."""

    opts: types.SimpleNamespace
    state: types.SimpleNamespace
    networks: types.SimpleNamespace
    loader: LoraNetwork


def install(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Put stand-ins of the host's modules where the guard imports them from."""
    opts = types.SimpleNamespace(
        sd_lora="None", extra_networks_default_multiplier=1.0, emphasis="Original"
    )
    state = types.SimpleNamespace(time_start=1.0)
    networks = types.SimpleNamespace(
        available_networks={},
        available_network_aliases={},
        forbidden_network_aliases={},
        list_available_networks=lambda: None,
    )
    # The class is made anew because the guard wraps its method.
    loader = type("ExtraNetworkLora", (LoraNetwork,), {"activate": LoraNetwork.activate})()
    shared = types.SimpleNamespace(opts=opts, state=state)
    extra_networks = types.SimpleNamespace(extra_network_registry={"lora": loader})
    modules = types.ModuleType("modules")
    modules.shared = shared
    modules.extra_networks = extra_networks
    processing = types.SimpleNamespace(
        StableDiffusionProcessingTxt2Img=type("StableDiffusionProcessingTxt2Img", (), {})
    )
    for name, module in {
        "modules": modules,
        "modules.processing": processing,
        "modules.shared": shared,
        "modules.extra_networks": extra_networks,
        "networks": networks,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return Host(opts, state, networks, loader)
