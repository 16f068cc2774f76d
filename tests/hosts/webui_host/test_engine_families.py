"""The family of a loaded checkpoint, by the engine classes of Forge and Neo and A1111's flags."""

from __future__ import annotations

import pytest

from lib_lora_neg.hosts.webui.capabilities import model_family
from lib_lora_neg.loras import ModelFamily


@pytest.mark.parametrize(
    ("engine", "family"),
    [
        ("Flux", "flux"),
        ("Flux2", "flux2"),
        ("Chroma", "chroma"),
        ("ZImage", "zimage"),
        ("QwenImage", "qwen"),
        ("Wan", "wan"),
        ("Krea2", "krea"),
        ("Lumina2", "lumina"),
        ("Anima", "anima"),
        ("ErnieImage", "ernie"),
        ("PiD", "pid"),
        ("Mugen", "sdxl"),
        ("SomethingNew", "unknown"),
    ],
)
def test_engine_classes(engine: str, family: str) -> None:
    # Neo's flag ``is_wan`` is about the layout of the VAE and also set on Krea2, Anima, QwenImage.
    loaded = type(engine, (), {"is_wan": True})()
    assert model_family(loaded) is ModelFamily(family)


@pytest.mark.parametrize(
    ("flag", "family"),
    [("is_sd1", "sd1"), ("is_sd2", "sd2"), ("is_sdxl", "sdxl"), ("is_ssd", "sdxl")],
)  # fmt: skip
def test_flags(flag: str, family: str) -> None:
    assert model_family(type("StableDiffusion", (), {flag: True})()) is ModelFamily(family)
