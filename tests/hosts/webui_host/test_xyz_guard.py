"""The guard beside the cells of an XYZ plot: raw weights, the mode, settings, and the legend."""

from __future__ import annotations

import types
from copy import copy
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import infotext, xyz
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.hosts.webui.xyz_cell import PlotCell
from lib_lora_neg.hosts.webui.xyz_legend import clamp_note
from lib_lora_neg.policy import GuardPlan, GuardSettings, Mode
from tests.hosts.plot_standins import CARDS, Cards, Planner, Plot, asked
from tests.hosts.standins import Params, Processing
from tests.support.cards import card


def guarded(guard: Guard, p: Processing, enabled: bool = True) -> Processing:
    """Let the guard have a cell, as the host does."""
    guard.before_process(p, enabled, "Enforce", "txt2img")
    p.setup([p.prompt], [p.negative_prompt])
    p.batch(0)
    guard.before_process_batch(p, 0)
    return p


@pytest.fixture
def guard(plot: Plot) -> Guard:
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


def test_a_cell_keeps_the_users_other_settings() -> None:
    settings = GuardSettings(rules={"R2": Mode.OFF}, floors={"concept": -0.2}, budget=2.0)
    cell = PlotCell(settings={"rules": {"R1": Mode.OFF}, "floors": {"style": -0.4}})
    changed = cell.applied_to(settings)
    assert changed.rules == {"R2": Mode.OFF, "R1": Mode.OFF}
    assert (changed.floors, changed.budget) == ({"concept": -0.2, "style": -0.4}, 2.0)
    assert PlotCell().applied_to(settings) is settings


def test_the_legend_says_where_clamping_made_cells_equal(plot: Plot) -> None:
    """Weights of one LoRA are clamped in a plot only where the user's setting guards sweeps."""
    plot.host.opts.lora_neg_guard_sweeps = True
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
        note = clamp_note(asked("<lora:person:-0.9>"), ["-0.9", "-0.5"], "-0.5", Planner())
    finally:
        del CARDS["person"]
    assert note == "person taken out"
