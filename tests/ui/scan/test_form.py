"""The scan's form: every field understood or answered with what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras.card import LoraParts
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GuardSettings, Mode
from lib_lora_neg.scan.plan import LoraPart, ScanPrompt
from lib_lora_neg.ui.scan.form import FormError, form_of, read_form
from lib_lora_neg.ui.scan.view import plan_facts
from tests.support.cards import card
from tests.support.library import MemoryLibrary
from tests.support.scanning import CHECKPOINT, MemoryScanHost

FORM: dict[str, Any] = {
    "kind": "scan",
    "lora": "ink",
    "weights": "-1 - 1 [5]",
    "part": "both",
    "prompts": [{"text": " a cat ", "subject": True}, {"text": "a lake", "subject": False}],
    "seeds": "1, 5-7",
    "cfg": 6.5,
    "steps": 12,
    "width": 515,
    "height": 256,
    "sampler": "DPM++ 2M",
    "negative_prompt": "blurry",
}


@pytest.fixture
def host(tmp_path: Path) -> MemoryScanHost:
    library = MemoryLibrary(
        card("ink", "style", family=ModelFamily.SDXL),
        card("old", "style", family=ModelFamily.SD1),
        card("unet", "style", parts=LoraParts(text_encoder=False, unet=True)),
        card("words", "style", parts=LoraParts(text_encoder=True, unet=False)),
    )
    return MemoryScanHost(library, tmp_path)


def errors(host: MemoryScanHost, **fields: object) -> dict[str, str]:
    with pytest.raises(FormError) as caught:
        read_form({**FORM, **fields}, host)
    return caught.value.errors


def test_a_form_becomes_a_plan(host: MemoryScanHost) -> None:
    plan = read_form(FORM, host)
    assert (plan.loras[0].name, plan.loras[0].digest) == ("ink", "digest of ink")
    assert plan.weights == (-1, -0.5, 0, 0.5, 1)
    assert plan.prompts == (ScanPrompt("a cat"), ScanPrompt("a lake", subject=False))
    assert plan.seeds == (1, 5, 6, 7)
    assert (plan.sampling.width, plan.sampling.height) == (512, 256)
    assert (plan.sampling.cfg, plan.sampling.steps) == (6.5, 12)
    assert (plan.sampling.sampler, plan.sampling.scheduler) == ("DPM++ 2M", "Automatic")
    assert (plan.checkpoint, plan.facts) == (CHECKPOINT.digest, CHECKPOINT.facts)
    assert plan.negative_prompt == "blurry"


@pytest.mark.parametrize(
    ("fields", "rules", "mask"),
    [
        ({"block_mask": "-OUT3"}, {}, "-OUT3"),
        ({"block_mask": "-OUT3"}, {"R12": Mode.ENFORCE}, "-OUT3"),
        ({"block_mask": "-OUT3"}, {"R12": Mode.OFF}, ""),
        ({"block_mask": "-OUT3", "guard_off": True}, {}, ""),
        ({"block_mask": "-X:9>"}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_a_lora_is_scanned_with_the_mask_that_generations_give_it(
    tmp_path: Path, fields: dict[str, Any], rules: dict[str, Mode], mask: str
) -> None:
    library = MemoryLibrary(replace(card("ink", "style", family=ModelFamily.SDXL), **fields))
    library.guard = GuardSettings(rules=rules)
    host = MemoryScanHost(library, tmp_path)
    plan = read_form(FORM, host)
    assert plan.loras[0].blocks == mask
    assert dict(map(tuple, plan_facts(plan))).get("Blocks", "") == mask


def test_what_is_left_out_has_the_hosts_usual_value(host: MemoryScanHost) -> None:
    form = {key: FORM[key] for key in ("lora", "weights", "prompts", "seeds")}
    plan = read_form({**form, "cfg": "", "steps": None}, host)
    assert plan.sampling == host.sampling
    assert plan.part is LoraPart.BOTH


@pytest.mark.parametrize("kind", ["scan", "compare", "quick"])
def test_a_plan_fills_the_form_that_asks_for_it(host: MemoryScanHost, kind: str) -> None:
    given = {"kind": kind, "weights": "-0.5" if kind == "compare" else "-1, -0.25, 0, 0.5"}
    plan = read_form({**FORM, **given, "negative_word": "wrong", "part": "unet"}, host)
    form = form_of(plan, quick=kind == "quick")
    assert form["kind"] == kind
    assert read_form(form, host) == plan


def test_a_word_for_the_negative_belongs_to_comparisons(host: MemoryScanHost) -> None:
    fields = {**FORM, "weights": "1", "negative_word": "wrong"}
    assert read_form({**fields, "kind": "scan"}, host).negative_word == ""
    plan = read_form({**fields, "kind": "compare"}, host)
    assert plan.is_comparison
    by_weight = {
        w: plan.batch(tuple(c for c in plan.cells() if c.weight == w)) for w in plan.weights
    }
    assert {request.negative_prompt for request in by_weight[0].requests} == {"blurry"}
    assert {request.negative_prompt for request in by_weight[1].requests} == {"blurry, wrong"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("lora", "", "Choose a LoRA."),
        ("lora", "nobody", "No LoRA of this name is known."),
        ("lora", "old", "This LoRA was made for sd1, and drawn.safetensors is sdxl"),
        ("lora", 5, "Choose a LoRA."),
        ("weights", "", "No weights given"),
        ("weights", "-1, x", "'x' is no weight and no range"),
        ("weights", "0", "Give at least one weight besides 0."),
        ("weights", "99", "99 is not within ±10."),
        ("weights", "-1 - 1 [9999]", "the number of weights must be 1 to 201"),
        ("weights", None, "Write weights"),
        ("prompts", [], "Give at least one prompt."),
        ("prompts", [{"text": "  "}], "Give at least one prompt."),
        ("prompts", [{"text": "a"}, {"text": "a "}], "The same prompt stands twice"),
        ("prompts", [{"text": "a <lora:ink:1>"}], "Take the <lora:…> out"),
        ("prompts", [{"text": "x" * 5000}], "at most 4000 characters"),
        ("prompts", [{"text": "a"}] * 51, "1 to 50 prompts"),
        ("prompts", "a cat", "1 to 50 prompts"),
        ("seeds", "", "Give at least one seed."),
        ("seeds", "-1", "'-1' is no seed; a scan needs fixed ones"),
        ("seeds", "1-500", "'1-500' is no range of at most 100 seeds"),
        ("seeds", "9999999999", "Seeds end at 4294967295."),
        ("part", "half", "Choose both parts"),
        ("cfg", 0, "Must be a number from 1 to 100."),
        ("cfg", "7", "Must be a number from 1 to 100."),
        ("steps", float("nan"), "Must be a number from 1 to 150."),
        ("width", 10**9, "Must be a number from 64 to 4096."),
        ("sampler", "Nobody's", "This host has none of this name."),
        ("negative_prompt", "x" * 5000, "at most 4000 characters"),
    ],
)
def test_each_fault_is_told_at_its_field(
    host: MemoryScanHost, field: str, value: object, words: str
) -> None:
    found = errors(host, **{field: value})
    assert list(found) == [field]
    assert words in found[field]


def test_several_faults_are_told_at_once(host: MemoryScanHost) -> None:
    assert set(errors(host, weights="?", seeds="?", steps=0)) == {"weights", "seeds", "steps"}


def test_a_part_that_the_lora_does_not_have(host: MemoryScanHost) -> None:
    assert "text encoder" in errors(host, lora="unet", part="text_encoder")["part"]
    assert "text encoder only" in errors(host, lora="words", part="unet")["part"]


def test_without_a_checkpoint_nothing_can_be_scanned(host: MemoryScanHost) -> None:
    host.chosen = None
    assert errors(host) == {"checkpoint": "No checkpoint is chosen. Choose one first."}


def test_too_many_pictures(host: MemoryScanHost) -> None:
    prompts = [{"text": str(number)} for number in range(50)]
    found = errors(host, weights="-1 - 1 [201]", prompts=prompts, seeds="0-99")
    assert found == {"plan": "1005000 pictures are more than 20000."}


def test_an_unknown_family_is_no_reason_to_refuse(host: MemoryScanHost) -> None:
    assert host.chosen is not None
    host.chosen = replace(host.chosen, family=ModelFamily.UNKNOWN)
    assert read_form({**FORM, "lora": "old"}, host).loras[0].name == "old"
