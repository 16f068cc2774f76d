"""The axes in the XYZ plot: values, labels, what a cell gets, what is refused before the start."""

from __future__ import annotations

import types
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import infotext, xyz
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.hosts.webui.xyz_cell import SETTING_NAMES, Cell, cell_of, read_changes
from lib_lora_neg.hosts.webui.xyz_legend import clamped
from lib_lora_neg.hosts.webui.xyz_weights import AxisError, read_axis
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.policy import (
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    Mode,
    NegativeTag,
    PromptSet,
    plan,
)
from tests.hosts.standins import Host, Params, Processing, install
from tests.support.cards import card

CARDS = {
    c.name: c for c in (card("style", "style", triggers=("oilpaint",)), card("char", "concept"))
}


class Cards:
    def get(self, name: str, /) -> LoraCard | None:
        return CARDS.get(name)


class AxisOption:
    """As the host's: what is not given has the host's default."""

    def __init__(
        self, label: str, kind: Any, apply: Any, format_value: Any = None, confirm: Any = None,
        cost: float = 0.0, choices: Any = None, prepare: Any = None,
    ) -> None:  # fmt: skip
        self.label, self.type, self.apply = label, kind, apply
        self.format_value = format_value or (lambda p, opt, x: f"{opt.label}: {x}")
        self.confirm, self.cost, self.choices, self.prepare = confirm, cost, choices, prepare


class Planner:
    """Plans with the cards above; counts how often it is asked."""

    def plan(self, p: Any, prompt: str, negative_prompt: str) -> GuardPlan | None:
        from lib_lora_neg.loras.families import ModelFamily

        first = PromptSet((prompt,), (negative_prompt,), p.cfg_scale)
        request = GenerationRequest(first=first, family=ModelFamily.SDXL)
        return plan(request, Cards(), GuardSettings())


class Plot:
    """The host's plot: its list of axes, and how it goes through the cells of one axis."""

    def __init__(self, host: Host) -> None:
        self.host = host
        own = AxisOption("Prompt S/R", str, _replace, format_value=lambda p, opt, x: x)
        self.module = types.SimpleNamespace(
            axis_options=[AxisOption("Nothing", str, None), own], AxisOption=AxisOption
        )

    def option(self, label: str) -> Any:
        (found,) = [option for option in self.module.axis_options if option.label == label]
        return found

    def values(self, p: Any, label: str, text: str) -> list[Any]:
        option = self.option(label)
        if option.prepare is not None:
            parts = option.prepare(text)
        else:
            parts = [part.strip() for part in text.split(",")]
        values = [option.type(part) for part in parts]
        if option.confirm:
            option.confirm(p, values)
        return values

    def cells(self, p: Any, label: str, text: str) -> list[Any]:
        """Return the ``p`` of each cell, as the host makes and changes it."""
        values = self.values(p, label, text)
        return [self.applied(copy(p), label, value, values) for value in values]

    def applied(self, pc: Any, label: str, value: Any, values: list[Any]) -> Any:
        pc.styles = pc.styles[:]
        self.option(label).apply(pc, value, values)
        return pc

    def labels(self, p: Any, label: str, text: str) -> list[str]:
        option, values = self.option(label), self.values(p, label, text)
        axis = types.SimpleNamespace(axis=option, values=values)
        nothing = types.SimpleNamespace(axis=self.option("Nothing"), values=[0])
        state = self.host.state
        state.xyz_plot_x, state.xyz_plot_y, state.xyz_plot_z = axis, nothing, nothing
        return [option.format_value(p, option, value) for value in values]


def _replace(p: Any, x: str, xs: list[str]) -> None:
    p.prompt = p.prompt.replace(xs[0], x)


class Styles:
    """As the host's styles: each adds to the prompt."""

    def __init__(self) -> None:
        self.styles = {"inked": ("<lora:style:0.8>", "dull")}

    def apply_styles_to_prompt(self, prompt: str, names: list[str]) -> str:
        return ", ".join([prompt, *(self.styles[name][0] for name in names)])

    def apply_negative_styles_to_prompt(self, prompt: str, names: list[str]) -> str:
        return ", ".join(filter(None, [prompt, *(self.styles[name][1] for name in names)]))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = install(monkeypatch)
    import modules

    modules.shared.prompt_styles = Styles()
    return host


