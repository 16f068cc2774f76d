"""Plots that vary a LoRA's weight: not guarded, said once, marked in the legend."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.hosts.webui import infotext, xyz
from lib_lora_neg.hosts.webui.guard import Guard
from tests.hosts.plot_standins import LOADED, Cards, Drawn, Plot, asked
from tests.hosts.standins import Params, Processing

STYLED = "a cat <lora:style:-0.9>"


class Plotted:
    """A plot whose cells the guard has had, as the host lets it."""

    def __init__(self, plot: Plot, guard: Guard, mode: str = "Enforce") -> None:
        self._plot, self._guard, self._mode = plot, guard, mode
        self.told: list[str] = []

    def __call__(self, p: Processing, axes: dict[str, str], enabled: bool = True) -> Drawn:
        def made(cell: Any) -> None:
            cell.comments = []
            self._guard.before_process(cell, enabled, self._mode, "txt2img")
            prompt, negative = xyz._with_styles(cell)
            cell.setup([prompt], [negative])
            cell.batch(0)
            self._guard.before_process_batch(cell, 0)
            self._guard.postprocess(cell)
            self.told += cell.comments

        return self._plot.run(p, axes, made)


@pytest.fixture
def guard(plot: Plot) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    return guard


@pytest.fixture
def plotted(plot: Plot, guard: Guard) -> Plotted:
    return Plotted(plot, guard)


def prompts(drawn: Drawn) -> list[str]:
    return [cell.prompts[0] for cell in drawn.cells]


def keys(cell: Any) -> dict[str, Any]:
    return {key: cell.extra_generation_params[key] for key in infotext.KEYS
            if key in cell.extra_generation_params}  # fmt: skip


def test_prompt_sr_over_weights_is_left_alone(plotted: Plotted) -> None:
    base = asked(STYLED, negative_prompt="oilpaint", cfg_scale=9)
    drawn = plotted(base, {"Prompt S/R": "-0.9, -0.6, -0.5, 0, 0.8"})
    weights = ("-0.9", "-0.6", "-0.5", "0", "0.8")
    assert prompts(drawn) == [f"a cat <lora:style:{weight}>" for weight in weights]
    assert [cell.cfg_scale for cell in drawn.cells] == [9] * 5
    assert [cell.negative_prompts for cell in drawn.cells] == [["oilpaint"]] * 5
    assert {cell.extra_generation_params[infotext.MODE_KEY] for cell in drawn.cells} == {"Off"}
    assert all(infotext.SWEEP_KEY in cell.extra_generation_params for cell in drawn.cells)


def test_the_legend_marks_cells_outside_the_range(plotted: Plotted) -> None:
    """The style's floor is -0.5: on it nothing is marked, just below it is."""
    drawn = plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.51, -0.5, 0, 0.8"})
    assert drawn.labels[0] == [
        "-0.9 (outside: lowest −0.5)",
        "-0.51 (outside: lowest −0.5)",
        "-0.5",
        "0",
        "0.8",
    ]


def test_it_is_said_once_for_the_whole_plot(plotted: Plotted, guard: Guard) -> None:
    plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.3, 0.5"})
    (told,) = plotted.told
    assert "Prompt S/R" in told
    assert "style" in told
    (finding,) = guard.generations.last["txt2img"].findings
    assert finding.rule == "sweep"


def test_prompt_sr_over_the_negative_branch_is_left_alone(plotted: Plotted) -> None:
    base = asked("a cat <lora:style:0:neg=0.5>")
    drawn = plotted(base, {"Prompt S/R": "neg=0.5, neg=1, neg=3"})
    assert prompts(drawn) == [f"a cat <lora:style:0:neg={neg}>" for neg in ("0.5", "1", "3")]


