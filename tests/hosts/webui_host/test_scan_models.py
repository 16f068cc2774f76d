"""reForge's denoiser, asked alone, on stand-ins of what its samplers call."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lib_lora_neg.scan.ports import Sampling

torch = pytest.importorskip("torch")

SIZE = Sampling(cfg=7.0, steps=4, width=24, height=16)


class Objects:
    """As reForge's ``forge_objects``."""

    def __init__(self, unet: Any) -> None:
        self.unet = unet

    def shallow_copy(self) -> Objects:
        return Objects(self.unet)


class Schedule:
    """As its ``model_sampling``."""

    sigmas = torch.tensor([0.1, 1.0, 4.0, 14.0])

    @staticmethod
    def noise_scaling(sigma: Any, noise: Any, latent: Any) -> Any:
        return noise * sigma.view(-1, 1, 1, 1) + latent


class Backend:
    """What was called, and what the host has loaded."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.blank = torch.zeros(1, 5, 1, 1)
        plain, patched = (
            SimpleNamespace(
                model=SimpleNamespace(model_sampling=Schedule()),
                model_options={name},
                memory_required=lambda shape: float(torch.Size(shape).numel()),
            )
            for name in ("plain", "patched")
        )
        self.model = SimpleNamespace(
            forge_objects=Objects("of the generation before"),
            forge_objects_original=Objects(plain),
            forge_objects_after_applying_lora=Objects(patched),
        )

    def sample(
        self, model: Any, x: Any, sigma: Any, uncond: Any, cond: Any, scale: float, options: Any
    ) -> Any:
        self.calls.append(("ask", sigma.tolist(), uncond, cond, scale, sorted(options)))
        return x / 2


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    host = Backend()

    def module(name: str, **names: Any) -> None:
        made = ModuleType(name)
        made.__dict__.update(names)
        monkeypatch.setitem(sys.modules, name, made)
        parent, _, own = name.rpartition(".")
        if parent:
            monkeypatch.setattr(sys.modules[parent], own, made, raising=False)

    def learned(model: Any, prompts: Any, steps: int) -> Any:
        host.calls.append(("encode", list(prompts), prompts.width, prompts.height, steps))
        return ["schedule"]

    class Conditioning(list[str]):
        def __init__(self, texts: list[str], width: int, height: int) -> None:
            super().__init__(texts)
            self.width, self.height = width, height

    module("modules")
    module("modules.sd_models", reload_model_weights=lambda: host.calls.append("load"))
    module("modules.shared", sd_model=host.model, opts=SimpleNamespace())
    module("modules.devices", autocast=nullcontext)
    module(
        "modules.processing",
        opt_C=4,
        opt_f=8,
        txt2img_image_conditioning=lambda model, x, width, height: host.blank,
    )
    module(
        "modules.prompt_parser",
        SdConditioning=Conditioning,
        get_learned_conditioning=learned,
        reconstruct_cond_batch=lambda schedules, step: f"cond at {step}",
    )
    module("modules_forge")
    module(
        "modules_forge.forge_sampler",
        cond_from_a1111_to_patched_ldm=lambda cond: [{"cond": cond, "model_conds": {}}],
        sampling_prepare=lambda unet, x: host.calls.append(("prepare", tuple(x.shape))),
        sampling_cleanup=lambda unet: host.calls.append("cleanup"),
    )
    module("ldm_patched")
    module("ldm_patched.modules")
    module("ldm_patched.modules.conds", CONDRegular=lambda tensor: ("regular", tensor))
    module("ldm_patched.modules.model_management", get_free_memory=lambda device: 1e9)
    module("ldm_patched.modules.samplers", sampling_function=host.sample)
    return host


def test_the_model_with_the_loras_of_now_is_asked_with_the_prompt_alone(backend: Backend) -> None:
    from lib_lora_neg.hosts.webui.scan_models import _PatchedModel

    model = _PatchedModel()
    model.load()
    assert backend.model.forge_objects.unet.model_options == {"plain"}
    with model.ready(SIZE) as shape:
        assert shape == (4, 2, 3)
        cond = model.encode("a cat", SIZE, 3)
        noise = torch.ones(1, *shape)
        for latent in (None, torch.full((1, *shape), 5.0)):
            x, denoised, sigma = model.denoise(latent, noise, [0.34], cond)
            assert float(sigma) == 1.0
            assert torch.equal(x, noise if latent is None else noise + 5)
            assert torch.equal(denoised, x / 2)
    asked = ("ask", [1.0], None, [{"cond": "cond at 3", "model_conds": {}}], 1.0, ["patched"])
    assert backend.calls == [
        "load", ("encode", ["a cat"], 24, 16, 4), ("prepare", (1, 4, 2, 3)), asked, asked, "cleanup"
    ]  # fmt: skip
    assert backend.model.forge_objects.unet.model_options == {"patched"}


def test_a_batch_has_noise_levels_of_its_own(backend: Backend) -> None:
    from lib_lora_neg.hosts.webui.scan_models import _PatchedModel

    model = _PatchedModel()
    with model.ready(SIZE) as shape:
        clean = torch.full((3, *shape), 5.0)
        noise = torch.ones(3, *shape)
        x, denoised, sigmas = model.denoise(clean, noise, [0, 0.34, 1], model.encode("", SIZE))
    assert [float(one.min()) for one in x] == pytest.approx([5.1, 6.0, 19.0])
    assert [float(one.max()) for one in x] == pytest.approx([5.1, 6.0, 19.0])
    assert torch.equal(denoised, x / 2)
    assert sigmas.flatten().tolist() == pytest.approx([0.1, 1.0, 14.0])
    assert backend.calls[-2][1] == pytest.approx([0.1, 1.0, 14.0])


@pytest.mark.parametrize(
    ("cfg", "batch", "free", "most"),
    [
        (7.0, 1, 1e9, 2),
        (1.0, 1, 1e9, 1),
        (1.0, 3, 1e9, 3),
        (7.0, 3, 1e9, 6),
        (7.0, 1, 24 * 1.5 * 2 + 1, 2),
        (7.0, 1, 24 * 1.5 * 2, 1),
        (7.0, 1, 0, 1),
        (7.0, 3, 24 * 1.5 * 3 + 1, 3),
    ],
)
def test_no_more_is_asked_at_once_than_is_evaluated_for_the_pictures(
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    cfg: float,
    batch: int,
    free: float,
    most: int,
) -> None:
    """Both branches of a batch of the scan, where they fit; a latent here takes 24 numbers."""
    from lib_lora_neg.hosts.webui import options
    from lib_lora_neg.hosts.webui.scan_models import _PatchedModel

    monkeypatch.setattr(options, "scan_batch", lambda: batch)
    memory = sys.modules["ldm_patched.modules.model_management"]
    monkeypatch.setattr(memory, "get_free_memory", lambda device: free)
    model = _PatchedModel()
    with model.ready(SIZE) as shape:
        assert model.at_once(torch.ones(1, *shape), replace(SIZE, cfg=cfg)) == most
        model.denoise(None, torch.ones(1, *shape), [1.0], model.encode("", SIZE))
    assert [call for call in backend.calls if call[0] == "prepare"] == [
        ("prepare", (batch, *shape))
    ]


def test_who_has_switched_off_that_both_branches_go_at_once_is_asked_one_by_one(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_lora_neg.hosts.webui import options
    from lib_lora_neg.hosts.webui.scan_models import _ClassicModel

    monkeypatch.setattr(options, "scan_batch", lambda: 1)
    monkeypatch.setattr(
        sys.modules["modules.shared"].opts, "batch_cond_uncond", False, raising=False
    )
    assert _ClassicModel().at_once(torch.ones(1, 4, 2, 3), SIZE) == 1
    monkeypatch.setattr(sys.modules["modules.shared"].opts, "batch_cond_uncond", True)
    assert _ClassicModel().at_once(torch.ones(1, 4, 2, 3), SIZE) == 2


def test_an_inpainting_model_gets_a_blank_picture(backend: Backend) -> None:
    from lib_lora_neg.hosts.webui.scan_models import _PatchedModel

    backend.blank = torch.zeros(1, 5, 2, 3)
    model = _PatchedModel()
    with model.ready(SIZE) as shape:
        cond = model.encode("", SIZE)
        model.denoise(None, torch.ones(1, *shape), [1.0], cond)
    assert cond[0]["model_conds"]["c_concat"] == ("regular", backend.blank)


def test_the_backend_is_cleaned_up_after_an_error(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_lora_neg.hosts.webui.scan_models import _PatchedModel

    def broken(*_: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(sys.modules["ldm_patched.modules.samplers"], "sampling_function", broken)
    model = _PatchedModel()
    with pytest.raises(RuntimeError, match="out of memory"), model.ready(SIZE) as shape:
        model.denoise(None, torch.ones(1, *shape), [1.0], model.encode("", SIZE))
    assert backend.calls[-1] == "cleanup"
