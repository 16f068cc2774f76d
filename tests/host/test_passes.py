"""Hires, img2img, inpainting, batches, styles, refiner, SDXL: the guard reaches every pass."""

from __future__ import annotations

import numpy as np
import pytest

from tests.host.conftest import STYLE_NAME, Checkpoint
from tests.host.support import png
from tests.host.support.client import (
    HIRES,
    OFF,
    ON,
    PICTURE,
    Picture,
    Webui,
    assert_differ,
    assert_same,
)
from tests.host.support.lora_files import (
    CHARACTER,
    CHARACTER_TRIGGER,
    CONCEPT,
    STYLE,
    STYLE_TRIGGER,
    XL_PREFIX,
)

NEGATIVE = "blurry, ugly"
ASKED = f"a cat <lora:{STYLE}:-0.9>"
GIVEN = f"a cat <lora:{STYLE}:-0.5>"


def test_the_hires_pass_is_guarded_with_the_first(webui: Webui) -> None:
    guarded = webui.txt2img(ASKED, NEGATIVE, **HIRES)

    assert_same(guarded, webui.txt2img(GIVEN, NEGATIVE, guard=OFF, **HIRES))
    assert_differ(guarded, webui.txt2img(ASKED, NEGATIVE, guard=OFF, **HIRES))
    assert "Hires prompt" not in guarded.said.parameters


def test_prompts_of_the_hires_pass_are_guarded_on_their_own(webui: Webui) -> None:
    first = f"a cat <lora:{CONCEPT}:0.5>"
    hires = {"hr_prompt": ASKED, "hr_negative_prompt": "dull"}

    guarded = webui.txt2img(first, NEGATIVE, **HIRES, **hires)

    given = {"hr_prompt": GIVEN, "hr_negative_prompt": "dull"}
    assert_same(guarded, webui.txt2img(first, NEGATIVE, guard=OFF, **HIRES, **given))
    assert_differ(guarded, webui.txt2img(first, NEGATIVE, guard=OFF, **HIRES, **hires))
    assert guarded.prompt == first
    assert guarded.said.parameters["Hires prompt"] == GIVEN


def test_a_trigger_leaves_the_negative_prompt_of_the_hires_pass(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:0.8>"
    hires = {"hr_negative_prompt": f"dull, {STYLE_TRIGGER}"}

    guarded = webui.txt2img(prompt, NEGATIVE, **HIRES, **hires)

    given = webui.txt2img(prompt, NEGATIVE, guard=OFF, **HIRES, hr_negative_prompt="dull")
    assert_same(guarded, given)
    assert guarded.said.parameters["Hires negative prompt"] == "dull"


def test_cfg_comes_down_in_both_passes_where_they_share_it(webui: Webui) -> None:
    guarded = webui.txt2img(GIVEN, NEGATIVE, cfg_scale=9, **HIRES)

    given = webui.txt2img(GIVEN, NEGATIVE, cfg_scale=6, guard=OFF, **HIRES)
    assert_same(guarded, given)
    assert guarded.said.cfg_scale == 6


def test_a_negative_weight_in_the_hires_pass_alone_lowers_the_cfg_it_uses(webui: Webui) -> None:
    hires = {**HIRES, "hr_prompt": GIVEN}

    guarded = webui.txt2img("a cat", NEGATIVE, cfg_scale=9, **hires)

    first_cfg = 9 if webui.hires_has_own_cfg else 6
    given = {**hires, "cfg_scale": first_cfg} | ({"hr_cfg": 6} if webui.hires_has_own_cfg else {})
    assert_same(guarded, webui.txt2img("a cat", NEGATIVE, guard=OFF, **given))
    assert guarded.said.cfg_scale == first_cfg
    assert guarded.said.hires_cfg == (6 if webui.hires_has_own_cfg else None)


def test_a_hires_pass_with_a_cfg_of_its_own_is_lowered_on_its_own(webui: Webui) -> None:
    if not webui.hires_has_own_cfg:
        pytest.skip("this WebUI has no CFG scale for the hires pass")

    guarded = webui.txt2img(GIVEN, NEGATIVE, cfg_scale=5, hr_cfg=8, **HIRES)

    given = webui.txt2img(GIVEN, NEGATIVE, cfg_scale=5, hr_cfg=6, guard=OFF, **HIRES)
    assert_same(guarded, given)
    assert (guarded.said.cfg_scale, guarded.said.hires_cfg) == (5, 6)


def test_img2img_is_guarded(webui: Webui, start_picture: Picture) -> None:
    guarded = webui.img2img(ASKED, NEGATIVE, start=start_picture, cfg_scale=9)

    given = webui.img2img(GIVEN, NEGATIVE, start=start_picture, guard=OFF, cfg_scale=6)
    assert_same(guarded, given)
    assert_differ(
        guarded, webui.img2img(ASKED, NEGATIVE, start=start_picture, guard=OFF, cfg_scale=6)
    )
    assert guarded.prompt == GIVEN


def test_inpainting_is_guarded(webui: Webui, start_picture: Picture) -> None:
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, 32:] = 255
    mask = png.encode(half)

    guarded = webui.img2img(ASKED, NEGATIVE, start=start_picture, mask=mask)

    given = webui.img2img(GIVEN, NEGATIVE, start=start_picture, mask=mask, guard=OFF)
    assert_same(guarded, given)
    assert_differ(guarded, start_picture)


