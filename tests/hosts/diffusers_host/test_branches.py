"""One LoRA, two strengths, against the same generation made with two merged models."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.policy import Mode  # noqa: E402
from lib_lora_neg.scan.ports import LoraSetting  # noqa: E402
from tests.host.support import lora_files as files  # noqa: E402
from tests.hosts.diffusers_host.conftest import SIZE  # noqa: E402

CALM = {**SIZE, "seed": 5, "cfg_scale": 5.0, "negative_prompt": "dull"}


@pytest.fixture(params=["sd1", "sdxl"])
def host(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def lora(host: Any, name: str) -> str:
    return ("xl_" if host.engine.family.value == "sdxl" else "") + name


def latent(host: Any, tags: str, **changes: Any) -> np.ndarray:
    made = host.generate(prompt=f"cat {tags}", mode=Mode.OFF, **{**CALM, **changes})
    assert not made.problems
    return np.stack([picture.latent for picture in made.pictures])


def by_two_models(
    host: Any,
    monkeypatch: pytest.MonkeyPatch,
    prompt: Sequence[LoraSetting],
    negative: Sequence[LoraSetting],
    **changes: Any,
) -> np.ndarray:
    """Make a picture whose branches are evaluated apart, each on a model merged for it."""
    engine = host.engine
    passes, networks = engine.passes, engine.networks
    evaluate = type(passes.denoiser).evaluate
    encode = type(passes).encode

    def merged_twice(self: Any, text: str, no: str, job: Any, _: Any, steps: Any = None) -> Any:
        networks.apply(negative)
        theirs = encode(self, text, no, job, tuple(negative), steps)
        networks.apply(prompt)
        ours = encode(self, text, no, job, tuple(prompt), steps)
        return replace(ours, negative=theirs.negative)

    def evaluated(self: Any, x: Any, t: Any, conds: Any, *rest: Any) -> Any:
        half = len(conds) // 2
        rows = []
        for index, cond in enumerate(conds):
            networks.apply(negative if index % 2 else prompt)
            rows.append(evaluate(self, x[index : index + 1], t, [cond], *rest))
        assert half
        return torch.cat(rows)

    with monkeypatch.context() as patch:
        patch.setattr(type(passes), "encode", merged_twice)
        patch.setattr(type(passes.denoiser), "evaluate", evaluated)
        return latent(host, "", **changes)


PAIRS = [(0.8, 0.3), (0.8, 0.0), (0.0, 0.8), (-1.0, -0.2), (-0.4, 0.9)]


@pytest.mark.parametrize(("weight", "neg"), PAIRS)
def test_a_picture_is_that_of_two_merged_models(
    host: Any, monkeypatch: pytest.MonkeyPatch, weight: float, neg: float
) -> None:
    name = lora(host, files.STYLE)
    found = latent(host, f"<lora:{name}:{weight}:neg={neg}>")
    wanted = by_two_models(
        host, monkeypatch, [LoraSetting(name, weight, weight)], [LoraSetting(name, neg, neg)]
    )
    assert np.abs(found - wanted).max() < 2e-4 * np.abs(wanted).max()
    plain = latent(host, f"<lora:{name}:{weight}>")
    assert np.abs(found - plain).max() > 1e-2 * np.abs(wanted).max()


def test_text_encoder_and_unet_have_negatives_of_their_own(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = lora(host, files.STYLE)
    found = latent(host, f"<lora:{name}:0.5:0.9:neg=0.2:negte=-0.7>")
    wanted = by_two_models(
        host, monkeypatch, [LoraSetting(name, 0.5, 0.9)], [LoraSetting(name, -0.7, 0.2)]
    )
    assert np.abs(found - wanted).max() < 2e-4 * np.abs(wanted).max()


def test_beside_other_loras_in_batches_img2img_and_hires(
    host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_lora_neg.hosts.diffusers import HiresFix

    name, other = lora(host, files.STYLE), lora(host, files.CONCEPT)
    tags = f"<lora:{name}:0.8:neg=0.1><lora:{other}:0.4>"
    ours = [LoraSetting(name, 0.8, 0.8), LoraSetting(other, 0.4, 0.4)]
    theirs = [LoraSetting(name, 0.1, 0.1), LoraSetting(other, 0.4, 0.4)]
    start = host.generate(prompt="cat", mode=Mode.OFF, **CALM).images[0]
    cases: list[dict[str, Any]] = [
        {"batch_size": 2},
        {"init_image": start, "denoising_strength": 0.6},
        {"hires": HiresFix(scale=1.5, steps=2)},
        {"sampler": "Heun"},
    ]
    for changes in cases:
        found = latent(host, tags, **changes)
        wanted = by_two_models(host, monkeypatch, ours, theirs, **changes)
        assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max(), changes


def test_negative_prompts_of_another_length_are_evaluated_apart(
    sd1: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = ", ".join(["dull grey colours"] * 60)
    found = latent(sd1, f"<lora:{files.STYLE}:0.8:neg=0>", negative_prompt=long)
    plain = latent(sd1, f"<lora:{files.STYLE}:0.8>", negative_prompt=long)
    away = latent(sd1, f"<lora:{files.STYLE}:0.8:neg=0:negte=0.8>", negative_prompt=long)
    assert not np.allclose(found, plain, atol=1e-3)
    assert not np.allclose(found, away, atol=1e-4)


def test_equal_strengths_and_cfg_1_give_the_plain_picture_to_the_bit(host: Any) -> None:
    name = lora(host, files.STYLE)
    plain = latent(host, f"<lora:{name}:0.8>")
    assert np.array_equal(latent(host, f"<lora:{name}:0.8:neg=0.8>"), plain)
    alone = latent(host, f"<lora:{name}:0.8>", cfg_scale=1.0)
    assert np.array_equal(latent(host, f"<lora:{name}:0.8:neg=0>", cfg_scale=1.0), alone)


def hooks_on_layers(host: Any) -> dict[str, int]:
    """Return how many hooks each linear layer and convolution has."""
    pipe = host.engine.pipe
    parts = [pipe.unet, pipe.text_encoder, getattr(pipe, "text_encoder_2", None)]
    return {
        name: len(module._forward_hooks)
        for part in parts
        if part is not None
        for name, module in part.named_modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and module._forward_hooks
    }


@pytest.mark.parametrize("end", ["finished", "interrupted", "failed"])
def test_afterwards_the_next_plain_picture_is_the_same_to_the_bit(
    host: Any, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    name = lora(host, files.STYLE)
    before = latent(host, "")
    tags = f"cat <lora:{name}:0.8:neg=0>"
    if end == "finished":
        latent(host, tags)
    elif end == "interrupted":
        stop = threading.Event()
        made = host.generate(
            prompt=tags, mode=Mode.OFF, cancel=stop, on_step=lambda _: stop.set(), **CALM
        )
        assert made.interrupted
    else:
        with monkeypatch.context() as patch:
            patch.setattr(host.engine.pipe.unet.conv_out, "forward", _out_of_memory)
            with pytest.raises(RuntimeError, match="memory"):
                host.generate(prompt=tags, mode=Mode.OFF, **CALM)
    assert hooks_on_layers(host) == {}
    assert np.array_equal(latent(host, ""), before)


def _out_of_memory(*_: Any) -> None:
    raise RuntimeError("out of memory")


@pytest.mark.parametrize("bad", ["abc", "nan", "0@0,1@0.5"])
def test_a_neg_that_is_no_number_is_told_and_the_lora_acts_as_ever(sd1: Any, bad: str) -> None:
    prompt = f"cat <lora:{files.STYLE}:0.8:neg={bad}>"
    made = sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM)
    assert any("no weight" in problem for problem in made.problems)
    assert np.array_equal(made.pictures[0].latent, latent(sd1, f"<lora:{files.STYLE}:0.8>")[0])


def test_the_infotext_says_what_only_this_extension_can_do(sd1: Any) -> None:
    def text(tags: str, cfg: float = 5.0) -> str:
        asked = {**CALM, "cfg_scale": cfg}
        return str(sd1.generate(prompt=f"cat {tags}", mode=Mode.OFF, **asked).pictures[0].infotext)

    told = text(f"<lora:{files.STYLE}:0.8:neg=0.3:negte=0>")
    assert f"<lora:{files.STYLE}:0.8:neg=0.3:negte=0>" in told
    assert f"{files.STYLE} 0.8, negative branch 0.3 with text encoder 0" in told
    assert "ignored without LoRA Negative Guard" in told
    assert "LoRA Neg branches" not in text(f"<lora:{files.STYLE}:0.8:neg=0.8>")
    assert "LoRA Neg branches" not in text(f"<lora:{files.STYLE}:0.8:neg=0>", cfg=1.0)


def test_a_mask_of_blocks_is_a_lora_without_these_blocks(
    sd1: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At CFG 1 too, and beside strengths of its own on the negative branch."""
    from lib_lora_neg.hosts.diffusers import networks
    from lib_lora_neg.prompts.blocks import block_name

    name = files.STYLE
    cases = (
        (f"<lora:{name}:0.8:blocks=-OUT>", f"<lora:{name}:0.8>", 1.0),
        (f"<lora:{name}:0.8:blocks=-OUT>", f"<lora:{name}:0.8>", 5.0),
        (f"<lora:{name}:0.8:neg=0.2:blocks=-OUT>", f"<lora:{name}:0.8:neg=0.2>", 5.0),
    )
    for masked, whole, cfg in cases:
        found = latent(sd1, masked, cfg_scale=cfg)
        assert not np.allclose(found, latent(sd1, whole, cfg_scale=cfg), atol=1e-3)
        read = networks.read_network

        def without_out(*args: Any, read: Any = read) -> Any:
            own = read(*args)
            kept = {p: d for p, d in own.deltas.items() if not block_name(p[1]).startswith("OUT")}
            return replace(own, deltas=kept)

        with monkeypatch.context() as patch:
            patch.setattr(networks, "read_network", without_out)
            sd1.engine.networks._known.clear()
            wanted = latent(sd1, whole, cfg_scale=cfg)
        sd1.engine.networks._known.clear()
        assert np.abs(found - wanted).max() < 5e-4 * np.abs(wanted).max()
