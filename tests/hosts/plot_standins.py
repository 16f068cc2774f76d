"""Stand-ins for the host's XYZ plot: its axes, its cells, its legend."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import xyz
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.policy import (
    Effect,
    Finding,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    PromptSet,
    plan,
)
from tests.hosts.standins import Host, Processing, install
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

    def outside(self, p: Any, prompt: str, negative_prompt: str) -> tuple[Finding, ...]:
        if p.styles:
            prompt = Styles().apply_styles_to_prompt(prompt, p.styles)
        made = self.plan(p, prompt, negative_prompt)
        found = made.findings if made is not None else ()
        return tuple(f for f in found if f.rule == "R1" and f.effect is Effect.ENFORCED)


class Plot:
    """The host's plot: its list of axes, and how it goes through the cells of one axis."""

    def __init__(self, host: Host) -> None:
        self.host = host
        own = AxisOption("Prompt S/R", str, _replace, format_value=lambda p, opt, x: x)
        self.module = types.SimpleNamespace(
            axis_options=[
                AxisOption("Nothing", str, _nothing, format_value=lambda p, opt, x: ""),
                own,
                AxisOption("Prompt order", _permutations, _order),
                AxisOption("Styles", str, _styles),
                AxisOption("Steps", int, _field("steps")),
                AxisOption("VAE", str, _vae),
            ],
            AxisOption=AxisOption,
            draw_xyz_grid=_draw,
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
        if option.type is _permutations:
            parts = list(itertools.permutations(parts))
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

    def run(self, p: Any, axes: dict[str, str], made: Callable[[Any], None]) -> Drawn:
        """Plot, as the host's script does; each cell's ``p`` is handed to ``made``."""
        chosen = [*axes.items(), ("Nothing", "0"), ("Nothing", "0")][:3]
        options = [self.option(label.strip()) for label, _ in chosen]
        values = [self.values(p, label.strip(), text) for label, text in chosen]
        state = self.host.state
        for name, option, of_axis in zip("xyz", options, values, strict=True):
            setattr(state, f"xyz_plot_{name}", types.SimpleNamespace(axis=option, values=of_axis))

        def cell(*place: Any) -> Any:
            pc = copy(p)
            pc.styles = pc.styles[:]
            for option, value, of_axis in zip(options, place, values, strict=True):
                option.apply(pc, value, of_axis)
            made(pc)
            return pc

        labels = [
            [option.format_value(p, option, value) for value in of_axis]
            for option, of_axis in zip(options, values, strict=True)
        ]
        return self.module.draw_xyz_grid(
            p,
            xs=values[0],
            ys=values[1],
            zs=values[2],
            x_labels=labels[0],
            y_labels=labels[1],
            z_labels=labels[2],
            cell=cell,
            draw_legend=True,
        )


@dataclass
class Drawn:
    """What a plot came to: its cells, and its labels by axis."""

    cells: list[Any]
    labels: list[list[str]]


def _draw(
    p: Any, xs: Any, ys: Any, zs: Any, x_labels: Any, y_labels: Any, z_labels: Any, cell: Any,
    draw_legend: bool,
) -> Drawn:  # fmt: skip
    cells = [cell(x, y, z) for z in zs for y in ys for x in xs]
    return Drawn(cells, [list(x_labels), list(y_labels), list(z_labels)])


def _nothing(p: Any, x: Any, xs: Any) -> None:
    pass


def _permutations(text: str) -> str:
    return text


def _order(p: Any, x: Any, _: Any) -> None:
    """Put the given pieces of the prompt in another order."""
    found = sorted((p.prompt.find(piece), piece) for piece in x)
    text, end, made = p.prompt, 0, ""
    for (start, piece), new in zip(found, x, strict=True):
        made += text[end:start] + new
        end = start + len(piece)
    p.prompt = made + text[end:]


def _styles(p: Any, x: str, _: Any) -> None:
    p.styles.extend(x.split(","))


def _field(name: str) -> Any:
    def fun(p: Any, x: Any, xs: Any) -> None:
        setattr(p, name, x)

    return fun


LOADED: list[str] = []


def _vae(p: Any, x: str, xs: Any) -> None:
    """As an axis that acts outside of ``p``: the plot may call it, and nobody else."""
    LOADED.append(x)


def _replace(p: Any, x: str, xs: list[str]) -> None:
    p.prompt = p.prompt.replace(xs[0], x)


class Styles:
    """As the host's styles: each adds to the prompt."""

    def __init__(self) -> None:
        self.styles = {
            "inked": ("<lora:style:0.8>", "dull"),
            "bleak": ("<lora:style:-0.9>", "dull"),
            "soft": ("<lora:char:0.5>", "dull"),
            "none": ("", ""),
        }

    def apply_styles_to_prompt(self, prompt: str, names: list[str]) -> str:
        return ", ".join([prompt, *(self.styles[name][0] for name in names)])

    def apply_negative_styles_to_prompt(self, prompt: str, names: list[str]) -> str:
        return ", ".join(filter(None, [prompt, *(self.styles[name][1] for name in names)]))


def install_plot(monkeypatch: pytest.MonkeyPatch) -> Plot:
    """Put the plot beside another script of the host, and our axes into it."""
    host = install(monkeypatch)
    import modules

    modules.shared.prompt_styles = Styles()
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