@pytest.fixture
def plot(host: Host) -> Plot:
    import modules

    plot = Plot(host)
    other = types.SimpleNamespace(path="/scripts/other.py", module=types.SimpleNamespace())
    ours = types.SimpleNamespace(path=str(Path("scripts/xyz_grid.py")), module=plot.module)
    modules.scripts = types.SimpleNamespace(scripts_data=[other, ours])
    assert xyz.register_axes(Planner())
    return plot


def asked(prompt: str, **more: Any) -> Processing:
    p = Processing(prompt=prompt, **more)
    p.styles = []
    p.hr_prompt = ""
    return p


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


def guarded(guard: Guard, p: Processing, enabled: bool = True) -> Processing:
    """Let the guard have a cell, as the host does."""
    guard.before_process(p, enabled, "Enforce", "txt2img")
    p.setup([p.prompt], [p.negative_prompt])
    p.batch(0)
    guard.before_process_batch(p, 0)
    return p


@pytest.fixture
def guard(host: Host) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    return guard


def test_the_guard_keeps_away_from_raw_cells(plot: Plot, guard: Guard) -> None:
    base = asked("<lora:style:1>", negative_prompt="oilpaint", cfg_scale=9)
    for cell in plot.cells(base, xyz.WEIGHT, "-0.9, 0.9"):
        guarded(guard, cell)
        assert (cell.prompts[0], cell.cfg_scale) == (cell.prompt, 9)
        assert cell.negative_prompts == ["oilpaint"]
        assert cell.extra_generation_params == {infotext.MODE_KEY: "Off"}
        guard.postprocess(cell)
    assert base.extra_generation_params == {}


def test_late_tags_and_nested_pictures_of_raw_cells_are_raw(plot: Plot, guard: Guard) -> None:
    from lib_lora_neg.hosts.webui.loader import guard_params

    (cell,) = plot.cells(asked("<lora:style:1>"), xyz.WEIGHT, "-0.9")
    guarded(guard, cell)
    late = [Params(["style", "-0.9"])]
    guard_params(guard, cell, late)
    inner = guarded(guard, Processing(prompt="a face <lora:style:-0.9>"))
    assert (inner.prompts, late[0].items) == (["a face <lora:style:-0.9>"], ["style", "-0.9"])
    guard.postprocess(inner)
    guard.postprocess(cell)
    assert guarded(guard, Processing(prompt="<lora:style:-0.9>")).prompts == ["<lora:style:-0.5>"]


def test_the_axis_of_the_mode_guards_raw_weights_too(plot: Plot, guard: Guard) -> None:
    base = asked("<lora:style:1>")
    weights = plot.values(base, xyz.WEIGHT, "-0.9")
    made = []
    for mode in plot.values(base, xyz.MODE, "Off, Advise, Enforce"):
        cell = plot.applied(copy(base), xyz.MODE, mode, [])
        cell = plot.applied(cell, xyz.WEIGHT, weights[0], weights)
        made.append(guarded(guard, cell).prompts[0])
        guard.postprocess(cell)
    assert made == ["<lora:style:-0.9>", "<lora:style:-0.9>", "<lora:style:-0.5>"]


def test_the_axis_of_the_mode_goes_before_the_panel(plot: Plot, guard: Guard) -> None:
    (cell,) = plot.cells(asked("<lora:style:-0.9>"), xyz.MODE, "enforce")
    assert guarded(guard, cell, enabled=False).prompts == ["<lora:style:-0.5>"]


def test_cfg_under_guard(plot: Plot, guard: Guard) -> None:
    for prompt, axes, expected in (
        ("<lora:style:-0.4>", [xyz.CEILING], [4.5, 6]),
        ("<lora:style:0.4>", [xyz.CEILING], [9, 9]),
        ("<lora:style:0.4>", [xyz.WEIGHT, xyz.CEILING], [4.5, 6]),
    ):
        base = asked(prompt, cfg_scale=9)
        weights = plot.values(base, xyz.WEIGHT, "0.9")
        made = []
        for value in plot.values(base, xyz.CEILING, "4.5, 6"):
            cell = plot.applied(copy(base), xyz.CEILING, value, [])
            if xyz.WEIGHT in axes:
                cell = plot.applied(cell, xyz.WEIGHT, weights[0], weights)
            made.append(guarded(guard, cell).cfg_scale)
            guard.postprocess(cell)
        assert made == expected


