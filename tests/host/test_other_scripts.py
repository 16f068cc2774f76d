"""Other scripts beside the guard: late tags, the X/Y/Z plot, generations within generations."""

from __future__ import annotations

import base64
from typing import Any

import pytest

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
from tests.host.support.lora_files import CHARACTER, CONCEPT, STYLE

ASKED, GIVEN = f" <lora:{STYLE}:-0.9>", f" <lora:{STYLE}:-0.5>"
LATE_KEY = "LoRA Neg late changes"


def test_a_tag_added_after_the_plan_is_clamped_at_the_loader(probed: Webui) -> None:
    guarded = probed.txt2img("a cat", "blurry", probe={"append": ASKED})

    assert_same(guarded, probed.txt2img("a cat" + GIVEN, "blurry", guard=OFF))
    assert_differ(guarded, probed.txt2img("a cat" + ASKED, "blurry", guard=OFF))


def test_a_late_change_that_the_prompt_cannot_show_has_a_key(probed: Webui) -> None:
    guarded = probed.txt2img("a cat", "blurry", probe={"append": ASKED})

    assert guarded.prompt == "a cat"
    assert f"<lora:{STYLE}:-0.5>" in guarded.own_keys[LATE_KEY]


def test_a_late_change_is_mended_where_the_tag_stands_in_the_infotext(probed: Webui) -> None:
    guarded = probed.txt2img("a cat", "blurry", probe={"append": ASKED, "append_infotext": True})

    assert guarded.prompt == "a cat" + GIVEN
    assert LATE_KEY not in guarded.own_keys
    assert_same(guarded, probed.from_infotext(guarded.infotext, guard=OFF))


def test_a_late_tag_lowers_cfg(probed: Webui) -> None:
    guarded = probed.txt2img("a cat", "blurry", cfg_scale=9, probe={"append": ASKED})

    assert_same(guarded, probed.txt2img("a cat" + GIVEN, "blurry", cfg_scale=6, guard=OFF))
    assert guarded.said.cfg_scale == 6


def test_a_late_character_is_left_out(probed: Webui) -> None:
    guarded = probed.txt2img("a cat", "blurry", probe={"append": f" <lora:{CHARACTER}:-0.5>"})

    assert_same(guarded, probed.txt2img("a cat", "blurry", guard=OFF))


def test_a_late_tag_beside_a_planned_one(probed: Webui) -> None:
    planned = f"a cat <lora:{CONCEPT}:-0.9>"

    guarded = probed.txt2img(planned, "blurry", probe={"append": ASKED})

    given = f"a cat <lora:{CONCEPT}:-0.3>{GIVEN}"
    assert_same(guarded, probed.txt2img(given, "blurry", guard=OFF))
    assert guarded.prompt == f"a cat <lora:{CONCEPT}:-0.3>"
    assert {finding["lora"] for finding in probed.findings()} == {CONCEPT, STYLE}


def test_a_lora_that_another_script_loads_late_is_clamped(probed: Webui) -> None:
    late = {"activate": [STYLE, -0.9]}

    guarded = probed.txt2img("a cat", "blurry", probe=late)

    assert_same(guarded, probed.txt2img("a cat" + GIVEN, "blurry", guard=OFF))
    assert_differ(guarded, probed.txt2img("a cat", "blurry", guard=OFF, probe=late))
    assert f"<lora:{STYLE}:-0.5>" in guarded.own_keys[LATE_KEY]


def test_a_late_tag_in_both_batches_is_clamped_in_both(probed: Webui) -> None:
    late = {"append": ASKED}

    guarded = probed.many("txt2img", ON, late, **{**PICTURE, "prompt": "a cat", "n_iter": 2})
    given = probed.many("txt2img", OFF, **{**PICTURE, "prompt": "a cat" + GIVEN, "n_iter": 2})

    assert len(guarded) >= 2
    for picture, reference in zip(guarded, given, strict=True):
        assert_same(picture, reference)


def test_a_late_tag_is_clamped_in_the_hires_pass_too(probed: Webui) -> None:
    """The probe adds the tag to the first pass; the hires pass has its own from the request."""
    hires = {**HIRES, "hr_prompt": f"a cat <lora:{CONCEPT}:0.4>"}

    guarded = probed.txt2img("a cat", "blurry", probe={"append": ASKED}, **hires)

    assert_same(guarded, probed.txt2img("a cat" + GIVEN, "blurry", guard=OFF, **hires))


def test_a_switched_off_guard_leaves_late_tags_alone(probed: Webui) -> None:
    late = {"append": ASKED}

    unguarded = probed.txt2img("a cat", "blurry", probe=late, guard=OFF)

    assert_same(unguarded, probed.txt2img("a cat" + ASKED, "blurry", guard=OFF))


def test_an_advising_guard_leaves_late_tags_alone(probed: Webui) -> None:
    late = {"append": ASKED}

    advised = probed.txt2img("a cat", "blurry", probe=late, guard=(True, "Advise"))

    assert_same(advised, probed.txt2img("a cat" + ASKED, "blurry", guard=OFF))


def xyz(webui: Webui, guard: tuple[object, ...], values: str, **fields: Any) -> list[Picture]:
    """Return the cells of an X/Y/Z plot with Prompt S/R on its X axis."""
    args = webui.xyz_args([("Prompt S/R", values)], draw_legend=False, include_sub_images=True)
    made = webui.many(
        "txt2img", guard, **{**PICTURE, **fields}, script_name="X/Y/Z plot", script_args=args
    )
    return [picture for picture in made if picture.pixels.shape[:2] == (64, 64)]


