"""Tags that appear after the plan, guarded at the host's extra-networks loader.

Other scripts may write tags after the guard has planned the batch, and generations that
carry no guard of their own may run inside a guarded one. Both reach the host's LoRA loader;
there R1 is applied to the items in place, so that the host's cache of text-encoder results
keys on what was really loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...policy import (
    DEFAULT_RULE_MODES,
    RULES,
    Effect,
    Finding,
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from ...policy.wording import change_text
from ...prompts import parse
from ...telling import complain_of
from . import capabilities, infotext, matrices, options, sweeps
from .applying import set_hires_cfg
from .branches import Branches
from .generations import Generation
from .guard import Guard, comment, remember_cfg
from .reading import batch_slice
from .tools import active_tools, cfg_tools_among
from .xyz_cell import cell_of
from .xyz_planner import RANGE_RULES
from .xyz_sweep import range_note

LATE_RULES = frozenset(rule.id for rule in RULES if rule.late)

_MARK = "_lora_neg_original"

Activate = Callable[[Any, Any, list[Any]], Any]


def install(guard: Guard, branches: Branches | None = None) -> bool:
    """Wrap the host's LoRA loader; return whether it is wrapped now.

    The class is wrapped, not the instance: the host makes a new instance at each UI reload.
    Installing again replaces the wrapper instead of wrapping it. ``branches`` is told what was
    loaded.
    """
    network_class = _loader_class()
    if network_class is None:
        return False
    original = getattr(network_class.activate, _MARK, network_class.activate)
    network_class.activate = _wrap(original, guard, branches)
    return True


def uninstall() -> None:
    """Give the host its own loader back."""
    network_class = _loader_class()
    original = getattr(getattr(network_class, "activate", None), _MARK, None)
    if network_class is not None and original is not None:
        network_class.activate = original


def installed() -> bool:
    """Whether the host's loader passes through the guard."""
    return hasattr(getattr(_loader_class(), "activate", None), _MARK)


def _loader_class() -> Any | None:
    from modules import extra_networks

    instance = extra_networks.extra_network_registry.get("lora")
    return type(instance) if instance is not None else None


def _wrap(original: Activate, guard: Guard, branches: Branches | None) -> Activate:
    @functools.wraps(original)
    def activate(self: Any, p: Any, params_list: list[Any]) -> Any:
        try:
            guard_params(guard, p, params_list)
        except Exception as error:  # the picture matters more than the guard
            complain_of(error)
            comment(p, "LoRA Negative Guard failed at the LoRA loader; see the console")
        result = original(self, p, params_list)
        if branches is not None:
            _tell_branches(branches, p, params_list)
        return result

    setattr(activate, _MARK, original)
    return activate


def _tell_branches(branches: Branches, p: Any, params_list: Sequence[Any]) -> None:
    try:
        branches.loaded(p, params_list)
    except Exception as error:  # the picture matters more
        branches.detach()
        complain_of(error)
        comment(p, "LoRA Negative Guard: neg= failed, and has no effect; see the console")


def guard_params(guard: Guard, p: Any, params_list: Sequence[Any]) -> None:
    """Apply R1 to the items of tags that no plan has seen, then R3 where CFG may still change."""
    if not params_list or (getattr(p, "scripts", None) is None and not _is_job(p)):
        return
    generation = guard.generations.of(p) or guard.generations.outer()
    if generation is None or generation.failed:
        return
    tags = [_tag_of(params) for params in params_list]
    hires = _is_hires(p, params_list)
    if generation.sweep is not None and generation.owner() is p:
        _note_outside(p, guard, generation, tags, hires)
    if generation.mode is not Mode.ENFORCE or _turns_out_a_sweep(p, guard, generation, tags, hires):
        return
    request = _late_request(p, tags, hires)
    if not _can_set_cfg(p, hires):
        request = replace(request, first=replace(request.first, cfg_scale=None))
    settings = _late_settings(generation.settings)
    guarded = plan(request, guard.cards, settings)
    findings = [f for f in guarded.findings if f.effect is Effect.ENFORCED]
    if not findings:
        return
    for params, tag in zip(params_list, tags, strict=True):
        _set_items(params, tag, guard, request, settings)
    _set_cfg(p, generation, request, guarded.first.cfg_scale, hires)
    _tell(p, guard, generation, findings, tags, params_list)


def _is_job(p: Any) -> bool:
    """Whether ``p`` makes pictures; the host also loads with a dummy that has no prompts."""
    return bool(getattr(p, "all_prompts", None))


def _turns_out_a_sweep(
    p: Any, guard: Guard, generation: Generation, tags: list[str], hires: bool
) -> bool:
    """Whether another script has added a LoRA at another weight to an earlier picture of this job.

    The first such weight cannot be told from any other late tag and is guarded; from the second
    one on, all is left as it was written.
    """
    if generation.owner() is not p or cell_of(p).mode is not None:
        return False
    late = [tag for tag in tags if parse(tag).tags[0].items not in generation.planned]
    changing = generation.changing(late, getattr(p, "iteration", 0), hires)
    if not changing or sweeps.guarded_all_the_same(p):
        return False
    sweep = sweeps.Sweep(sweeps.ANOTHER_SCRIPT, changing)
    guard.stand_aside(p, generation, sweep)
    _note_outside(p, guard, generation, tags, hires)
    return True


