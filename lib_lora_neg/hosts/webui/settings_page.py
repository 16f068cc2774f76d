"""The extension's page in the host's settings: every setting with its label and its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...policy import BY_ID, Mode
from . import option_values as options

FLOORS: Mapping[str, str] = {
    "style": "style",
    "style_wide": "style trained on 500 pictures or more",
    "concept": "concept",
    "character": "character (0: no negative weight)",
    "dedicated_negative": "dedicated negative",
    "flux_style": "style on Flux",
    "flux_concept": "concept on Flux",
    "flux_character": "character on Flux (0: no negative weight)",
}

RESET_HTML = (
    '<button id="lora_neg_reset" class="lora-neg-reset" type="button">'
    "Reset all settings of LoRA Negative Guard</button>"
    '<span id="lora_neg_reset_note" role="status"></span>'
)


def register_options() -> None:
    """Add the settings page; to be called in the host's ``on_ui_settings``."""
    from modules import shared

    for number, (title, group) in enumerate(_groups()):
        _add_text(f"group_{number}", f'<h3 class="lora-neg-settings">{title}</h3>')
        for option in group:
            info = shared.OptionInfo(
                option.default,
                option.label,
                option.component,
                option.arguments,
                section=options.SECTION,
            )
            shared.opts.add_option(option.key, info.info(option.help) if option.help else info)
    _add_text("reset", RESET_HTML)


def _add_text(name: str, html: str) -> None:
    from modules import shared

    try:
        from modules.options import OptionHTML
    except ImportError:  # an older host: its settings page holds no free text
        return
    text = OptionHTML(html)
    text.section = options.SECTION
    shared.opts.add_option(f"{options.PREFIX}{name}", text)


class _Option(NamedTuple):
    """One line of the settings page."""

    key: str
    default: Any
    label: str
    help: str = ""
    component: Any = None
    arguments: dict[str, Any] | None = None


def _options() -> Iterator[_Option]:
    for _, group in _groups():
        yield from group


def _groups() -> Iterator[tuple[str, list[_Option]]]:
    """Yield the settings under their headings; each number with its unit and its bounds."""
    yield (
        "In general",
        [
            _flag(options.ENABLED, "Guard new generations by default"),
            _choice(
                options.MODE,
                "Mode by default",
                "Enforce changes the generation, Advise only says what it would change",
            ),
            _flag(options.NOTICE_SEEN, "The notice of the first start was read"),
        ],
    )
    yield (
        "What each rule does",
        [
            _choice(options.rule_key(rule.id), rule.setting_label, rule.help, rule.advise_only)
            for rule in BY_ID.values()
        ],
    )
    floors = "weight, −5 to 0; a range of the LoRA itself is stronger"
    sure = "how sure the type must be, 0.5 to 1"
    yield (
        "Negative range by type (R1)",
        [
            *(
                _slider(options.floor_key(name), f"Lowest weight: {label}", floors)
                for name, label in FLOORS.items()
            ),
            _slider(options.CLAMP_CONFIDENCE, "Raise a weight from (R1)", sure),
            _slider(options.DROP_CONFIDENCE, "Take a tag out from (R1)", sure),
        ],
    )
    yield (
        "CFG, text encoder and stacking (R3, R4, R5)",
        [
            _slider(
                options.CFG_CEILING,
                "Highest CFG scale (R3)",
                "4 to 6, while a negative weight is active; on SD 1, 2, 3 and SDXL",
            ),
            _slider(
                options.TEXT_ENCODER,
                "Text-encoder weight (R4)",
                "0.4 to 0.6, beside a negative unet weight; for LoRAs that have text-encoder "
                "tensors. In this project's lab 0 did better",
            ),
            _slider(
                options.BUDGET,
                "Stacking budget (R5)",
                "highest sum of LoRA weights, signs aside; 0.5 to 10",
            ),
            _slider(
                options.DEGRADED,
                "Degraded from (R5)",
                "the sum from which pictures are called degraded; 0.5 to 10",
            ),
            _flag(
                options.BUDGET_RELATIVE,
                "Count weights relative to each LoRA's preferred weight (R5)",
                "for LoRAs that are made for weights like 2 or 0.4",
            ),
        ],
    )
    yield (
        "Reading prompts",
        [
            _choice(
                options.NEGATIVE_TAG,
                "A LoRA tag in the negative prompt is (R8)",
                "move: to the prompt, at a negative weight",
            ),
            _flag(
                options.FULL_STOPS,
                "A full stop ends a term, as a comma does",
                "“blurry. low quality.” is read as two terms, not as one",
            ),
        ],
    )
    yield (
        "Negative guidance",
        [
            _choice(
                options.GUIDANCE,
                "Guidance method by default",
                "a negative prompt that works at CFG 1 too; costs time in each step",
            ),
            _slider(
                options.GUIDANCE_STRENGTH,
                "Strength of the guidance by default",
                "0 to 3; 1: each model's default",
            ),
            _slider(
                options.GUIDANCE_SHARE,
                "Share of the steps with guidance by default",
                "0 to 1, from the first step on",
            ),
        ],
    )
    yield (
        "Plots, infotext and scans",
        [
            _flag(
                options.GUARD_SWEEPS,
                "Guard jobs that vary a LoRA's weight from picture to picture, too",
                "an X/Y/Z plot, a matrix of another extension; off: the guard stands aside and "
                "says so",
            ),
            _choice(
                options.INFOTEXT,
                "Into the infotext goes",
                "the prompts in it are always those that were used",
            ),
            _slider(
                options.SCAN_BATCH,
                "Pictures that a scan makes at once",
                "1 to 8; more is faster on a large card, with 1 a cell is exactly the picture of "
                "its infotext",
            ),
        ],
    )
    yield (
        "Cards and library",
        [
            _flag(options.BADGES, "Show type and range on LoRA cards"),
            _flag(
                options.LOOKUPS,
                "Allow the LoRA Library to look LoRAs up on Civitai",
                "only when you press its button; sends the SHA-256 of the file, no name",
            ),
        ],
    )


def _slider(key: str, label: str, help_text: str) -> _Option:
    import gradio as gr

    span = options.SPANS[key]
    arguments = {"minimum": span.low, "maximum": span.high, "step": span.step}
    return _Option(key, span.default, label, help_text, gr.Slider, arguments)


def _choice(key: str, label: str, help_text: str, advise_only: bool = False) -> _Option:
    import gradio as gr

    known = options.CHOICES[key]
    choices = [c for c in known.choices if not (advise_only and c == Mode.ENFORCE.value)]
    return _Option(key, known.default, label, help_text, gr.Radio, {"choices": choices})


def _flag(key: str, label: str, help_text: str = "") -> _Option:
    import gradio as gr

    return _Option(key, options.FLAGS[key], label, help_text, gr.Checkbox)


def reset_options() -> int:
    """Give every setting its default, and return how many were another."""
    from modules import shared

    changed = 0
    for option in _options():
        if getattr(shared.opts, option.key, option.default) != option.default:
            shared.opts.set(option.key, option.default)
            changed += 1
    shared.opts.save(shared.config_filename)
    return changed
