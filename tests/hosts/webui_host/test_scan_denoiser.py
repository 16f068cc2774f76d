"""The denoiser for quick scans in the WebUI, on stand-ins: its LoRAs and its noise levels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lib_lora_neg.hosts.webui.scan_pictures import ScanPictureError
from lib_lora_neg.scan.ports import LoraSetting, Picture, Question, Sampling
from tests.hosts.scan_standins import SMALL, STYLE, Network, Webui


@pytest.mark.parametrize("has_dyn_dims", [True, False])
def test_the_denoisers_loras_are_loaded_past_the_prompt(webui: Webui, has_dyn_dims: bool) -> None:
    """A1111 cannot use its own default of the fourth argument, and Neo has none."""
    from lib_lora_neg.hosts.webui.scan_denoiser import _load

    calls: list[dict[str, Any]] = []

    def load(names: list[str], **more: Any) -> None:
        calls.append({"names": names, **more})
        webui.host.networks.loaded_networks[:] = [Network(name, 1) for name in names if webui.loads]

    def with_dyn_dims(
        names: list[str], te_multipliers: Any = None, unet_multipliers: Any = None,
        dyn_dims: Any = None,
    ) -> None:  # fmt: skip
        load(names, te=te_multipliers, unet=unet_multipliers, dyn=dyn_dims)

    def without(names: list[str], te_multipliers: Any = None, unet_multipliers: Any = None) -> None:
        load(names, te=te_multipliers, unet=unet_multipliers)

    webui.host.networks.load_networks = with_dyn_dims if has_dyn_dims else without
    _load((LoraSetting("style", 0.5, -0.9),))
    more = {"dyn": [None]} if has_dyn_dims else {}
    assert calls == [{"names": ["style"], "te": [0.5], "unet": [-0.9], **more}]
    webui.loads = False
    with pytest.raises(ScanPictureError, match="did not load style"):
        _load((STYLE,))


def test_noise_levels_go_through_the_models_schedule() -> None:
    from lib_lora_neg.hosts.webui.scan_models import _sigma

    sigmas = [0.03, 1.0, 4.0, 14.6]
    assert [_sigma(sigmas, level) for level in (0, 0.3, 0.5, 1, 2, -1)] == [
        0.03,
        1.0,
        4.0,
        14.6,
        14.6,
        0.03,
    ]


class Judge:
    """As much of a loaded model as the critic meets; it takes everything for half of itself."""

    def __init__(self, most: int) -> None:
        self.calls: list[str] = []
        self.most = most

    def load(self) -> None:
        self.calls.append("load")

    @contextmanager
    def ready(self, sampling: Sampling) -> Iterator[tuple[int, int, int]]:
        self.calls.append("ready")
        yield (4, 2, 2)
        self.calls.append("over")

    def encode(self, text: str, sampling: Sampling, step: int = 0) -> str:
        self.calls.append(f"encode {text!r} at {step}")
        return text

    def at_once(self, latent: Any, sampling: Sampling) -> int:
        assert tuple(latent.shape) == (1, 4, 2, 2)
        return self.most

    def denoise(
        self, latents: Any, noise: Any, levels: list[float], cond: str
    ) -> tuple[Any, Any, Any]:
        assert len(latents) == len(noise) == len(levels)
        self.calls.append(f"denoise {cond!r} at {', '.join(f'{level:g}' for level in levels)}")
        each = zip(latents, noise, levels, strict=True)
        made = [latent / 2 + own * level for latent, own, level in each]
        return latents + noise, _stacked(made), levels


def _stacked(tensors: list[Any]) -> Any:
    import torch

    return torch.stack(tensors)


@pytest.mark.parametrize(
    ("most", "asked"),
    [
        (1, ["'a cat' at 0.25", "'a cat' at 0.5", "'a cat' at 0.75", "'' at 0.25"]),
        (2, ["'a cat' at 0.25, 0.5", "'a cat' at 0.75", "'' at 0.25"]),
        (8, ["'a cat' at 0.25, 0.5, 0.75", "'' at 0.25"]),
    ],
)
def test_the_model_judges_latents_as_they_left_the_sampler_and_encodes_other_pictures(
    webui: Webui, monkeypatch: pytest.MonkeyPatch, most: int, asked: list[str]
) -> None:
    torch = pytest.importorskip("torch")
    import modules

    from lib_lora_neg.hosts.webui import scan_denoiser

    encoded: list[tuple[tuple[int, ...], float, int]] = []

    def encode(image: Any, approximation: int) -> Any:
        encoded.append((tuple(image.shape), float(image.max()), approximation))
        return torch.full((1, 4, 2, 2), 8.0)

    monkeypatch.setattr(modules, "devices", SimpleNamespace(device="cpu"), raising=False)
    common = SimpleNamespace(images_tensor_to_samples=encode)
    monkeypatch.setattr(modules, "sd_samplers_common", common, raising=False)
    monkeypatch.setattr(
        scan_denoiser, "_noise", lambda seed, shape: torch.full((1, *shape), float(seed))
    )
    loads: list[list[str]] = []
    loaded = [Network("of the user", 0.7)]
    networks = webui.host.networks
    networks.loaded_networks[:] = loaded

    def load(names: list[str], te_multipliers: Any = None, unet_multipliers: Any = None) -> None:
        loads.append(names)
        networks.loaded_networks[:] = [Network(name, 1) for name in names]

    networks.load_networks = load
    pixels = np.full((16, 24, 3), 255, np.uint8)
    with_latent = Picture(pixels, np.full((4, 2, 2), 2.0, np.float32))
    without = Picture(pixels)
    model = Judge(most)
    found = scan_denoiser.WebuiCritic(model).residuals(  # type: ignore[arg-type]
        (),
        [
            Question(with_latent, "a cat", 3, 0.25),
            Question(with_latent, "", 3, 0.25),
            Question(without, "a cat", 5, 0.5),
            Question(with_latent, "a cat", 1, 0.75),
        ],
        SMALL,
    )
    assert [float(field.mean()) for field in found] == [-1 + 0.75, -1 + 0.75, -4 + 2.5, -1 + 0.75]
    assert all(field.shape == (4, 2, 2) and field.dtype == np.float32 for field in found)
    assert encoded == [((1, 3, 16, 24), 1.0, 0)]
    assert model.calls == [
        "load", "ready", "encode 'a cat' at 1", "encode '' at 1",
        *(f"denoise {batch}" for batch in asked), "over",
    ]  # fmt: skip
    assert loads == [[]]
    assert networks.loaded_networks == loaded
