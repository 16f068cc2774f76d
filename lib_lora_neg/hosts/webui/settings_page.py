"""The extension's page in the host's settings: every setting with its label and its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...policy import DEFAULT_RULE_MODES, GuardSettings, Mode, NegativeTag
from ...policy.matrix import DEFAULT_FLOORS
from . import options

RULES: Mapping[str, tuple[str, str]] = {
    "R1": (
        "R1: range of negative weights",
        "raises a weight to the floor of the LoRA's type, or takes the tag out where none is safe",
    ),
    "R1f": ("R1f: range of negative weights on Flux", "the same with Flux's own floors"),
    "R2": (
        "R2: trigger words in the negative prompt",
        "takes them out, because they switch the LoRA off; adds the word of a trigger negative",
    ),
    "R2b": (
        "R2b: core caption terms in the negative prompt",
        "terms on at least 90 % of a LoRA's captions; Enforce takes them out",
    ),
    "R2c": (
        "R2c: recommended negative prompt",
        "what a LoRA's page or side file recommends; Enforce adds what is missing",
    ),
    "R3": ("R3: CFG beside a negative weight", "lowers CFG to the ceiling below"),
    "R4": (
        "R4: text-encoder weight beside a negative weight",
        "Enforce gives the text encoder a positive weight of its own",
    ),
    "R5": ("R5: stacking budget", "Enforce scales all LoRA weights down in proportion"),
    "R6": (
        "R6: tug of war",
        "a negative term that stands on 65 to 90 % of an active LoRA's captions",
    ),
    "R8": (
        "R8: LoRA tags in the negative prompt",
        "the host reads them as text; what becomes of them is set below",
    ),
    "R9": (
        "R9: plain-word negation",
        "“without a hat” is read as a hat; Enforce moves the noun to the negative prompt",
    ),
    "R10": (
        "R10: concept bleeding",
        "says where a negative weight lies past the point from which damage rises",
    ),
    "R11a": ("R11a: the same LoRA twice", "sums the weights into the first tag"),
    "R11b": (
        "R11b: unknown LoRA names",
        "takes the name out where it would switch all LoRAs off (Forge); elsewhere only says so",
    ),
    "R11c": ("R11c: LoRAs of another model family", "says so"),
    "R11d": ("R11d: weights that are no numbers", "says so"),
}
"""Label of each rule's setting, and what it does."""

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
ADVISE_ONLY = frozenset({"R6", "R10", "R11c", "R11d"})
"""Rules that have nothing they could change."""


RESET_HTML = (
    '<button id="lora_neg_reset" class="lora-neg-reset" type="button">'
    "Reset all settings of LoRA Negative Guard</button>"
    '<span id="lora_neg_reset_note" role="status"></span>'
)


def register_options() -> None:
    """Add the settings page; to be called in the host's ``on_ui_settings``."""
    from modules import shared

    for option in _options():
        info = shared.OptionInfo(
            option.default,
            option.label,
            option.component,
            option.arguments,
            section=options.SECTION,
        )
        shared.opts.add_option(option.key, info.info(option.help) if option.help else info)
    try:
        from modules.options import OptionHTML
    except ImportError:  # an older host: its settings page holds no free text
        return
    reset = OptionHTML(RESET_HTML)
    reset.section = options.SECTION
    shared.opts.add_option(f"{options.PREFIX}reset", reset)


class _Option(NamedTuple):
    """One line of the settings page."""

    key: str
    default: Any
    label: str
    help: str = ""
    component: Any = None
    arguments: dict[str, Any] | None = None


