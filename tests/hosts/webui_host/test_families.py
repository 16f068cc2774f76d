"""Which family a loaded checkpoint is of, from what each host says about it."""

from __future__ import annotations

import types

import pytest

from lib_lora_neg.hosts.webui.capabilities import distilled, model_family
from lib_lora_neg.loras.families import ModelFamily


@pytest.mark.parametrize(
    ("engine", "flags", "family"),
    [
        ("StableDiffusion", ("is_sd1",), ModelFamily.SD1),
        ("StableDiffusionXL", ("is_sdxl",), ModelFamily.SDXL),
        ("LatentDiffusion", ("is_sd1",), ModelFamily.SD1),
        ("DiffusionEngine", ("is_sdxl",), ModelFamily.SDXL),
        ("Flux", (), ModelFamily.FLUX),
        ("Flux2", (), ModelFamily.FLUX2),
        ("Krea2", ("is_wan",), ModelFamily.KREA),
        ("QwenImage", ("is_wan",), ModelFamily.QWEN),
        ("Anima", ("is_wan",), ModelFamily.ANIMA),
        ("ErnieImage", (), ModelFamily.ERNIE),
        ("ZImage", (), ModelFamily.ZIMAGE),
        ("Mugen", ("is_sdxl",), ModelFamily.SDXL),
        ("PiD", (), ModelFamily.PID),
        ("SomethingNew", (), ModelFamily.UNKNOWN),
    ],
)
def test_each_engine_has_its_family(
    engine: str, flags: tuple[str, ...], family: ModelFamily
) -> None:
    model = type(engine, (types.SimpleNamespace,), {})(**dict.fromkeys(flags, True))

    assert model_family(model) is family


@pytest.mark.parametrize(
    ("name", "is_distilled"),
    [
        ("flux-2-klein-4b.safetensors", True),
        ("models/flux-2-klein-9b-fp8.safetensors", True),
        ("Flux2-Klein-9B-Q8_0.gguf", True),
        ("flux-2-klein-base-4b.safetensors", False),
        ("flux-2-klein-9b-base-fp8.safetensors", False),
        ("flux-2-klein-4b-undistilled.safetensors", False),
        ("myKleinBase_v2.safetensors", None),
        ("database-klein.safetensors", None),
        ("kleinMix_v2.safetensors", None),
        ("something.safetensors", None),
        (None, None),
    ],
)
def test_which_klein_it_is(name: str | None, is_distilled: bool | None) -> None:
    assert distilled(ModelFamily.FLUX2, name) is is_distilled
    assert distilled(ModelFamily.FLUX, name) is None
