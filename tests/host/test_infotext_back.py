"""An infotext sent back makes the same picture, with the guard off and with it on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.host.support.client import HIRES, OFF, ON, Picture, Webui, assert_same
from tests.host.support.lora_files import (
    CHARACTER,
    CONCEPT,
    DEDICATED,
    SLIDER,
    STYLE,
    STYLE_TRIGGER,
    WRONG,
)

REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "clamped": (f"a cat <lora:{STYLE}:-0.9>", "blurry", {}),
    "dropped": (f"a cat, <lora:{CHARACTER}:-0.5>, sitting", "blurry", {"cfg_scale": 9}),
    "trigger": (f"{STYLE_TRIGGER} <lora:{STYLE}:0.8>", f"blurry, {STYLE_TRIGGER}", {}),
    "only-trigger": (f"{STYLE_TRIGGER} <lora:{STYLE}:0.8>", STYLE_TRIGGER, {}),
    "cfg": (f"a cat <lora:{STYLE}:-0.4>", "blurry", {"cfg_scale": 9}),
    "moved": ("a cat", f"blurry, <lora:{CONCEPT}:0.9>", {"cfg_scale": 7.5}),
    "trigger-negative": (f"a cat <lora:{WRONG}:0.8>", "", {}),
    "several": (
        f"a cat <lora:{STYLE}:-0.9>, (sitting:1.2) <lora:{DEDICATED}:-1.3>",
        f"blurry\n<lora:{SLIDER}:1>",
        {"cfg_scale": 8},
    ),
    "exempt": (f"a cat <lora:{STYLE}:-0.9:guard=off>", "blurry", {"cfg_scale": 8}),
    "hires": (f"a cat <lora:{STYLE}:-0.9>", "blurry", {**HIRES, "cfg_scale": 8}),
    "own-hires": (
        f"a cat <lora:{STYLE}:0.5>",
        "blurry",
        {
            **HIRES,
            "cfg_scale": 8,
            "hr_prompt": f"a cat <lora:{STYLE}:-0.9>",
            "hr_negative_prompt": "dull",
        },
    ),
}


@pytest.fixture(params=REQUESTS.values(), ids=REQUESTS.keys())
def guarded(webui: Webui, request: pytest.FixtureRequest) -> Picture:
    prompt, negative, fields = request.param
    return webui.txt2img(prompt, negative, **fields)


def test_with_the_guard_off_it_makes_the_same_picture(webui: Webui, guarded: Picture) -> None:
    assert_same(guarded, webui.from_infotext(guarded.infotext, guard=OFF))


def test_with_the_guard_on_it_makes_the_same_picture(webui: Webui, guarded: Picture) -> None:
    again = webui.from_infotext(guarded.infotext, guard=ON)

    assert_same(guarded, again)
    assert (again.prompt, again.negative) == (guarded.prompt, guarded.negative)


def test_it_brings_its_own_mode_back(webui: Webui) -> None:
    """Where the request says nothing of the guard, the infotext does."""
    prompt = f"a cat <lora:{STYLE}:-0.9>"
    advised = webui.txt2img(prompt, guard=(True, "Advise"))

    again = webui.from_infotext(advised.infotext, guard=None)

    assert_same(advised, again)
    assert again.own_keys == {"LoRA Neg": "Advise"}


def test_img2img_is_made_again_from_its_infotext(webui: Webui, start_picture: Picture) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"
    guarded = webui.img2img(prompt, "blurry", start=start_picture, cfg_scale=8)
    said = guarded.said

    again = webui.img2img(
        said.prompt,
        said.negative_prompt,
        start=start_picture,
        guard=OFF,
        cfg_scale=said.cfg_scale,
    )

    assert_same(guarded, again)
