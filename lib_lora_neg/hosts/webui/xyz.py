"""The axes in the host's own XYZ plot.

``[LoRA Neg] Weight`` and ``[LoRA Neg] Text-encoder weight`` pass raw weights: in their cells the
guard keeps away, unless an axis of the same plot sets its mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Any, Protocol

from ...policy import Mode
from . import xyz_cell, xyz_guidance, xyz_sweep
from .xyz_legend import CellPlanner, with_clamp_notes
from .xyz_sweep import RangeJudge
from .xyz_weights import AxisWeight, has_tag, read_axis, settle, with_weight

PREFIX = "[LoRA Neg] "
WEIGHT = f"{PREFIX}Weight"
TEXT_ENCODER = f"{PREFIX}Text-encoder weight"
MODE = f"{PREFIX}Guard mode"
CEILING = f"{PREFIX}CFG under guard"
SETTING = f"{PREFIX}Setting"
REPLACED = "Prompt S/R"
"""The host's own axis, whose labels say what was clamped."""

MERGE_COST = 0.6
"""Between the host's VAE (0.7) and UniPC order (0.5): a new weight is merged into the model, so
that axis goes outermost."""


class PlotJudge(CellPlanner, RangeJudge, Protocol):
    """Knows what the guard would make of a cell."""


def register_axes(planner: PlotJudge) -> bool:
    """Add our axes to the host's XYZ plot; return whether there is one.

    To be called in ``on_before_ui``, before the plot reads its list. What stands there under our
    names already, of an extension before a reload, is replaced.
    """
    module = _plot_module()
    if module is None:
        return False
    options = [option for option in module.axis_options if not _is_ours(option.label)]
    module.axis_options[:] = [*options, *_axes(module.AxisOption)]
    seen = xyz_sweep.install(module, planner, lambda label: label in (MODE, SETTING))
    for option in options:
        if option.label == REPLACED:
            option.format_value = with_clamp_notes(option.format_value, planner, _is_ours, seen)
    return True


def forget_plot() -> None:
    """Give the plot its own drawing back."""
    module = _plot_module()
    if module is not None:
        xyz_sweep.uninstall(module)


def _is_ours(label: str) -> bool:
    return label.startswith(PREFIX)


def _plot_module() -> Any | None:
    """Return the module of the host's XYZ plot, wherever it keeps that."""
    from modules import scripts

    for data in scripts.scripts_data:
        module = getattr(data, "module", None)
        if PurePath(str(data.path)).stem == "xyz_grid" and hasattr(module, "axis_options"):
            return module
    return None


def _axes(axis_option: Callable[..., Any]) -> Iterator[Any]:
    for label, text_encoder in ((WEIGHT, False), (TEXT_ENCODER, True)):
        yield axis_option(
            label,
            _as_it_is,
            _apply_weight,
            format_value=lambda p, opt, value: value.label,
            confirm=_confirm_weights,
            cost=MERGE_COST,
            prepare=_reader(text_encoder),
        )
    yield axis_option(
        MODE,
        xyz_cell.read_mode,
        lambda p, value, values: xyz_cell.change_cell(p, mode=value),
        format_value=lambda p, opt, value: f"Guard: {value.value}",
        choices=lambda: [mode.value for mode in Mode],
    )
    yield axis_option(
        CEILING,
        xyz_cell.read_ceiling,
        lambda p, value, values: xyz_cell.change_cell(p, cfg_ceiling=value),
        format_value=lambda p, opt, value: f"CFG at most {value:g}",
    )
    yield axis_option(
        SETTING,
        _Setting,
        lambda p, value, values: xyz_cell.change_cell(p, settings=value.changes),
        format_value=lambda p, opt, value: value.text,
    )
    yield from xyz_guidance.axes(axis_option, PREFIX)


class _Setting:
    """A value of the settings' axis: its text, and what that sets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.changes = xyz_cell.read_changes(text)


def _as_it_is(value: AxisWeight) -> AxisWeight:
    return value


def _reader(text_encoder: bool) -> Callable[[str], list[AxisWeight]]:
    return lambda text: read_axis(text, text_encoder=text_encoder)


def _confirm_weights(p: Any, values: Sequence[AxisWeight]) -> None:
    settle(p, values, _with_styles(p)[0])


def _apply_weight(p: Any, value: AxisWeight, _values: Sequence[AxisWeight]) -> None:
    """Write one weight into the prompts of a cell."""
    xyz_cell.change_cell(p, raw=True)
    if not has_tag(p.prompt, value.target):
        # The tag comes with a style. The host merges those later, so do it now.
        p.prompt, p.negative_prompt = _with_styles(p)
        p.styles = []
    p.prompt = with_weight(p.prompt, value)
    second = getattr(p, "hr_prompt", "")
    if second and has_tag(second, value.target):
        p.hr_prompt = with_weight(second, value)


def _with_styles(p: Any) -> tuple[str, str]:
    from modules import shared

    styles = shared.prompt_styles
    return (
        styles.apply_styles_to_prompt(p.prompt, p.styles),
        styles.apply_negative_styles_to_prompt(p.negative_prompt, p.styles),
    )