@pytest.mark.parametrize(
    ("prompt", "axes"),
    [
        ("a cat <lora:style:-0.9>", {"Prompt S/R": "cat, dog"}),
        ("a cat <lora:style:-0.9>", {"Steps": "10, 20"}),
        ("a cat <lora:style:-0.9>", {"Prompt order": "a cat, <lora:style:-0.9>"}),
        ("a cat <lora:style:-0.9>", {"Prompt S/R": "style, char"}),
        ("a cat <lora:style:-0.9>", {"Prompt S/R": "<lora:style:-0.9>, sky"}),
        ("a cat <lora:style:-0.9>", {"Styles": "soft, none"}),
        ("a cat <lora:style:-0.9>", {"Prompt S/R": "-0.9"}),
    ],
)
def test_plots_that_vary_something_else_are_guarded(
    plotted: Plotted, prompt: str, axes: dict[str, str]
) -> None:
    drawn = plotted(asked(prompt), axes)
    assert any("<lora:style:-0.5>" in text for text in prompts(drawn))
    assert not any("-0.9" in text for text in prompts(drawn))
    assert not any("outside" in label for labels in drawn.labels for label in labels)


@pytest.mark.parametrize(
    ("prompt", "axes"),
    [
        ("a cat <lora:style:-0.9>, <lora:char:-0.3>", {"Prompt order": "-0.9, -0.3"}),
        ("a cat", {"Styles": "inked, bleak"}),
        ("a WHAT", {"Prompt S/R": "WHAT, <lora:style:-0.9>, <lora:style:-0.3>"}),
        ("a cat <lora:style:0.5:-0.9>", {"Prompt S/R": "0.5:-0.9, 1:-0.9"}),
        ("a cat <lora:style:-0.9>", {"Steps": "10, 20", "Prompt S/R": "-0.9, -0.6"}),
        ("WHAT <lora:char:1>", {"Prompt S/R": "WHAT, <lora:style:W>", "Prompt S/R ": "W, -0.9, 1"}),
    ],
    ids=["order", "styles", "tags", "te", "second-axis", "two-axes"],
)
def test_other_axes_that_vary_a_weight(plotted: Plotted, prompt: str, axes: dict[str, str]) -> None:
    drawn = plotted(asked(prompt, cfg_scale=9), axes)
    assert any("-0.9" in text for text in prompts(drawn))
    assert {cell.cfg_scale for cell in drawn.cells} == {9}
    assert all(keys(cell)[infotext.MODE_KEY] == "Off" for cell in drawn.cells)


def test_only_the_axis_of_the_weight_is_marked(plotted: Plotted) -> None:
    axes = {"Prompt S/R": "cat, dog", "Prompt S/R ": "-0.9, -0.4"}
    drawn = plotted(asked(STYLED), axes)
    assert drawn.labels[0] == ["cat", "dog"]
    assert drawn.labels[1] == ["-0.9 (outside: lowest −0.5)", "-0.4"]


def test_the_weight_axis_is_marked_too(plotted: Plotted) -> None:
    drawn = plotted(asked("a cat <lora:style:1>"), {xyz.WEIGHT: "-0.9, -0.5, 1"})
    assert drawn.labels[0] == ["style: −0.9 (outside: lowest −0.5)", "style: −0.5", "style: 1"]
    assert all(infotext.SWEEP_KEY in keys(cell) for cell in drawn.cells)


def test_axes_of_the_guard_say_how_cells_are_guarded(plotted: Plotted) -> None:
    for axes, made in (
        ({"Prompt S/R": "-0.9, -0.3", xyz.MODE: "Enforce"}, ["-0.5", "-0.3"]),
        ({"Prompt S/R": "-0.9, -0.3", xyz.SETTING: "style floor=-0.2"}, ["-0.2", "-0.2"]),
    ):
        drawn = plotted(asked(STYLED), axes)
        assert prompts(drawn) == [f"a cat <lora:style:{weight}>" for weight in made]


def test_the_ceiling_of_a_row_holds_in_a_sweep(plotted: Plotted) -> None:
    drawn = plotted(asked(STYLED, cfg_scale=9), {"Prompt S/R": "-0.9, 1", xyz.CEILING: "4, 6"})
    assert [cell.cfg_scale for cell in drawn.cells] == [4, 4, 6, 6]


@pytest.mark.parametrize("axes", [{"Prompt S/R": "-0.9, -0.3"}, {xyz.WEIGHT: "-0.9, -0.3"}])
def test_a_setting_guards_sweeps_all_the_same(
    plotted: Plotted, plot: Plot, axes: dict[str, str]
) -> None:
    plot.host.opts.lora_neg_guard_sweeps = True
    drawn = plotted(asked(STYLED), axes)
    assert prompts(drawn) == ["a cat <lora:style:-0.5>", "a cat <lora:style:-0.3>"]