def _options() -> Iterator[_Option]:
    import gradio as gr

    modes = [mode.value for mode in Mode]

    def slider(key: str, label: str, help_text: str, default: float, *span: float) -> _Option:
        arguments = dict(zip(("minimum", "maximum", "step"), span, strict=True))
        return _Option(key, default, label, help_text, gr.Slider, arguments)

    def radio(key: str, label: str, help_text: str, default: str, choices: list[str]) -> _Option:
        return _Option(key, default, label, help_text, gr.Radio, {"choices": choices})

    yield _Option(options.ENABLED, True, "Guard new generations by default", "", gr.Checkbox)
    goes = "Enforce changes the generation, Advise only says what it would change"
    yield radio(options.MODE, "Mode by default", goes, Mode.ENFORCE.value, modes)
    for rule, (label, does) in RULES.items():
        choices = modes[1:] if rule in ADVISE_ONLY else modes
        yield radio(options.rule_key(rule), label, does, DEFAULT_RULE_MODES[rule].value, choices)
    defaults = GuardSettings()
    for name, label in FLOORS.items():
        lowest = f"Lowest weight: {label}"
        help_text = "R1; a range of the LoRA itself is stronger" if name == "style" else ""
        yield slider(
            options.floor_key(name), lowest, help_text, DEFAULT_FLOORS[name], -5.0, 0.0, 0.05
        )
    sure = "how sure the type must be, from 0 to 1"
    raise_from, clamp = "Raise a weight from (R1)", defaults.clamp_confidence
    yield slider(options.CLAMP_CONFIDENCE, raise_from, sure, clamp, 0.5, 1.0, 0.05)
    yield slider(
        options.DROP_CONFIDENCE,
        "Take a tag out from (R1)",
        sure,
        defaults.drop_confidence,
        0.5,
        1.0,
        0.05,
    )
    ceiling = "while a negative weight is active; on SD 1, 2, 3 and SDXL"
    yield slider(
        options.CFG_CEILING, "Highest CFG scale (R3)", ceiling, defaults.cfg_ceiling, 4.0, 6.0, 0.5
    )
    yield slider(
        options.TEXT_ENCODER,
        "Text-encoder weight (R4)",
        "beside a negative unet weight, for LoRAs that have text-encoder tensors",
        defaults.text_encoder,
        0.4,
        0.6,
        0.05,
    )
    total = "highest sum of LoRA weights, signs aside"
    yield slider(options.BUDGET, "Stacking budget (R5)", total, defaults.budget, 0.5, 10.0, 0.1)
    worse = "the sum from which pictures are called degraded"
    yield slider(options.DEGRADED, "Degraded from (R5)", worse, defaults.degraded, 0.5, 10.0, 0.1)
    relative = "for LoRAs that are made for weights like 2 or 0.4"
    yield _Option(
        options.BUDGET_RELATIVE,
        False,
        "Count weights relative to each LoRA's preferred weight (R5)",
        relative,
        gr.Checkbox,
    )
    yield radio(
        options.NEGATIVE_TAG,
        "A LoRA tag in the negative prompt is (R8)",
        "move: to the prompt, at a negative weight",
        NegativeTag.MOVE.value,
        [choice.value for choice in NegativeTag],
    )
    yield _Option(
        options.FULL_STOPS,
        False,
        "A full stop ends a term, as a comma does",
        "“blurry. low quality.” is read as two terms, not as one",
        gr.Checkbox,
    )
    on_purpose = (
        "an X/Y/Z plot, a matrix of another extension; off: the guard stands aside and says so"
    )
    yield _Option(
        options.GUARD_SWEEPS,
        False,
        "Guard jobs that vary a LoRA's weight from picture to picture, too",
        on_purpose,
        gr.Checkbox,
    )
    yield radio(
        options.INFOTEXT,
        "Into the infotext goes",
        "the prompts in it are always those that were used",
        options.INFOTEXT_ALL,
        [options.INFOTEXT_ALL, options.INFOTEXT_MODE, options.INFOTEXT_NONE],
    )
    faster = "more is faster on a large card; with 1 a cell is exactly the picture of its infotext"
    yield slider(
        options.SCAN_BATCH,
        "Pictures that a scan makes at once",
        faster,
        1,
        1,
        options.MAX_SCAN_BATCH,
        1,
    )
    yield _Option(
        options.NOTICE_SEEN, False, "The notice of the first start was read", "", gr.Checkbox
    )


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
