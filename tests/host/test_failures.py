"""If the guard fails, the picture is made as it was asked for, and everything says so."""

from __future__ import annotations

import pytest

from tests.host.support.client import OFF, Webui, assert_same
from tests.host.support.lora_files import CHARACTER, STYLE

PLACES = ("read_request", "plan", "apply_plan", "change_text")
"""Functions that the guard calls in this order; by the last one the plan is applied already."""


@pytest.mark.parametrize("place", PLACES)
def test_the_picture_is_the_unguarded_one(probed: Webui, place: str) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9> <lora:{CHARACTER}:-0.5>"

    picture = probed.txt2img(prompt, "blurry", cfg_scale=9, probe={"fail": place})

    assert_same(picture, probed.txt2img(prompt, "blurry", cfg_scale=9, guard=OFF))
    assert picture.prompt == prompt
    assert picture.said.cfg_scale == 9


@pytest.mark.parametrize("place", PLACES)
def test_the_infotext_says_so(probed: Webui, place: str) -> None:
    picture = probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", probe={"fail": place})

    assert list(picture.own_keys) == ["LoRA Neg"]
    assert picture.own_keys["LoRA Neg"].startswith("not guarded")


def test_the_panel_says_so(probed: Webui) -> None:
    probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", probe={"fail": "plan"})

    failures = probed.probe()["reports"]["txt2img"]["failures"]
    assert failures == ["RuntimeError: broken by the probe"]


def test_the_next_picture_is_guarded_again(probed: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"
    probed.txt2img(prompt, probe={"fail": "plan"})

    assert probed.txt2img(prompt).prompt == f"a cat <lora:{STYLE}:-0.5>"
