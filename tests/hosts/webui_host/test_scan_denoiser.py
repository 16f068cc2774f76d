"""The denoiser for quick scans in the WebUI, on stand-ins: its LoRAs and its noise levels."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.hosts.webui.scan_pictures import ScanPictureError
from lib_lora_neg.scan.ports import LoraSetting
from tests.hosts.scan_standins import STYLE, Network, Webui


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
    from lib_lora_neg.hosts.webui.scan_denoiser import _sigma

    sigmas = [0.03, 1.0, 4.0, 14.6]
    assert [_sigma(sigmas, level) for level in (0, 0.3, 0.5, 1, 2, -1)] == [
        0.03,
        1.0,
        4.0,
        14.6,
        14.6,
        0.03,
    ]
