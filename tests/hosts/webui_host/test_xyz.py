"""The axes in the XYZ plot: values, labels, what a cell gets, what is refused before the start."""

from __future__ import annotations

import types
from copy import copy

import pytest

from lib_lora_neg.hosts.webui import xyz
from lib_lora_neg.hosts.webui.xyz_cell import SETTING_NAMES, cell_of, read_changes
from lib_lora_neg.hosts.webui.xyz_weights import AxisError, read_axis
from lib_lora_neg.policy import Mode, NegativeTag
from tests.hosts.plot_standins import Planner, Plot, asked
from tests.hosts.standins import install


def test_a_weight_axis_writes_raw_weights(plot: Plot) -> None:
    p = asked("a cat <lora:style:0.8>")
    cells = plot.cells(p, xyz.WEIGHT, "style: -1 - 1 [3]")
    assert [cell.prompt for cell in cells] == [
        "a cat <lora:style:-1>",
        "a cat <lora:style:0>",
        "a cat <lora:style:1>",
    ]
    assert p.prompt == "a cat <lora:style:0.8>"
    assert all(cell_of(cell).unguarded for cell in cells)
    assert not cell_of(p).raw


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("style: -0.9--0.3 (+0.3)", [-0.9, -0.6, -0.3]),
        ("-1 - 1 [5]", [-1, -0.5, 0, 0.5, 1]),
        ('"style: -1, -0.5, 0"', [-1, -0.5, 0]),
        ("my: odd name: 0.1, 0.2", [0.1, 0.2]),
    ],
)
def test_values_of_an_axis(text: str, weights: list[float]) -> None:
    assert [value.weight for value in read_axis(text, text_encoder=False)] == weights


@pytest.mark.parametrize(
    ("prompt", "text", "message"),
    [
        ("a cat", "-1, 0", "no LoRA tags"),
        ("a cat <lora:style:1>", "other: -1", "no LoRA 'other' .*style"),
        ("a cat <lora:style:1>", "#2: -1", "only 1 LoRA"),
        ("a cat <lora:style:1>", ": -1", "before the colon"),
        ("a cat <lora:style:1>", "style:", "no weights"),
        ("a cat <lora:style:1>", "style: -1 - 1 [9", "no weight and no range"),
        ("a cat <lora:style:1>", "style: -40", "not within"),
        ("a cat <lora:style:0@0,1@0.5>", "style: -1", "scheduled"),
    ],
)
def test_what_cannot_be_plotted_is_said_before_the_start(
    plot: Plot, prompt: str, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plot.values(asked(prompt), xyz.WEIGHT, text)


def test_axes_without_names_take_the_loras_in_turn(plot: Plot) -> None:
    p = asked("<lora:style:1> <lora:char:1>")
    first, second = (plot.values(p, xyz.WEIGHT, "-1, 0") for _ in range(2))
    te = plot.values(p, xyz.TEXT_ENCODER, "0.5")
    labels = [values[0].label for values in (first, second, te)]
    assert labels == ["style: −1", "char: −1", "style te: 0.5"]
    with pytest.raises(AxisError, match="number 3"):
        plot.values(p, xyz.WEIGHT, "-1")
    assert plot.values(asked("<lora:char:1>"), xyz.WEIGHT, "-1")[0].label == "char: −1"


@pytest.mark.parametrize("order", [(xyz.WEIGHT, xyz.TEXT_ENCODER), (xyz.TEXT_ENCODER, xyz.WEIGHT)])
def test_both_parts_in_either_order(plot: Plot, order: tuple[str, str]) -> None:
    p, texts = asked("<lora:style:1>"), {xyz.WEIGHT: "-0.6", xyz.TEXT_ENCODER: "0.5"}
    values = {label: plot.values(p, label, texts[label]) for label in order}
    cell = copy(p)
    for label in order:
        plot.applied(cell, label, values[label][0], values[label])
    assert cell.prompt == "<lora:style:0.5:-0.6>"


def test_a_tag_with_both_weights_keeps_its_text_encoder_weight(plot: Plot) -> None:
    (cell,) = plot.cells(asked("<lora:style:0.5:1>"), xyz.WEIGHT, "-0.7")
    assert cell.prompt == "<lora:style:0.5:-0.7>"


def test_the_second_pass_has_the_weight_too(plot: Plot) -> None:
    p = asked("<lora:style:1>")
    p.hr_prompt = "sharp <lora:style:0.5>"
    (cell,) = plot.cells(p, xyz.WEIGHT, "style: -0.7")
    assert cell.hr_prompt == "sharp <lora:style:-0.7>"


def test_a_tag_that_comes_with_a_style(plot: Plot) -> None:
    p = asked("a cat")
    p.styles = ["inked"]
    (cell,) = plot.cells(p, xyz.WEIGHT, "style: -0.7")
    assert (cell.prompt, cell.negative_prompt) == ("a cat, <lora:style:-0.7>", "dull")
    assert cell.styles == []
    assert p.styles == ["inked"]


@pytest.mark.parametrize("text", ["3", "7", "nan", "five"])
def test_a_ceiling_that_is_none(plot: Plot, text: str) -> None:
    with pytest.raises(ValueError, match="4 to 6"):
        plot.values(asked("a"), xyz.CEILING, text)


def test_every_number_and_mode_of_the_settings_has_a_name() -> None:
    for name in SETTING_NAMES:
        words = {"budget relative": "yes", "negative tag": "leave", "full stops": "yes"}
        value = words.get(name, "0.5")
        value = "Advise" if name.startswith("R") else "-0.5" if name.endswith("floor") else value
        value = "5" if name == "CFG ceiling" else value
        assert read_changes(f"{name.upper()}={value}")
    assert read_changes("negative tag=remove") == {"negative_tag": NegativeTag.REMOVE}
    assert read_changes("R1=Off; R3=Advise") == {"rules": {"R1": Mode.OFF, "R3": Mode.ADVISE}}


@pytest.mark.parametrize("text", ["", "CFG ceiling", "CFG ceiling=9", "R1=maybe", "R99=Off"])
def test_a_setting_that_is_none(plot: Plot, text: str) -> None:
    with pytest.raises(ValueError, match=r"setting|4 to 6|no such mode|outside"):
        plot.values(asked("a"), xyz.SETTING, text)


def test_axes_exist_once_however_often_they_are_registered(plot: Plot) -> None:
    before = [option.label for option in plot.module.axis_options]
    stale = plot.option(xyz.WEIGHT)
    for _ in range(3):
        assert xyz.register_axes(Planner())
    assert [option.label for option in plot.module.axis_options] == before
    assert plot.option(xyz.WEIGHT) is not stale
    assert len(before) == len(set(before)) == 15
    assert plot.labels(asked("a"), "Prompt S/R", "a, b") == ["a", "b"]


def test_a_host_without_a_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    import modules

    modules.scripts = types.SimpleNamespace(scripts_data=[])
    assert not xyz.register_axes(Planner())
