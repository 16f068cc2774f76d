"""What the guard does to pictures on this host, compared pixel by pixel."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.policy import GuardSettings, Mode
from tests.host.support import lora_files as files
from tests.hosts.diffusers_host.conftest import SIZE

CALM = {**SIZE, "seed": 11, "cfg_scale": 6.0, "negative_prompt": "dull"}


def pixels(made: Any) -> np.ndarray:
    return np.stack([np.asarray(image) for image in made.images])


def same(first: Any, second: Any) -> bool:
    return np.array_equal(pixels(first), pixels(second))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (f"a cat <lora:{files.STYLE}:-0.9>", f"a cat <lora:{files.STYLE}:-0.5>"),
        (f"a cat <lora:{files.CHARACTER}:-0.5>", "a cat"),
        (f"a cat <lora:{files.CONCEPT}:-0.8>", f"a cat <lora:{files.CONCEPT}:-0.3>"),
        (f"<lora:{files.STYLE}:-0.4><lora:{files.STYLE}:-0.9> x", f"<lora:{files.STYLE}:-0.5> x"),
    ],
)
def test_a_guarded_picture_is_that_of_the_safe_request(sd1: Any, given: str, meant: str) -> None:
    guarded = sd1.generate(prompt=given, **CALM)
    unguarded = sd1.generate(prompt=meant, mode=Mode.OFF, **CALM)
    as_typed = sd1.generate(prompt=given, mode=Mode.OFF, **CALM)
    assert same(guarded, unguarded)
    assert not same(guarded, as_typed)
    assert unguarded.report.findings == ()
    assert [f.rule for f in guarded.report.enforced]


def test_on_sdxl_as_well(sdxl: Any) -> None:
    name = files.XL_PREFIX + files.STYLE
    guarded = sdxl.generate(prompt=f"a cat <lora:{name}:-0.9>", **CALM)
    unguarded = sdxl.generate(prompt=f"a cat <lora:{name}:-0.5>", mode=Mode.OFF, **CALM)
    assert same(guarded, unguarded)
    assert guarded.problems == ()


def test_a_trigger_word_leaves_the_negative_prompt(sd1: Any) -> None:
    prompt = f"a cat <lora:{files.STYLE}:0.8>"
    with_word = {**CALM, "negative_prompt": f"dull, {files.STYLE_TRIGGER}"}
    guarded = sd1.generate(prompt=prompt, **with_word)
    assert same(guarded, sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM))
    assert not same(guarded, sd1.generate(prompt=prompt, mode=Mode.OFF, **with_word))
    assert parse_infotext(guarded.pictures[0].infotext).negative_prompt == "dull"


def test_a_high_cfg_is_lowered_beside_a_negative_weight(sd1: Any) -> None:
    prompt = f"a cat <lora:{files.STYLE}:-0.4>"
    guarded = sd1.generate(prompt=prompt, **{**CALM, "cfg_scale": 9.0})
    assert same(guarded, sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM))
    told = parse_infotext(guarded.pictures[0].infotext)
    assert told.cfg_scale == 6
    assert told.parameters["LoRA Neg"] == "Enforce"
    assert told.parameters["LoRA Neg changes"] == "R3: CFG 9 -> 6"


def test_a_mask_that_was_saved_with_a_lora_is_obeyed(sd1: Any) -> None:
    prompt = f"a cat <lora:{files.STYLE}:0.8>"
    plain = sd1.generate(prompt=prompt, **CALM)
    path = sd1.engine.get(files.STYLE).path
    before = sd1.engine.book.decision(path)
    sd1.engine.book.save(path, replace(before, block_mask="-OUT"))
    sd1.engine.catalog.refresh()
    try:
        masked = sd1.generate(prompt=prompt, **CALM)
        in_tag = f"a cat <lora:{files.STYLE}:0.8:blocks=-OUT>"
        assert same(masked, sd1.generate(prompt=in_tag, mode=Mode.OFF, **CALM))
        assert not same(masked, plain)
        told = parse_infotext(masked.pictures[0].infotext)
        assert "blocks=-OUT" in told.prompt
        assert "-OUT" in told.parameters["LoRA Neg blocks"]
        assert same(sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM), plain)
    finally:
        sd1.engine.book.save(path, before)
        sd1.engine.catalog.refresh()
    assert same(sd1.generate(prompt=prompt, **CALM), plain)


def test_advise_changes_nothing_and_says_what_it_would(sd1: Any) -> None:
    prompt = f"a cat <lora:{files.STYLE}:-0.9>"
    advised = sd1.generate(prompt=prompt, mode=Mode.ADVISE, **CALM)
    assert same(advised, sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM))
    assert [(f.rule, f.after) for f in advised.report.findings][:1] == [
        ("R1", f"<lora:{files.STYLE}:-0.5>")
    ]
    assert parse_infotext(advised.pictures[0].infotext).parameters["LoRA Neg"] == "Advise"


def test_rules_and_settings_of_one_generation(sd1: Any) -> None:
    prompt = f"a cat <lora:{files.STYLE}:-0.9>"
    made = sd1.generate(prompt=prompt, rules={"R1": Mode.OFF}, **CALM)
    assert same(made, sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM))


def test_an_infotext_makes_its_picture_again_with_the_guard_and_without(
    api: Any, sd1: Any, tmp_path: Any
) -> None:
    made = sd1.generate(
        prompt=f"(a cat:1.2) <lora:{files.STYLE}:-0.9>",
        sampler="Euler a",
        clip_skip=2,
        **{**CALM, "cfg_scale": 9.0, "seed": -1},
    )
    api.save_png(made.pictures[0], tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as saved:
        told = parse_infotext(saved.info["parameters"])
    width, height = map(int, told.parameters["Size"].split("x"))
    job = api.GenerationJob(
        prompt=told.prompt,
        negative_prompt=told.negative_prompt,
        steps=int(told.parameters["Steps"]),
        sampler=told.parameters["Sampler"],
        scheduler=told.parameters["Schedule type"],
        cfg_scale=told.cfg_scale,
        seed=int(told.parameters["Seed"]),
        width=width,
        height=height,
        clip_skip=int(told.parameters["Clip skip"]),
    )
    again = sd1.generate(job)
    assert same(made, again)
    assert same(made, sd1.generate(job, mode=Mode.OFF))
    assert not again.report.enforced


def test_when_the_guard_fails_the_picture_is_made_as_asked_and_says_so(
    sd1: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a broken rule")

    prompt = f"a cat <lora:{files.STYLE}:-0.9>"
    as_typed = sd1.generate(prompt=prompt, mode=Mode.OFF, **CALM)
    monkeypatch.setattr("lib_lora_neg.hosts.diffusers.guard.plan", broken)
    made = sd1.generate(prompt=prompt, **CALM)
    assert same(made, as_typed)
    assert made.report.failures == ("RuntimeError: a broken rule",)
    told = parse_infotext(made.pictures[0].infotext)
    assert told.parameters["LoRA Neg"] == "not guarded (the guard failed)"
    assert "a broken rule" in capsys.readouterr().err


def test_hires_texts_and_cfg_are_guarded_too(api: Any, sd1: Any) -> None:
    hires = api.HiresFix(
        scale=1.5,
        steps=3,
        denoising_strength=0.6,
        prompt=f"a dog <lora:{files.STYLE}:-0.9>",
        cfg_scale=9.0,
    )
    made = sd1.generate(prompt="a cat", hires=hires, **CALM)
    assert made.images[0].size == (96, 96)
    told = parse_infotext(made.pictures[0].infotext)
    assert told.hires_prompt == f"a dog <lora:{files.STYLE}:-0.5>"
    assert told.hires_cfg is None or told.hires_cfg == 6
    assert told.parameters["Hires steps"] == "3"


def test_the_report_of_the_last_generation_is_kept_for_the_panel(sd1: Any) -> None:
    made = sd1.generate(prompt=f"a cat <lora:{files.CHARACTER}:-0.5>", **CALM)
    assert sd1.last is made.report
    assert [f.rule for f in sd1.last.enforced] == ["R1"]


def test_around_a_pipeline_that_is_loaded_already(api: Any, sd1: Any, models: Any) -> None:
    host = api.guarded(
        sd1.engine.pipe, [models / "loras"], settings=GuardSettings(mode=Mode.ENFORCE)
    )
    made = host.generate(prompt=f"a cat <lora:{files.STYLE}:-0.9>", **CALM)
    host.engine.networks.apply(())
    unguarded = sd1.generate(prompt=f"a cat <lora:{files.STYLE}:-0.5>", mode=Mode.OFF, **CALM)
    assert same(made, unguarded)


def test_a_png_keeps_the_words_of_every_language(api: Any, sd1: Any) -> None:
    made = sd1.generate(prompt="a cat 猫", **CALM)
    buffer = io.BytesIO()
    api.save_png(made.pictures[0], buffer)
    with Image.open(io.BytesIO(buffer.getvalue())) as saved:
        assert saved.info["parameters"].startswith("a cat 猫\n")
