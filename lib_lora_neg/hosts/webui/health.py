"""The health line: what is live on this host, what is limited, and why."""

from __future__ import annotations

from functools import reduce

from ...policy import DEFAULT_RULE_MODES, Mode
from ...sentences import Sentence, say
from ..reporting import HealthItem
from . import capabilities, loader, options

_MODE_WORDS = {
    Mode.ENFORCE: "enforced: {rules}",
    Mode.ADVISE: "only told: {rules}",
    Mode.OFF: "off: {rules}",
}


def health() -> list[HealthItem]:
    """Return one item for each thing the guard needs of this host or of the settings."""
    return [
        *_elsewhere(),
        _hook(),
        _loras(),
        _rules(),
        _settings(),
        _flux(),
        _hires(),
        _unknown_names(),
    ]


def _elsewhere() -> list[HealthItem]:
    if not capabilities.generates_elsewhere():
        return []
    note = (
        "in this host's API mode a remote service makes the pictures, past all extensions: nothing "
        "is guarded"
    )
    return [HealthItem("Generation", False, note)]


def _hook() -> HealthItem:
    hooked = loader.installed()
    note = "tags that other scripts add late are guarded too"
    return HealthItem(
        "LoRA loader hook",
        hooked,
        note if hooked else "tags that other scripts add late are not guarded",
    )


def _loras() -> HealthItem:
    try:
        import networks
    except ImportError:
        return HealthItem("LoRA list", False, "the host's Lora extension is not loaded")
    count = len(networks.available_networks)
    return HealthItem("LoRA list", True, say("{count} known to this host", count=count))


def _rules() -> HealthItem:
    settings = options.read_settings(Mode.ENFORCE)
    groups = {mode: [r for r in DEFAULT_RULE_MODES if settings.mode_of(r) is mode] for mode in Mode}
    told = [
        say(_MODE_WORDS[mode], rules=", ".join(rules)) for mode, rules in groups.items() if rules
    ]
    return HealthItem("Rules", bool(groups[Mode.ENFORCE] or groups[Mode.ADVISE]), _joined(told))


def _settings() -> HealthItem:
    problems = options.setting_problems()
    if problems:
        return HealthItem("Settings", False, _joined(problems))
    return HealthItem("Settings", True, "all are within their bounds")


def _joined(parts: list[Sentence]) -> Sentence:
    return reduce(lambda first, second: say("{first}; {second}", first=first, second=second), parts)


def _flux() -> HealthItem:
    if capabilities.loads_flux():
        note = "R1f holds on Flux checkpoints; R3 leaves their distilled guidance alone"
    else:
        note = "nothing to do, this host loads no Flux checkpoint"
    return HealthItem("Range on Flux (R1f)", True, note)


def _hires() -> HealthItem:
    if capabilities.hires_has_own_cfg():
        note = "R3 lowers the CFG of the pass that has the negative weight"
    else:
        note = "the host has one CFG for both passes, so R3 lowers it for both"
    return HealthItem("CFG of the hires pass", True, note)


def _unknown_names() -> HealthItem:
    if capabilities.unknown_lora_drops_all():
        note = "here one would drop all LoRAs of the prompt, so R11b takes it out"
    else:
        note = "the host skips them, so R11b only tells"
    return HealthItem("Unknown LoRA names", True, note)