BATCHES = {**PICTURE, "n_iter": 2, "batch_size": 2, "cfg_scale": 9}


def test_each_batch_is_planned_from_its_own_prompts(probed: Webui) -> None:
    """Two batches of two pictures, prompts as Dynamic Prompts writes them."""
    asked = {
        "prompts": [
            f"a cat <lora:{STYLE}:-0.9>",
            f"a dog <lora:{STYLE}:-0.9>",
            f"a cow <lora:{STYLE}:0.7>",
            f"a pig <lora:{STYLE}:0.7>",
        ],
        "negatives": ["blurry", "ugly", f"blurry, {STYLE_TRIGGER}", f"{STYLE_TRIGGER}, ugly"],
    }
    negatives = ["blurry", "ugly", "blurry", "ugly"]
    weights = [-0.5, -0.5, 0.7, 0.7]
    prompts = [
        f"a {animal} <lora:{STYLE}:{weight}>"
        for animal, weight in zip(("cat", "dog", "cow", "pig"), weights, strict=True)
    ]

    guarded = pictures(probed.many("txt2img", ON, asked, prompt="x", **BATCHES))
    given = {"prompts": prompts, "negatives": negatives}
    low = pictures(probed.many("txt2img", OFF, given, prompt="x", **{**BATCHES, "cfg_scale": 6}))
    high = pictures(probed.many("txt2img", OFF, given, prompt="x", **BATCHES))

    assert [p.prompt for p in guarded] == prompts
    assert [p.negative for p in guarded] == negatives
    assert [p.said.cfg_scale for p in guarded] == [6, 6, 9, 9]
    for picture, reference in zip(guarded, low[:2] + high[2:], strict=True):
        assert_same(picture, reference)


def test_what_was_changed_is_said_for_each_batch_alone(probed: Webui) -> None:
    asked = {"prompts": [ASKED, ASKED, "a cow", "a pig"]}

    guarded = pictures(probed.many("txt2img", ON, asked, prompt="x", **BATCHES))

    assert [bool(picture.own_keys) for picture in guarded] == [True, True, False, False]


def test_hires_prompts_follow_their_batch(probed: Webui) -> None:
    """The hires pass of each batch has the batch's own guarded prompts."""
    batches = {**PICTURE, **HIRES, "n_iter": 2, "prompt": ASKED}

    guarded = pictures(probed.many("txt2img", ON, **batches))
    given = pictures(probed.many("txt2img", OFF, **{**batches, "prompt": GIVEN}))

    for picture, reference in zip(guarded, given, strict=True):
        assert_same(picture, reference)