def _note_outside(
    p: Any, guard: Guard, generation: Generation, tags: list[str], hires: bool
) -> None:
    """Write which weights of a sweep's picture are out of range into its infotext."""
    settings = options.read_settings(Mode.ENFORCE, generation.switched)
    live = {rule: settings.mode_of(rule) for rule in RANGE_RULES}
    rules = dict.fromkeys(DEFAULT_RULE_MODES, Mode.OFF)
    rules |= {rule: Mode.ENFORCE for rule, mode in live.items() if mode is not Mode.OFF}
    found = plan(_late_request(p, tags, hires), guard.cards, replace(settings, rules=rules))
    enforced = [finding for finding in found.findings if finding.effect is Effect.ENFORCED]
    notes = [f"{f.before} {range_note(f)}".replace("\N{MINUS SIGN}", "-") for f in enforced]
    for finding in enforced:
        matrices.mark_label(p, finding.lora, range_note(finding))
    here = getattr(p, "iteration", 0)
    known = generation.outside[1] if generation.outside[0] == here else ()
    generation.outside = here, tuple(dict.fromkeys([*known, *notes]))
    infotext.write_sweep(p, generation.outside[1])


def _tag_of(params: Any) -> str:
    return "<lora:" + ":".join(str(item) for item in params.items) + ">"


def _late_settings(settings: GuardSettings) -> GuardSettings:
    rules = {
        rule: settings.mode_of(rule) if rule in LATE_RULES else Mode.OFF
        for rule in DEFAULT_RULE_MODES
    }
    return replace(settings, rules=rules)


def _can_set_cfg(p: Any, hires: bool) -> bool:
    """Whether CFG may still change: a hires pass without its own has been half made with it."""
    return not hires or capabilities.hires_cfg(p) is not None


def _late_request(p: Any, tags: list[str], hires: bool) -> GenerationRequest:
    cfg = capabilities.hires_cfg(p) if hires else None
    sd_model = p.sd_model
    return GenerationRequest(
        first=PromptSet((" ".join(tags),), ("",), cfg if cfg is not None else float(p.cfg_scale)),
        family=capabilities.model_family(sd_model),
        distilled_guidance=capabilities.distilled_guidance(sd_model),
        cfg_tools=cfg_tools_among(active_tools(p)),
    )


def _is_hires(p: Any, params_list: Sequence[Any]) -> bool:
    data = getattr(p, "hr_extra_network_data", None) or {}
    ours = {id(params) for params in params_list}
    return any(id(params) in ours for group in data.values() for params in group)


def _set_items(
    params: Any, tag: str, guard: Guard, request: GenerationRequest, settings: GuardSettings
) -> None:
    """Write the guarded arguments into the host's own object; a dropped tag gets weight 0."""
    alone = replace(request, first=PromptSet((tag,), ("",), request.first.cfg_scale))
    text = plan(alone, guard.cards, settings).first.prompts[0]
    if text == tag:
        return
    found = parse(text).tags
    items = list(found[0].items) if found else [str(params.items[0]), "0"]
    fresh = type(params)(items=items)
    params.items[:] = items
    params.positional[:] = fresh.positional
    params.named.clear()
    params.named.update(fresh.named)


def _set_cfg(
    p: Any,
    generation: Generation,
    request: GenerationRequest,
    cfg: float | None,
    hires: bool,
) -> None:
    asked = request.first.cfg_scale
    if cfg == asked:
        return
    if hires:
        set_hires_cfg(p, cfg)
    else:
        p.cfg_scale = cfg
    if generation.owner() is p:
        remember_cfg(generation, "hr_cfg" if hires else "cfg_scale", asked, cfg)


def _tell(
    p: Any,
    guard: Guard,
    generation: Generation,
    findings: list[Finding],
    tags: list[str],
    params_list: Sequence[Any],
) -> None:
    """Mend the infotext where the tag stands there verbatim, else say it under a key."""
    unmended = []
    for tag, params in zip(tags, params_list, strict=True):
        now = _tag_of(params)
        if now != tag and not _mend(p, tag, now):
            unmended.append(f"{tag} -> {now}")
    if generation.owner() is p:
        guard.say(p, generation.add(tuple(findings)))
    else:
        changes = "; ".join(change_text(finding) for finding in findings)
        comment(p, f"LoRA Negative Guard (nested generation): {changes}")
        guard.say_around(generation if generation.owner() is p else None, findings)
    if unmended:
        infotext.write_late(p, unmended)


def _mend(p: Any, old: str, new: str) -> bool:
    """Replace a tag in the prompts that the infotext is written from."""
    here = batch_slice(p, getattr(p, "iteration", 0))
    mended = False
    for name in ("all_prompts", "all_hr_prompts"):
        prompts = getattr(p, name, None)
        if not prompts:
            continue
        for spelling in (old, old.replace("<lora:", "<lyco:", 1)):
            changed = [text.replace(spelling, spelling[:6] + new[6:]) for text in prompts[here]]
            if changed != prompts[here]:
                prompts[here] = changed
                mended = True
    return mended
