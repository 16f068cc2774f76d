"""Stand-ins for the host's XYZ plot: its axes, its cells, its legend."""

from __future__ import annotations

import types
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import xyz
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.policy import GenerationRequest, GuardPlan, GuardSettings, PromptSet, plan
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
