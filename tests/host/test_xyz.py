"""Our axes in the XYZ plot of a running WebUI, by its API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.host.support.client import (
    OFF,
    ON,
    PICTURE,
    Picture,
    Webui,
    assert_differ,
    assert_same,
)
from tests.host.support.lora_files import CONCEPT, STYLE, STYLE_TRIGGER

WEIGHT = "[LoRA Neg] Weight"
TEXT_ENCODER = "[LoRA Neg] Text-encoder weight"
MODE = "[LoRA Neg] Guard mode"
CEILING = "[LoRA Neg] CFG under guard"
SETTING = "[LoRA Neg] Setting"
GUIDANCE = tuple(
    f"[LoRA Neg] Guidance {part}" for part in ("method", "strength", "share", "numbers")
)
OURS = (WEIGHT, TEXT_ENCODER, MODE, CEILING, SETTING, *GUIDANCE)

NEGATIVE = f"blurry, {STYLE_TRIGGER}"


def request(
    webui: Webui, axes: Sequence[tuple[str, str]], *, img2img: bool = False, **fields: Any
) -> dict[str, Any]:
    """Return the fields of a plot; axes as (label, values), X first."""
    args = webui.xyz_args(
        axes, img2img=img2img, include_sub_images=True, use_text_inputs_instead_of_dropdowns=True
    )
    return {
        **PICTURE,
        "negative_prompt": NEGATIVE,
        "script_name": "X/Y/Z plot",
        "script_args": args,
        **fields,
    }


def plot(
    webui: Webui, axes: dict[str, str], guard: tuple[object, ...] | None = ON, **fields: Any
) -> list[Picture]:
    """Return the cells of a plot."""
    made = webui.many("txt2img", guard, **request(webui, list(axes.items()), **fields))
    return [picture for picture in made if picture.pixels.shape[:2] == (64, 64)]


def typed(webui: Webui, text: str, **fields: Any) -> Picture:
    """Return the picture that is made without the guard."""
    return webui.txt2img(text, NEGATIVE, guard=OFF, **fields)


def test_the_weight_axis_passes_raw_weights_at_one_cfg(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:1>"

    cells = plot(webui, {WEIGHT: f"{STYLE}: -1 - 1 [3]"}, prompt=prompt, cfg_scale=9)

    given = [f"a cat <lora:{STYLE}:{weight}>" for weight in ("-1", "0", "1")]
    assert [cell.prompt for cell in cells] == given
    assert [cell.said.cfg_scale for cell in cells] == [9, 9, 9]
    assert [cell.negative for cell in cells] == [NEGATIVE] * 3
    for cell, text in zip(cells, given, strict=True):
        assert_same(cell, typed(webui, text, cfg_scale=9))
    assert_differ(cells[0], cells[1])
    assert_differ(cells[1], cells[2])


def test_cells_of_the_weight_axis_can_be_made_again_from_their_infotext(webui: Webui) -> None:
    (cell,) = plot(webui, {WEIGHT: "-0.9"}, prompt=f"a cat <lora:{STYLE}:1>")

    assert cell.own_keys == {"LoRA Neg": "Off"}
    assert_same(cell, webui.from_infotext(cell.infotext, guard=OFF))


def test_two_weight_axes_take_the_loras_of_the_prompt_in_turn(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:1> <lora:{CONCEPT}:1>"

    axes = [(WEIGHT, "-0.9, 0.5"), (WEIGHT, "-0.8")]
    made = webui.many("txt2img", ON, **request(webui, axes, prompt=prompt))
    cells = [picture for picture in made if picture.pixels.shape[:2] == (64, 64)]

    given = [f"a cat <lora:{STYLE}:{w}> <lora:{CONCEPT}:-0.8>" for w in ("-0.9", "0.5")]
    assert [cell.prompt for cell in cells] == given
    for cell, text in zip(cells, given, strict=True):
        assert_same(cell, typed(webui, text))


def test_the_text_encoder_has_an_axis_of_its_own(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:1>"

    cells = plot(webui, {WEIGHT: "-0.9", TEXT_ENCODER: f"{STYLE}: -0.9, 0.5"}, prompt=prompt)

    given = [f"a cat <lora:{STYLE}:-0.9>", f"a cat <lora:{STYLE}:0.5:-0.9>"]
    assert [cell.prompt for cell in cells] == given
    for cell, text in zip(cells, given, strict=True):
        assert_same(cell, typed(webui, text))
    assert_differ(*cells)


def test_weights_and_modes_of_the_guard(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:1>"

    cells = plot(
        webui, {WEIGHT: "-0.9, 0.5", MODE: "Off, Advise, Enforce"}, prompt=prompt, cfg_scale=9
    )

    raw, positive = f"a cat <lora:{STYLE}:-0.9>", f"a cat <lora:{STYLE}:0.5>"
    clamped = f"a cat <lora:{STYLE}:-0.5>"
    assert [cell.prompt for cell in cells] == [raw, positive, raw, positive, clamped, positive]
    assert [cell.said.cfg_scale for cell in cells] == [9, 9, 9, 9, 6, 9]
    assert [cell.said.parameters.get("LoRA Neg") for cell in cells] == [
        None,
        None,
        "Advise",
        "Advise",
        "Enforce",
        "Enforce",
    ]
    # At a positive weight the trigger comes out of the negative prompt.
    assert [cell.negative for cell in cells] == [NEGATIVE] * 4 + [NEGATIVE, "blurry"]
    assert_same(cells[4], typed(webui, clamped, cfg_scale=6))


def test_the_axis_of_the_mode_goes_before_the_panel(webui: Webui) -> None:
    cells = plot(webui, {MODE: "Off, Enforce"}, OFF, prompt=f"a cat <lora:{STYLE}:-0.9>")

    given = [f"a cat <lora:{STYLE}:{weight}>" for weight in ("-0.9", "-0.5")]
    assert [cell.prompt for cell in cells] == given


def test_cfg_under_guard(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.4>"

    cells = plot(webui, {CEILING: "4, 5.5"}, prompt=prompt, cfg_scale=9)

    assert [cell.said.cfg_scale for cell in cells] == [4, 5.5]
    for cell in cells:
        assert_same(cell, typed(webui, prompt, cfg_scale=cell.said.cfg_scale))


def test_cfg_under_guard_holds_for_every_weight_of_its_row(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:1>"

    cells = plot(webui, {WEIGHT: "-0.9, 0.9", CEILING: "4, 6"}, prompt=prompt, cfg_scale=9)

    assert [cell.said.cfg_scale for cell in cells] == [4, 4, 6, 6]
    assert_same(cells[1], typed(webui, f"a cat <lora:{STYLE}:0.9>", cfg_scale=4))


def test_settings_of_the_guard_in_a_plot(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"
    values = "R1=Off, style floor=-0.3; CFG ceiling=5, R2=Advise"

    cells = plot(webui, {SETTING: values}, prompt=prompt, cfg_scale=9)

    weights = ("-0.9", "-0.3", "-0.5")
    assert [cell.prompt for cell in cells] == [f"a cat <lora:{STYLE}:{w}>" for w in weights]
    assert [cell.said.cfg_scale for cell in cells] == [6, 5, 6]
    for cell in cells:
        assert_same(cell, typed(webui, cell.prompt, cfg_scale=cell.said.cfg_scale))


def test_keys_of_one_cell_are_not_in_the_next(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    cells = plot(webui, {MODE: "Enforce, Off, Advise"}, prompt=prompt, negative_prompt="")

    said = [cell.own_keys for cell in cells]
    assert [keys.get("LoRA Neg") for keys in said] == ["Enforce", None, "Advise"]
    assert [bool(keys.get("LoRA Neg changes")) for keys in said] == [True, False, False]


def test_guidance_in_a_plot(webui: Webui) -> None:
    method, strength, share, numbers = GUIDANCE
    fields = {"prompt": "a cat", "cfg_scale": 1.0, "steps": 4}

    def alone(*guidance: object) -> Picture:
        guard = (True, "Enforce", False, None, *guidance)
        return webui.txt2img("a cat", NEGATIVE, guard=guard, cfg_scale=1.0, steps=4)

    said = alone("NAG").said.parameters
    if "LoRA Neg guidance" not in said:
        pytest.skip("this host has no negative guidance for this model")
    cells = plot(webui, {method: "Off, NAG", strength: "0.5, 1"}, **fields)
    wanted = [alone("Off"), alone("NAG", 0.5), alone("Off"), alone("NAG", 1.0)]
    for cell, picture in zip(cells, wanted, strict=True):
        assert_same(cell, picture)
    assert "LoRA Neg guidance" not in cells[2].said.parameters
    guard = (True, "Enforce", False, None, "NAG")
    cells = plot(webui, {share: "0.5, 1", numbers: "default, phi 9; tau 9"}, guard, **fields)
    wanted = [alone("NAG", 1.0, part, own) for own in ("", "phi 9, tau 9") for part in (0.5, 1.0)]
    for cell, picture in zip(cells, wanted, strict=True):
        assert_same(cell, picture)
        assert cell.own_keys == picture.own_keys


def test_a_plot_says_its_axes(webui: Webui) -> None:
    made = webui.many(
        "txt2img",
        ON,
        **request(webui, [(WEIGHT, f"{STYLE}: -1, 1")], prompt=f"a cat <lora:{STYLE}:1>"),
    )

    grid = made[0].said.parameters
    assert grid["Script"] == "X/Y/Z plot"
    assert (grid["X Type"], grid["X Values"]) == (WEIGHT, f"{STYLE}: -1, 1")


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({WEIGHT: "nobody: -1, 0"}, "no LoRA 'nobody'"),
        ({WEIGHT: "-1 - 1 [9"}, "no weight and no range"),
        ({CEILING: "9"}, "4 to 6"),
        ({MODE: "Strict"}, "no such mode"),
        ({SETTING: "R1=maybe"}, "no such mode"),
    ],
    ids=["unknown-lora", "weights", "ceiling", "mode", "setting"],
)
def test_what_cannot_be_plotted_is_refused_before_it_starts(
    webui: Webui, axes: dict[str, str], message: str, server_log: Any
) -> None:
    fields = request(webui, list(axes.items()), prompt=f"a cat <lora:{STYLE}:1>")
    answer = httpx.post(f"{webui.url}/sdapi/v1/txt2img", json=fields, timeout=300, trust_env=False)

    assert answer.status_code == 500
    said = json.dumps(answer.json()) + (server_log() if server_log is not None else message)
    assert message in said
    assert "will create" not in said


def test_a_generation_after_a_plot_is_guarded_as_before(webui: Webui) -> None:
    asked = f"a cat <lora:{STYLE}:-0.9>"
    before = webui.txt2img(asked, NEGATIVE, cfg_scale=9)

    plot(webui, {WEIGHT: "-1, 1", MODE: "Off, Enforce"}, prompt=asked)

    after = webui.txt2img(asked, NEGATIVE, cfg_scale=9)
    assert after.infotext == before.infotext
    assert_same(after, before)


def test_each_axis_is_there_once_after_three_reloads(probed: Webui) -> None:
    before = probed.xyz_axes()
    for _ in range(3):
        probed.reload_ui()

    for img2img in (False, True):
        found = probed.xyz_axes(img2img=img2img)
        assert [label for label in found if label.startswith("[LoRA Neg]")] == list(OURS)
    assert probed.xyz_axes() == before
    (cell,) = plot(probed, {WEIGHT: "-0.9"}, prompt=f"a cat <lora:{STYLE}:1>")
    assert cell.prompt == f"a cat <lora:{STYLE}:-0.9>"


def test_the_axes_are_there_for_img2img(webui: Webui, start_picture: Picture) -> None:
    prompt = f"a cat <lora:{STYLE}:1>"
    fields = request(webui, [(WEIGHT, "-0.9, 0.9")], img2img=True)
    fields = {k: v for k, v in fields.items() if k != "negative_prompt"}

    made = webui.img2img(prompt, NEGATIVE, start=start_picture, guard=ON, **fields)

    assert made.said.parameters["X Type"] == WEIGHT
    assert f"<lora:{STYLE}:-0.9>" in made.prompt
