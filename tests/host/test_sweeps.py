"""Jobs that vary a LoRA's weight on purpose, in a running WebUI; and copies that are put back."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.host.support.client import OFF, ON, PICTURE, Picture, Webui, assert_differ, assert_same
from tests.host.support.lora_files import CONCEPT, STYLE, STYLE_TRIGGER
from tests.host.test_other_scripts import xyz

WEIGHTS = ("-3", "-0.9", "-0.5", "0.8")
OUTSIDE = f"<lora:{STYLE}:-3>"
NEGATIVE = f"blurry, {STYLE_TRIGGER}"
GUARD_SWEEPS = "lora_neg_guard_sweeps"


def typed(webui: Webui, weight: str, **fields: Any) -> Picture:
    return webui.txt2img(f"a cat <lora:{STYLE}:{weight}>", NEGATIVE, guard=OFF, **fields)


def plotted(webui: Webui, guard: tuple[object, ...] = ON, **fields: Any) -> list[Picture]:
    fields = {"negative_prompt": NEGATIVE, "cfg_scale": 9, **fields}
    return xyz(webui, guard, ",".join(WEIGHTS), prompt=f"a cat <lora:{STYLE}:-3>", **fields)


def test_prompt_sr_over_weights_shows_those_weights(webui: Webui) -> None:
    cells = plotted(webui)

    assert [cell.prompt for cell in cells] == [f"a cat <lora:{STYLE}:{w}>" for w in WEIGHTS]
    for cell, weight in zip(cells, WEIGHTS, strict=True):
        assert_same(cell, typed(webui, weight, cfg_scale=9))
    for one, other in pairwise(cells):
        assert_differ(one, other)


def test_each_cell_says_that_it_was_left_alone_and_what_is_outside(webui: Webui) -> None:
    cells = plotted(webui)

    assert [cell.own_keys["LoRA Neg"] for cell in cells] == ["Off"] * 4
    said = [cell.own_keys["LoRA Neg sweep"] for cell in cells]
    assert [("outside" in text) for text in said] == [True, True, False, False]
    assert OUTSIDE in said[0]
    assert "-0.5" in said[0]


def test_the_panel_says_so(probed: Webui) -> None:
    plotted(probed)

    assert probed.rules() == [("sweep", "advised")]


def test_it_is_said_once_in_the_console(webui: Webui, server_log: Any) -> None:
    if server_log is None:
        pytest.skip("a WebUI that ran already keeps its log to itself")
    plotted(webui)

    assert server_log().count("stands aside for all of them") == 1


def test_a_cell_can_be_made_again_from_its_infotext(webui: Webui) -> None:
    cell = plotted(webui)[0]

    assert_same(cell, webui.from_infotext(cell.infotext, guard=OFF))


def test_the_setting_guards_them_all_the_same(webui: Webui) -> None:
    with webui.settings(**{GUARD_SWEEPS: True}):
        cells = plotted(webui)

    given = ("-0.5", "-0.5", "-0.5", "0.8")
    assert [cell.prompt for cell in cells] == [f"a cat <lora:{STYLE}:{w}>" for w in given]
    assert [cell.said.cfg_scale for cell in cells] == [6, 6, 6, 9]
    assert_same(cells[0], typed(webui, "-0.5", cfg_scale=6))


def test_a_plot_of_something_else_is_guarded(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9> <lora:{CONCEPT}:0.5>"
    cells = xyz(webui, ON, "cat,dog", prompt=prompt, negative_prompt="blurry")

    given = [prompt.replace("cat", word).replace("-0.9", "-0.5") for word in ("cat", "dog")]
    assert [cell.prompt for cell in cells] == given


def test_a_generation_after_a_sweep_is_guarded(webui: Webui) -> None:
    plotted(webui)

    assert webui.txt2img(f"a cat <lora:{STYLE}:-3>").prompt == f"a cat <lora:{STYLE}:-0.5>"


def test_a_matrix_of_another_extension_shows_its_weights(probed: Webui) -> None:
    cases = ["", *(f" <lora:{STYLE}:{weight}>" for weight in WEIGHTS)]
    request = {**PICTURE, "prompt": "a cat", "negative_prompt": NEGATIVE, "cfg_scale": 9}

    made = probed.many("txt2img", ON, {"cases": cases}, **request)
    cells = [picture for picture in made if picture.pixels.shape[:2] == (64, 64)]

    assert len(cells) == len(cases)
    references = [f"a cat{case}" for case in cases]
    for cell, text in zip(cells, references, strict=True):
        assert_same(cell, probed.txt2img(text, NEGATIVE, guard=OFF, cfg_scale=9))
    said = [cell.own_keys["LoRA Neg sweep"] for cell in cells]
    assert [("outside" in text) for text in said] == [False, True, True, False, False]


def test_the_setting_guards_a_matrix_too(probed: Webui) -> None:
    cases = [f" <lora:{STYLE}:-3>", f" <lora:{STYLE}:-0.3>"]
    request = {**PICTURE, "prompt": "a cat", "negative_prompt": "blurry"}

    with probed.settings(**{GUARD_SWEEPS: True}):
        made = probed.many("txt2img", ON, {"cases": cases}, **request)
    cells = [picture for picture in made if picture.pixels.shape[:2] == (64, 64)]

    assert_same(cells[0], probed.txt2img(f"a cat <lora:{STYLE}:-0.5>", "blurry", guard=OFF))


def grid(webui: Webui, prompt: str, *pieces: str) -> list[Picture]:
    """Return the pictures of a grid by another script of the host's list."""
    request = {**PICTURE, "prompt": prompt, "negative_prompt": "blurry", "cfg_scale": 9}
    script = {"script_name": "LoRA Neg Probe Grid", "script_args": [json.dumps(pieces)]}
    return webui.many("txt2img", ON, **request, **script)