def test_each_cell_of_an_xyz_plot_is_guarded(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    cells = xyz(webui, ON, "cat,dog", prompt=prompt, negative_prompt="blurry")

    given = [f"a {animal} <lora:{STYLE}:-0.5>" for animal in ("cat", "dog")]
    assert [cell.prompt for cell in cells] == given
    for cell, text in zip(cells, given, strict=True):
        assert_same(cell, webui.txt2img(text, "blurry", guard=OFF))


SWAPPED = (
    f"a cat <lora:{STYLE}:-0.9>,a cat <lora:{CONCEPT}:-0.3>,a cat <lora:{CONCEPT}:-0.3> at noon"
)
"""Values of a plot that swaps one LoRA for another: not a sweep of weights."""


def test_cells_of_an_xyz_plot_keep_their_infotext_keys_apart(webui: Webui) -> None:
    cells = xyz(webui, ON, SWAPPED, prompt=SWAPPED.split(",")[0])

    assert [bool(cell.own_keys) for cell in cells] == [True, False, False]


def test_cells_of_an_xyz_plot_each_start_from_the_cfg_that_was_asked_for(webui: Webui) -> None:
    prompt = f"a cat <lora:{STYLE}:-0.9>"

    cells = xyz(webui, ON, f"{prompt},a cat", prompt=prompt, negative_prompt="blurry", cfg_scale=9)

    assert [cell.said.cfg_scale for cell in cells] == [6, 9]
    assert_same(cells[1], webui.txt2img(cells[1].prompt, "blurry", guard=OFF, cfg_scale=9))


NESTED = {"negative_prompt": "dull", "steps": 4, "denoising_strength": 0.75, "cfg_scale": 9}


@pytest.mark.parametrize("own_scripts", [False, True], ids=["without-scripts", "with-scripts"])
class TestNested:
    """A generation that another script runs on each finished picture, as ADetailer does."""

    OUTER = f"a cat <lora:{CONCEPT}:-0.9>"
    INNER = "a face" + ASKED

    def made(self, webui: Webui, own_scripts: bool, **fields: Any) -> list[Picture]:
        todo = {"nested": {**NESTED, "prompt": self.INNER, "own_scripts": own_scripts}}
        request = {**PICTURE, "prompt": self.OUTER, "negative_prompt": "blurry", **fields}
        return webui.many("txt2img", ON, todo, **request)

    def test_the_nested_picture_is_guarded(self, probed: Webui, own_scripts: bool) -> None:
        self.made(probed, own_scripts, cfg_scale=8)
        (nested,) = probed.probe()["nested"]
        if not own_scripts and "'NoneType'" in nested.get("error", ""):
            # reForge: process_images reads p.scripts.alwayson_scripts.
            pytest.skip(f"this WebUI makes no picture without scripts: {nested['error']}")
        outer = probed.txt2img(self.OUTER, "blurry", cfg_scale=8)

        given = {**NESTED, "cfg_scale": 6}
        negative = str(given.pop("negative_prompt"))
        reference = probed.img2img("a face" + GIVEN, negative, start=outer, guard=OFF, **given)
        assert_same(Picture(base64.b64decode(nested["data"]), nested["infotext"]), reference)

    def test_the_outer_infotext_is_its_own(self, probed: Webui, own_scripts: bool) -> None:
        """Aside from the key that says what was changed in the nested one."""
        (picture,) = self.made(probed, own_scripts, cfg_scale=5)
        plain = probed.txt2img(self.OUTER, "blurry", cfg_scale=5)

        nested = picture.own_keys.pop("LoRA Neg nested changes")
        assert f"<lora:{STYLE}:-0.9> -> <lora:{STYLE}:-0.5>" in nested
        said, given = dict(picture.said.parameters), plain.said.parameters
        assert said.pop("LoRA Neg nested changes") == nested
        assert (picture.prompt, picture.negative, said) == (plain.prompt, plain.negative, given)

    def test_the_outer_cfg_is_its_own(self, probed: Webui, own_scripts: bool) -> None:
        outer = f"a cat <lora:{CONCEPT}:0.5>"

        (picture,) = self.made(probed, own_scripts, prompt=outer, cfg_scale=8)

        assert picture.said.cfg_scale == 8
        assert set(picture.own_keys) == {"LoRA Neg nested changes"}

    def test_the_outer_findings_are_its_own(self, probed: Webui, own_scripts: bool) -> None:
        self.made(probed, own_scripts)

        assert {finding["lora"] for finding in probed.findings()} == {CONCEPT}

    def test_the_next_batch_is_made_as_without_it(self, probed: Webui, own_scripts: bool) -> None:
        """The nested generation leaves its LoRAs loaded; the next batch loads its own."""
        made = self.made(probed, own_scripts, n_iter=2, cfg_scale=8)

        request = {**PICTURE, "prompt": self.OUTER, "negative_prompt": "blurry", "cfg_scale": 8}
        plain = probed.many("txt2img", ON, None, **{**request, "n_iter": 2})
        assert [without_nested(picture) for picture in made] == list(map(without_nested, plain))


def without_nested(picture: Picture) -> object:
    """Return what an infotext says, aside from nested changes."""
    said = {k: v for k, v in picture.said.parameters.items() if k != "LoRA Neg nested changes"}
    return picture.prompt, picture.negative, said