def test_the_grid_says_what_was_made(webui: Webui) -> None:
    request = {**PICTURE, "n_iter": 2, "prompt": ASKED, "negative_prompt": NEGATIVE}

    with webui.settings(return_grid=True, samples_save=False, grid_save=False):
        made = webui.many("txt2img", ON, **request, save_images=True)

    grids = [picture for picture in made if picture.pixels.shape[:2] != (64, 64)]
    assert [grid.prompt for grid in grids] == [GIVEN]


def pictures(made: list[Picture]) -> list[Picture]:
    """Return the single pictures without a grid."""
    size = min(picture.pixels.shape[0] for picture in made)
    return [picture for picture in made if picture.pixels.shape[0] == size]


def test_styles_are_guarded_like_typed_text(webui: Webui) -> None:
    if STYLE_NAME not in {style["name"] for style in webui.get("/sdapi/v1/prompt-styles")}:
        pytest.skip(f"the WebUI lacks the style {STYLE_NAME!r}")
    prompt = f"{CHARACTER_TRIGGER} <lora:{CHARACTER}:0.8>"

    guarded = webui.txt2img(prompt, "ugly", styles=[STYLE_NAME])

    given = f"{prompt}, a watercolour, <lora:{STYLE}:-0.5>"
    assert_same(guarded, webui.txt2img(given, "ugly, blurry", guard=OFF))
    assert (guarded.prompt, guarded.negative) == (given, "ugly, blurry")


def test_the_refiner_gets_the_guarded_prompt(webui: Webui, checkpoints: list[Checkpoint]) -> None:
    family = [checkpoint for checkpoint in checkpoints if checkpoint.family == "sd1"]
    if webui.hires_has_own_cfg or len(family) < 2:
        pytest.skip("needs A1111 and a second SD1 checkpoint")
    refiner = {"refiner_checkpoint": family[1].title, "refiner_switch_at": 0.5, "steps": 4}

    guarded = webui.txt2img(ASKED, NEGATIVE, **refiner)
    given = webui.txt2img(GIVEN, NEGATIVE, guard=OFF, **refiner)
    plain = webui.txt2img(GIVEN, NEGATIVE, guard=OFF, steps=4)

    assert_same(guarded, given)
    assert_differ(guarded, plain)


@pytest.fixture
def sdxl(probed: Webui, checkpoints: list[Checkpoint]) -> dict[str, object]:
    """Fields that make a picture with an SDXL checkpoint."""
    title = next((c.title for c in checkpoints if c.family == "sdxl"), None)
    if title is None or f"{XL_PREFIX}{STYLE}" not in probed.lora_names:
        pytest.skip("needs an SDXL checkpoint and its test LoRAs")
    return {"override_settings": {"sd_model_checkpoint": title}}


def test_a_negative_prompt_that_becomes_empty_on_sdxl_is_pointed_out(
    probed: Webui, sdxl: dict[str, object]
) -> None:
    prompt = f"a cat <lora:{XL_PREFIX}{STYLE}:0.7>"

    guarded = probed.txt2img(prompt, STYLE_TRIGGER, **sdxl)
    rules = probed.rules()

    assert_same(guarded, probed.txt2img(prompt, "", guard=OFF, **sdxl))
    assert guarded.negative == ""
    # R11c: the layers of a checkpoint made for tests need not have the sizes of its family.
    assert [rule for rule in rules if rule[0] != "R11c"] == [
        ("R2", "enforced"),
        ("empty-negative", "advised"),
    ]


def test_sdxl_is_guarded(probed: Webui, sdxl: dict[str, object]) -> None:
    guarded = probed.txt2img(f"a cat <lora:{XL_PREFIX}{STYLE}:-0.9>", NEGATIVE, **sdxl)

    given = f"a cat <lora:{XL_PREFIX}{STYLE}:-0.5>"
    assert_same(guarded, probed.txt2img(given, NEGATIVE, guard=OFF, **sdxl))
    assert guarded.prompt == given