@pytest.mark.parametrize("text", ["3", "7", "nan", "five"])
def test_a_ceiling_that_is_none(plot: Plot, text: str) -> None:
    with pytest.raises(ValueError, match="4 to 6"):
        plot.values(asked("a"), xyz.CEILING, text)


def test_settings_of_a_cell(plot: Plot, guard: Guard) -> None:
    base = asked("<lora:style:-0.9>", cfg_scale=9)
    cells = plot.cells(base, xyz.SETTING, "R1=Off, style floor=-0.2; CFG ceiling=5")
    results = []
    for cell in cells:
        guarded(guard, cell)
        results.append((cell.prompts[0], cell.cfg_scale))
        guard.postprocess(cell)
    assert results == [("<lora:style:-0.9>", 6), ("<lora:style:-0.2>", 5)]
    assert plot.labels(base, xyz.SETTING, "R1=Off, R3=off") == ["R1=Off", "R3=off"]


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


def test_a_cell_keeps_the_users_other_settings() -> None:
    settings = GuardSettings(rules={"R2": Mode.OFF}, floors={"concept": -0.2}, budget=2.0)
    cell = Cell(settings={"rules": {"R1": Mode.OFF}, "floors": {"style": -0.4}})
    changed = cell.applied_to(settings)
    assert changed.rules == {"R2": Mode.OFF, "R1": Mode.OFF}
    assert (changed.floors, changed.budget) == ({"concept": -0.2, "style": -0.4}, 2.0)
    assert Cell().applied_to(settings) is settings


def test_axes_exist_once_however_often_they_are_registered(plot: Plot) -> None:
    before = [option.label for option in plot.module.axis_options]
    stale = plot.option(xyz.WEIGHT)
    for _ in range(3):
        assert xyz.register_axes(Planner())
    assert [option.label for option in plot.module.axis_options] == before
    assert plot.option(xyz.WEIGHT) is not stale
    assert len(before) == len(set(before)) == 7
    assert plot.labels(asked("a"), "Prompt S/R", "a, b") == ["a", "b"]


def test_a_host_without_a_plot(host: Host) -> None:
    import modules

    modules.scripts = types.SimpleNamespace(scripts_data=[])
    assert not xyz.register_axes(Planner())


def test_the_legend_says_where_clamping_made_cells_equal(plot: Plot) -> None:
    p = asked("a cat <lora:style:-0.9>")
    labels = plot.labels(p, "Prompt S/R", "-0.9, -0.7, -0.5, -0.3, 0.8")
    assert labels == ["-0.9 (clamped to −0.5)", "-0.7 (clamped to −0.5)", "-0.5", "-0.3", "0.8"]


def test_the_legend_says_nothing_where_cells_differ(plot: Plot) -> None:
    p = asked("a cat <lora:style:-0.9>")
    assert plot.labels(p, "Prompt S/R", "cat, dog") == ["cat", "dog"]
    assert plot.labels(p, "Prompt S/R", "-0.9, -0.3") == ["-0.9", "-0.3"]


def test_the_legend_leaves_plots_with_our_own_axes_alone(plot: Plot) -> None:
    p = asked("a cat <lora:style:-0.9>")
    option, values = plot.option("Prompt S/R"), ["-0.9", "-0.7"]
    plot.labels(p, "Prompt S/R", "-0.9, -0.7")
    plot.host.state.xyz_plot_y = types.SimpleNamespace(axis=plot.option(xyz.MODE), values=[])
    assert option.format_value(p, option, values[0]) == "-0.9"


def test_the_legend_survives_a_planner_that_fails(plot: Plot) -> None:
    class Broken:
        def plan(self, p: Any, prompt: str, negative_prompt: str) -> GuardPlan | None:
            raise RuntimeError("broken on purpose")

    assert xyz.register_axes(Broken())
    assert plot.labels(asked("<lora:style:-0.9>"), "Prompt S/R", "-0.9, -0.7") == ["-0.9", "-0.7"]


def test_a_character_is_taken_out(plot: Plot) -> None:
    CARDS["person"] = card("person", "character")
    try:
        note = clamped(asked("<lora:person:-0.9>"), ["-0.9", "-0.5"], "-0.5", Planner())
    finally:
        del CARDS["person"]
    assert note == "person taken out"
