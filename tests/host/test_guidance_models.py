"""Negative guidance on whole pictures of SDXL, and of each transformer with a checkpoint here.

The checkpoints have random weights and small width, and the host's configurations of the text
encoder and the VAE must be as small; `tests/support/checkpoints.py` makes those of FLUX.1. A family
without a checkpoint is skipped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.host.conftest import Checkpoint
from tests.host.support.client import (
    HIRES,
    OFF,
    PICTURE,
    Picture,
    Webui,
    assert_same,
    difference,
)
from tests.host.support.lora_files import STYLE, TRANSFORMERS, XL_PREFIX

# Forge's automatic schedule ends a Flux picture in a division by zero: it is black.
AT_ONE: dict[str, Any] = {"cfg_scale": 1.0, "steps": 4, "scheduler": "Simple"}
PROMPT, NEGATIVE = "a cat", "dull dog, blurry"
KEY = "LoRA Neg guidance"
METHODS = ("NAG", "VSF", "ONG")
PREFIXES = {"sdxl": XL_PREFIX, **{family: f"{family}_" for family in TRANSFORMERS}}
"""Of the names of a family's LoRA files."""


@dataclass(frozen=True)
class Model:
    """One family's checkpoint, chosen in every request."""

    family: str
    webui: Webui

    def make(self, guidance: tuple[object, ...] | None, **fields: Any) -> Picture:
        """Make a picture with guidance, or as if there was no extension."""
        guard = OFF if guidance is None else (True, "Enforce", False, None, *guidance)
        texts = {"prompt": PROMPT, "negative_prompt": NEGATIVE}
        made = self.webui.many("txt2img", guard, None, **{**PICTURE, **texts, **AT_ONE, **fields})
        return made[0]


@pytest.fixture(scope="module", params=list(PREFIXES))
def model(
    request: pytest.FixtureRequest, any_webui: Webui, checkpoints: list[Checkpoint]
) -> Iterator[Model]:
    family = request.param
    title = next((c.title for c in checkpoints if c.family == family), None)
    if title is None:
        pytest.skip(f"the WebUI has no checkpoint of {family}")
    before = any_webui.fixed
    any_webui.fixed = {**before, "sd_model_checkpoint": title}
    try:
        made = Model(family, any_webui)
        if KEY not in made.make(("NAG",)).said.parameters:
            pytest.skip(f"this host has no negative guidance for {family}, and says so")
        yield made
    finally:
        any_webui.fixed = before


@pytest.fixture(scope="module")
def plain(model: Model) -> Picture:
    """The picture without guidance; one that shows something."""
    made = model.make(None)
    assert made.pixels.std() > 0
    return made


@pytest.mark.parametrize("method", METHODS)
def test_on_it_changes_the_picture_and_the_next_is_clean(
    model: Model, plain: Picture, method: str
) -> None:
    on = model.make((method,))
    assert on.said.parameters[KEY] == method
    assert difference(plain, on) > 0
    assert difference(on, model.make((method,), negative_prompt="something else")) > 0
    assert_same(on, model.make((method,)))
    assert_same(plain, model.make(None))
    off = model.make(("Off",))
    assert_same(plain, off)
    assert KEY not in off.said.parameters


def test_the_infotext_reproduces_it(model: Model) -> None:
    for guidance in (("NAG", 1.5, 0.5), ("NAG", 1.0, 1.0, "phi 2, tau 1.5")):
        on = model.make(guidance)
        same = (True, "Enforce", False, None, *guidance)
        assert_same(on, model.webui.from_infotext(on.infotext, guard=same))


def test_concepts_are_guided_away_from_one_by_one(model: Model) -> None:
    one = model.make(("NAG",), negative_prompt="dog AND red")
    two = model.make(("NAG", 1.0, 1.0, "", True), negative_prompt="dog AND red")
    assert two.said.parameters["LoRA Neg guidance concepts"] == "AND"
    assert difference(one, two) > 0
    alone = model.make(("NAG",), negative_prompt="dog")
    assert_same(alone, model.make(("NAG", 1.0, 1.0, "", True), negative_prompt="dog"))


def test_a_negative_with_a_schedule(model: Model, plain: Picture) -> None:
    scheduled = model.make(("NAG",), negative_prompt="[dog:many red cars in a long row:0.5]")
    assert KEY in scheduled.said.parameters
    assert difference(plain, scheduled) > 0
    assert difference(scheduled, model.make(("NAG",), negative_prompt="dog")) > 0


def test_with_a_lora(model: Model, plain: Picture) -> None:
    name = f"{PREFIXES[model.family]}{STYLE}"
    if name not in model.webui.lora_names:
        pytest.skip(f"the WebUI lacks {name}")
    prompt = f"{PROMPT} <lora:{name}:0.8>"
    bare = model.make(None, prompt=prompt)
    assert difference(plain, bare) > 0
    assert difference(bare, model.make(("NAG",), prompt=prompt)) > 0
    assert_same(bare, model.make(None, prompt=prompt))
    assert_same(plain, model.make(None))


def test_the_hires_pass(model: Model) -> None:
    hires = {**HIRES, "denoising_strength": 0.9}
    if model.webui.hires_has_own_cfg:
        hires["hr_cfg"] = 1.0
    bare = model.make(None, **hires)
    on = model.make(("NAG",), **hires)
    assert on.pixels.shape == bare.pixels.shape
    assert difference(bare, on) > 0
    assert_same(bare, model.make(None, **hires))


def test_img2img(model: Model, plain: Picture) -> None:
    def made(guard: tuple[object, ...]) -> Picture:
        return model.webui.img2img(PROMPT, NEGATIVE, start=plain, guard=guard, **AT_ONE)

    bare = made(OFF)
    assert difference(bare, made((True, "Enforce", False, None, "NAG"))) > 0
    assert_same(bare, made(OFF))


def test_batches(model: Model) -> None:
    several = {"batch_size": 2, "n_iter": 2, "prompt": PROMPT, "negative_prompt": NEGATIVE}
    body = {**PICTURE, **AT_ONE, **several}
    guard = (True, "Enforce", False, None, "NAG")
    bare = model.webui.many("txt2img", OFF, None, **body)
    on = model.webui.many("txt2img", guard, None, **body)
    assert len(on) == len(bare)
    assert all(difference(a, b) > 0 for a, b in zip(bare, on, strict=True))
    again = model.webui.many("txt2img", OFF, None, **body)
    for a, b in zip(bare, again, strict=True):
        assert_same(a, b)


def test_interrupted_in_the_middle_the_next_picture_is_clean(model: Model, plain: Picture) -> None:
    client = Webui(model.webui.url)
    client.fixed = model.webui.fixed
    body = {**PICTURE, **AT_ONE, "steps": 150, "prompt": PROMPT, "negative_prompt": NEGATIVE}
    job = threading.Thread(
        target=lambda: client.many("txt2img", (True, "Enforce", False, None, "NAG"), None, **body),
        daemon=True,
    )
    job.start()
    seen, until = False, time.monotonic() + 120
    while job.is_alive() and time.monotonic() < until:
        state = model.webui.get("/sdapi/v1/progress?skip_current_image=true")["state"]
        if state["job_count"] and state["sampling_step"] >= 3:
            seen = True
            break
        time.sleep(0.02)
    model.webui.post("/sdapi/v1/interrupt", {})
    job.join(240)
    client.close()
    assert not job.is_alive()
    assert seen, "the job was over before it could be interrupted"
    assert_same(plain, model.make(None))
