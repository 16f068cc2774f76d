"""The guard as the host's AlwaysOn script sees it: its life, its panel, its callbacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from ...loras.card import LoraCard
from ...policy import Mode
from ...policy.switches import rules_switched_off
from ...telling import complain_of
from .. import guidance_keys
from ..reporting import HealthItem, Report
from . import (
    branch_layers,
    compare,
    guidance,
    guidance_a1111,
    infotext,
    loader,
    matrices,
    options,
    settings_page,
    xyz,
    xyz_cell,
)
from .branches import Branches
from .guard import TITLE, Guard, comment
from .health import health
from .preview import KnownCards, WebuiPreview
from .xyz_planner import PlotPlanner

guard = Guard()
branches = Branches(lambda p, text: comment(p, f"{TITLE}: {text}"))
preview = WebuiPreview(guard.cards)
known_cards = KnownCards(guard.cards)


class WebuiPanelHost:
    """The WebUI as the panel sees it."""

    def default_enabled(self) -> bool:
        return options.default_enabled()

    def default_mode(self) -> Mode:
        return options.default_mode()

    def default_guidance(self) -> guidance_keys.GuidanceDefaults:
        return options.guidance_defaults()

    def notice_seen(self) -> bool:
        return options.notice_seen()

    def answer_notice(self, mode: Mode) -> None:
        options.answer_notice(mode)

    def health(self) -> list[HealthItem]:
        return health()

    def last_report(self, tab: str, key: str) -> Report | None:
        return guard.generations.reports.find(tab, key)

    def has_settings(self) -> bool:
        return True

    @contextmanager
    def accordion(self, enabled: bool, label: str, elem_id: str) -> Iterator[Any]:
        # Not the host's InputAccordion: closing that switches off what is inside.
        import gradio as gr

        with gr.Accordion(label, open=False, elem_id=elem_id):
            yield gr.Checkbox(enabled, label="Guard this tab", elem_id=f"{elem_id}-checkbox")


def keep_defaults_in_settings(components: Iterable[Any]) -> None:
    """Keep the host from saving first defaults, which would outlive the settings of later ones."""
    for component in components:
        component.do_not_save_to_config = True


class WebuiLibrary:
    """The host's LoRAs by the names of their files."""

    def names(self) -> Sequence[str]:
        try:
            import networks
        except ImportError:  # the host's Lora extension is switched off
            return ()
        return tuple(networks.available_networks)

    def card(self, name: str) -> LoraCard | None:
        return known_cards.get(name)

    def name_in_prompts(self, name: str) -> str:
        import networks

        on_disk = networks.available_networks.get(name)
        return str(on_disk.get_alias()) if on_disk is not None else name


def has_scheduler() -> bool:
    """Whether the host lets people choose a scheduler beside the sampler."""
    try:
        from modules import sd_schedulers
    except ImportError:
        return False
    return bool(sd_schedulers.schedulers)


def api_accounts() -> dict[str, str] | None:
    """Return who may use the host's API, by password; ``None`` where it has no API."""
    from modules.shared import cmd_opts

    if not (getattr(cmd_opts, "api", False) or getattr(cmd_opts, "nowebui", False)):
        return None
    accounts = {}
    for account in (getattr(cmd_opts, "api_auth", None) or "").split(","):
        user, _, password = account.partition(":")
        if account:
            accounts[user] = password
    return accounts


def register_axes() -> None:
    """Add our axes to the host's XYZ plot; to be called in ``on_before_ui``."""
    xyz.register_axes(PlotPlanner(preview, TITLE))


def reset_settings(_: Mapping[str, Any]) -> dict[str, int]:
    """Reset all settings, for the button of the settings page."""
    return {"changed": settings_page.reset_options()}


def remember_job(p: Any) -> None:
    """Note what the user asked for, before a script of the host's list makes many jobs of it."""
    matrices.remember(p)


def begin(
    p: Any,
    tab: str,
    enabled: object = None,
    mode: object = None,
    both: object = False,
    rules: object = None,
    method: object = None,
    strength: object = None,
    share: object = None,
    numbers: object = None,
    several: object = None,
    *_: object,
) -> None:
    """Begin a generation with the script's arguments; what is missing has the user's default."""
    start()
    as_typed = compare.prepare(p, bool(both), guard.generations)
    guarded = not as_typed and (options.default_enabled() if enabled is None else bool(enabled))
    chosen = options.default_mode() if mode is None else mode
    _begin_guidance(p, (method, strength, share, numbers, several))
    branches.begin(p)
    guard.before_process(p, guarded, chosen, tab, rules_switched_off(rules))
    if as_typed:
        infotext.write_off(p)


def _begin_guidance(p: Any, given: Sequence[object]) -> None:
    """Begin negative guidance; what means nothing is said, and the picture made without."""
    of_cell = xyz_cell.cell_of(p).guidance
    wanted = {**asdict(options.guidance_defaults()), **_given(given), **of_cell}
    try:
        chosen = guidance_keys.read_guidance(**wanted)
        if of_cell and chosen is None and "method" not in of_cell:
            raise ValueError("the axis sets it, but no method is chosen")
        guidance.begin(p, chosen)
    except ValueError as error:
        guidance.begin(p, None)
        _without_guidance(p, str(error))


def _given(values: Sequence[object]) -> dict[str, object]:
    """Return what a request says; what it leaves out has the user's default."""
    names = guidance_keys.ARGUMENTS
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _without_guidance(p: Any, problem: str) -> None:
    comment(p, f"{TITLE}: negative guidance is off: {problem}")


def before_batch(p: Any, batch_number: int) -> None:
    """Guard one batch, after a look whether its model can be guided."""
    problem = guidance.before_batch(p)
    if problem:
        _without_guidance(p, problem)
    guard.before_process_batch(p, batch_number)


def before_sampling(p: Any) -> None:
    """Prepare a pass that is about to be sampled."""
    guard.note_encoded(p)
    _begin_branches(p)
    guidance.before_sampling(p, lambda problem: _without_guidance(p, problem))


def _begin_branches(p: Any) -> None:
    try:
        branches.before_sampling(p)
    except Exception as error:  # the picture matters more
        branches.detach()
        complain_of(error)
        comment(p, f"{TITLE}: neg= failed, and has no effect; see the console")


def end(p: Any, processed: Any) -> None:
    """End a generation."""
    guidance.end(p)
    branches.end(p)
    compare.finish(p, processed, changed=guard.postprocess(p))


def start() -> None:
    """Make the guard live; safe to call again."""
    loader.install(guard, branches)


def stop() -> None:
    """Undo everything that was changed in the host."""
    loader.uninstall()
    branches.detach()
    guidance_a1111.leave()
    branch_layers.forget()
    xyz.forget_plot()