def test_the_setting_of_a_single_request(plotted: Plotted) -> None:
    base = asked(STYLED)
    base.override_settings = {"lora_neg_guard_sweeps": True}
    assert prompts(plotted(base, {"Prompt S/R": "-0.9, -0.3"}))[0] == "a cat <lora:style:-0.5>"


def test_a_guard_that_is_off_says_nothing(plotted: Plotted) -> None:
    drawn = plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.3"}, enabled=False)
    assert [keys(cell) for cell in drawn.cells] == [{}, {}]
    assert not plotted.told


def test_trying_axes_has_no_effects(plotted: Plotted, plot: Plot) -> None:
    """Each value is applied once, by the plot; its ``p`` stays as it was."""
    LOADED.clear()
    base = asked(STYLED)
    base.override_settings = {"a": 1}
    plotted(base, {"VAE": "one, two", "Prompt S/R": "-0.9, -0.3"})
    assert LOADED == ["one", "two"] * 2
    assert (base.prompt, base.override_settings) == (STYLED, {"a": 1})


def test_a_large_plot_is_recognised(plotted: Plotted, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib_lora_neg.hosts.webui import xyz_sweep

    monkeypatch.setattr(xyz_sweep, "MAX_CELLS", 3)
    monkeypatch.setattr(xyz_sweep, "MAX_JUDGED", 1)
    drawn = plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.3", "Prompt S/R ": "cat, dog"})
    assert prompts(drawn)[0] == STYLED
    assert drawn.labels[0][0] == "-0.9 (outside: lowest −0.5)"


def test_a_plot_that_cannot_be_read_is_guarded(
    plotted: Plotted, plot: Plot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_lora_neg.hosts.webui import xyz_sweep

    monkeypatch.setattr(xyz_sweep, "_axes", lambda arguments: 1 / 0)
    drawn = plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.3"})
    assert prompts(drawn)[0] == "a cat <lora:style:-0.5>"


def test_a_plot_after_a_sweep_is_guarded(plotted: Plotted) -> None:
    plotted(asked(STYLED), {"Prompt S/R": "-0.9, -0.3"})
    assert "<lora:style:-0.5>" in prompts(plotted(asked(STYLED), {"Steps": "1, 2"}))[0]


def test_a_failed_plot_leaves_no_sweep_behind(plot: Plot, guard: Guard) -> None:
    def made(cell: Any) -> None:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        plot.run(asked(STYLED), {"Prompt S/R": "-0.9, -0.3"}, made)
    p = asked(STYLED)
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup([STYLED], [""])
    p.batch(0)
    guard.before_process_batch(p, 0)
    assert p.prompts == ["a cat <lora:style:-0.5>"]


def test_the_plot_gets_its_own_drawing_back(plot: Plot) -> None:
    wrapped = plot.module.draw_xyz_grid
    from tests.hosts.plot_standins import Planner, _draw

    assert xyz.register_axes(Planner())
    assert plot.module.draw_xyz_grid.__wrapped__ is wrapped.__wrapped__ is _draw
    xyz.forget_plot()
    assert plot.module.draw_xyz_grid is _draw


def test_what_other_scripts_make_inside_a_sweep_is_left_alone(plot: Plot, guard: Guard) -> None:
    from lib_lora_neg.hosts.webui.loader import guard_params

    inside: list[list[str]] = []

    def made(cell: Any) -> None:
        guard.before_process(cell, True, "Enforce", "txt2img")
        cell.setup([cell.prompt], [""])
        cell.batch(0)
        guard.before_process_batch(cell, 0)
        own = [Params(["style", "-3"])]
        guard_params(guard, cell, own)
        face = Processing(prompt="a face <lora:style:-0.9>")
        face.setup([face.prompt], [""])
        late = [Params(["style", "-0.9"])]
        guard_params(guard, face, late)
        inside.append([own[0].items[1], late[0].items[1]])
        guard.postprocess(cell)

    drawn = plot.run(asked(STYLED), {"Prompt S/R": "-0.9, -0.3"}, made)
    assert inside == [["-3", "-0.9"]] * 2
    said = keys(drawn.cells[0])[infotext.SWEEP_KEY]
    assert "<lora:style:-3>" in said
    assert "-0.5" in said
