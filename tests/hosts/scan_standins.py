"""Stand-ins for the host of a scan: it draws one flat picture per seed."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from lib_lora_neg.hosts.webui.scan_pictures import WebuiGenerator
from lib_lora_neg.hosts.webui.scan_queue import turn
from lib_lora_neg.scan.ports import ImageRequest, LoraSetting, Sampling, ScanBatch
from tests.hosts.standins import Host, install

SHOTS = (ImageRequest("a cat", "blurry", 1), ImageRequest("a dog", "blurry", 2))
SMALL = Sampling(cfg=7.0, steps=2, width=16, height=16)
STYLE = LoraSetting("style", -0.9, -0.9)


class State:
    """As the host's, with what was called."""

    def __init__(self) -> None:
        self.job = ""
        self.skipped = self.interrupted = self.stopping_generation = False
        self.textinfo: str | None = None
        self.time_start = 0.0
        self.jobs: list[str] = []

    def begin(self, job: str) -> None:
        self.skipped = self.interrupted = self.stopping_generation = False
        self.job, self.time_start = job, self.time_start + 1
        self.jobs.append(job)

    def end(self) -> None:
        self.job = ""

    def interrupt(self) -> None:
        self.interrupted = True


@dataclass
class Network:
    """A loaded LoRA, as the host's."""

    name: str
    unet_multiplier: float


class Tensor:
    """As much of a tensor as the latents need."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __iter__(self) -> Iterator[Tensor]:
        return (Tensor(value) for value in self.values)

    def detach(self) -> Tensor:
        return self

    float = cpu = detach

    def numpy(self) -> np.ndarray:
        return self.values


class Txt2Img:
    """As the host's processing object; the class-level caches are the user's."""

    cached_c: ClassVar[list[Any]] = ["the user's", "cond"]
    cached_uc: ClassVar[list[Any]] = ["the user's", "uncond"]
    made: list[Txt2Img]
    webui: Webui

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self.fields = fields
        self.made.append(self)
        self.closed = False
        self.scripts: Any = None

    def close(self) -> None:
        self.closed = True

    def sample(self) -> Tensor:
        count = len(self.fields["prompt"])
        return Tensor(np.arange(count * 4, dtype=np.float32).reshape(count, 1, 2, 2))


@dataclass
class Webui:
    """What the generator meets in the host."""

    host: Host
    state: State
    opts: Any
    cmd_opts: Any
    made: list[Txt2Img] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    loads: bool = True

    def process(self, p: Txt2Img) -> Any:
        """As the host's process_images, of one batch."""
        loras = _loras(p.fields["prompt"][0])
        if self.loads:
            self.host.networks.loaded_networks[:] = [Network(*lora) for lora in loras]
        p.cached_c[0] = "the scan's"
        self.seen.append(
            {
                "sd_lora": self.opts.data["sd_lora"],
                "no_prompt_history": self.cmd_opts.no_prompt_history,
                "loaded": list(self.host.networks.loaded_networks),
                "job": self.state.job,
            }
        )
        p.sample()
        self.during()
        images = [
            Image.new("RGB", (p.fields["width"], p.fields["height"]), (seed, 0, 0))
            for seed in p.fields["seed"]
        ]
        # As the host: only where there is a runner do the tags come back for the infotext.
        prompts = p.fields["prompt"] if p.scripts is not None else ["stripped of tags"] * 9
        texts = [f"{text}\nSeed: {s}" for text, s in zip(prompts, p.fields["seed"])]  # noqa: B905
        return types.SimpleNamespace(images=images, infotexts=texts, index_of_first_image=0)


def _loras(prompt: str) -> list[tuple[str, float]]:
    from lib_lora_neg.prompts import parse

    return [(tag.name, tag.unet.value or 0.0) for tag in parse(prompt).tags]


def install_scan(monkeypatch: pytest.MonkeyPatch) -> Webui:
    """Put stand-ins of the host's modules where a scan imports them from."""
    host = install(monkeypatch)
    host.networks.loaded_networks = [Network("of the user", 0.8)]
    import modules

    state = State()
    shared = modules.shared
    shared.state = state
    shared.opts.data = {"sd_lora": "style_b"}
    for name in ("samples", "txt2img_samples", "grids", "txt2img_grids"):
        setattr(shared.opts, f"outdir_{name}", "")
    shared.cmd_opts = types.SimpleNamespace(no_prompt_history=False)
    shared.total_tqdm = types.SimpleNamespace(clear=lambda: None)
    webui = Webui(host, state, shared.opts, shared.cmd_opts)
    wanted = type("Txt2Img", (Txt2Img,), {"made": webui.made, "webui": webui})
    modules.processing = types.SimpleNamespace(
        StableDiffusionProcessingTxt2Img=wanted, process_images=webui.process
    )
    modules.sd_samplers = types.SimpleNamespace(samplers=[types.SimpleNamespace(name="Euler a")])
    modules.sd_models = types.SimpleNamespace(model_data=types.SimpleNamespace(sd_model=None))
    modules.call_queue = types.SimpleNamespace(queue_lock=threading.Lock())
    modules.scripts = types.SimpleNamespace(
        ScriptRunner=lambda: types.SimpleNamespace(alwayson_scripts=[])
    )
    for name in ("processing", "sd_samplers", "sd_models", "call_queue", "scripts"):
        monkeypatch.setitem(sys.modules, f"modules.{name}", getattr(modules, name))
    return webui


def make(
    generator: WebuiGenerator,
    loras: tuple[LoraSetting, ...] = (),
    requests: tuple[ImageRequest, ...] = SHOTS,
    cancel: Any = None,
) -> list[Any]:
    cancel = cancel or threading.Event()
    with turn(cancel):
        return list(generator.generate(ScanBatch(loras, requests, SMALL), cancel))