def test_a_grid_of_another_script_is_known_from_the_second_weight_on(probed: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    first, second, third = grid(probed, prompt, "-0.9", "-3", "-0.8")

    assert first.prompt == f"a cat <lora:{STYLE}:-0.5>"
    for cell, weight in ((second, "-3"), (third, "-0.8")):
        text = f"a cat <lora:{STYLE}:{weight}>"
        assert_same(cell, probed.txt2img(text, "blurry", guard=OFF, cfg_scale=9))
        assert "outside" in cell.own_keys["LoRA Neg sweep"]


def test_a_grid_that_varies_something_else_is_guarded(probed: Webui) -> None:
    cells = grid(probed, f"a cat <lora:{STYLE}:-0.9>", "cat", "dog")

    given = [f"a {animal} <lora:{STYLE}:-0.5>" for animal in ("cat", "dog")]
    assert [cell.prompt for cell in cells] == given


def test_late_weights_that_turn_out_to_change(probed: Webui) -> None:
    """The first cannot be told from any late tag and is guarded; the second shows what it is."""
    tags = [f" <lora:{STYLE}:{weight}>" for weight in ("-3", "-2", "-1")]
    request = {**PICTURE, "prompt": "a cat", "negative_prompt": "blurry", "cfg_scale": 9}

    made = probed.many("txt2img", ON, {"late": tags}, **request, n_iter=3)
    cells = [picture for picture in made if picture.pixels.shape[:2] == (64, 64)][-3:]

    seeds = [cell.said.parameters["Seed"] for cell in cells]
    texts = [f"a cat <lora:{STYLE}:{weight}>" for weight in ("-0.5", "-2", "-1")]
    for cell, seed, text, cfg in zip(cells, seeds, texts, (6, 9, 9), strict=True):
        asked = {"seed": int(seed), "cfg_scale": cfg}
        assert_same(cell, probed.txt2img(text, "blurry", guard=OFF, **asked))


def test_prompts_that_are_put_back_late_are_told_as_they_were_used(probed: Webui) -> None:
    asked = f"a cat <lora:{STYLE}:-0.9>"

    guarded = probed.txt2img(asked, "blurry", probe={"put_back": True})

    given = f"a cat <lora:{STYLE}:-0.5>"
    assert guarded.prompt == given
    assert_same(guarded, probed.txt2img(given, "blurry", guard=OFF))
    assert_same(guarded, probed.from_infotext(guarded.infotext, guard=OFF))


def test_words_that_are_put_back_late_are_told_as_they_were_used(probed: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:0.9>"

    guarded = probed.txt2img(prompt, NEGATIVE, probe={"put_back": True})

    assert (guarded.prompt, guarded.negative) == (prompt, "blurry")
    assert_same(guarded, probed.txt2img(prompt, "blurry", guard=OFF))
