"""Nothing of a guarded generation is left in the WebUI for the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.host.support.client import OFF, Webui, assert_same
from tests.host.support.lora_files import CONCEPT, STYLE

ASKED = f"a cat <lora:{STYLE}:-0.9>"

GUARDED: dict[str, Callable[[Webui], object]] = {
    "plan": lambda webui: webui.txt2img(ASKED, "blurry", cfg_scale=9),
    "tag-added-late": lambda webui: webui.txt2img(
        "a cat", "blurry", cfg_scale=9, probe={"append": f" <lora:{STYLE}:-0.9>"}
    ),
    "loaded-late": lambda webui: webui.txt2img(
        "a cat", "blurry", cfg_scale=9, probe={"activate": [STYLE, -0.9]}
    ),
    "failure": lambda webui: webui.txt2img(ASKED, "blurry", cfg_scale=9, probe={"fail": "plan"}),
    "nested": lambda webui: webui.txt2img(
        "a cat",
        "blurry",
        cfg_scale=9,
        probe={"nested": {"prompt": f"<lora:{STYLE}:-0.9>", "steps": 2, "cfg_scale": 9}},
    ),
}
AFTERWARDS = (ASKED, f"a cat <lora:{STYLE}:-0.5>", f"a cat <lora:{CONCEPT}:0.5>", "a cat")


@pytest.mark.parametrize("guarded", GUARDED.values(), ids=GUARDED.keys())
@pytest.mark.parametrize("prompt", AFTERWARDS)
def test_an_unguarded_picture_is_what_it_was_before(
    probed: Webui, guarded: Callable[[Webui], object], prompt: str
) -> None:
    before = probed.txt2img(prompt, "blurry", guard=OFF, cfg_scale=9)

    guarded(probed)

    after = probed.txt2img(prompt, "blurry", guard=OFF, cfg_scale=9)
    assert_same(before, after)
    assert before.data == after.data


def test_no_generation_is_left_running(probed: Webui) -> None:
    for guarded in GUARDED.values():
        guarded(probed)

    assert probed.probe()["running"] == 0
