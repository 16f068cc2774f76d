"""The guard around a call of a pipeline that somebody else built, as it stands."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...library import Catalog
from ...loras import LoraFileError, read_card
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy import GenerationRequest, GuardPlan, GuardSettings, Mode, PromptSet, plan
from ...prompts import Edit, apply_edits, format_tag, parse
from ...telling import complain, complain_of, printable
from ..reporting import Report
from .deltas import TEXT_ENCODERS
from .errors import LoraError, UnguardedAdapterWarning
from .folders import PathLike, lora_folders_of
from .loading import family_of_parts

Adapters = dict[str, dict[str, float]]
"""Weights of the adapters in use: by name, then by part of the pipeline."""

LoraFolders = PathLike | Iterable[PathLike] | Mapping[str, PathLike]


@dataclass(frozen=True, eq=False)
class GuardedCall:
    """Result of a guarded call.

    Attributes:
        output: of the pipeline itself.
        report: what the guard saw and did.
        arguments: those that the pipeline was called with instead of the given ones.
        problems: what the guard could not do for this pipeline, for people.
        unguarded: adapters in use that no file is known of; they had their own weights.
    """

    output: Any
    report: Report
    arguments: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    unguarded: tuple[str, ...] = ()

    @property
    def images(self) -> Any:
        """The pipeline's pictures."""
        return self.output.images if hasattr(self.output, "images") else self.output[0]


def guard_call(
    pipe: Any,
    prompt: str | list[str] | None = None,
    negative_prompt: str | list[str] | None = None,
    guidance_scale: float | None = None,
    *,
    loras: LoraFolders = (),
    settings: GuardSettings | None = None,
    **arguments: Any,
) -> GuardedCall:
    """Call a pipeline with its prompts, CFG and LoRA weights guarded for this one call.

    The LoRAs are the pipeline's own adapters with the weights that they have now; afterwards
    they have them again. Brackets in the prompts mean nothing, as in the pipeline itself. If the
    guard fails, the pipeline is called as asked, and the report says so.

    Args:
        pipe: any pipeline with ``prompt`` and ``guidance_scale``.
        prompt: one or several.
        negative_prompt: likewise, or ``None``.
        guidance_scale: ``None`` takes the pipeline's own default.
        loras: folders in which the adapters' files lie, named like the adapters, or the file of
            each adapter by its name. An adapter without a file keeps its weight: it is named in
            the result's ``unguarded`` and in an `UnguardedAdapterWarning`.
        settings: of the guard.
        arguments: everything else that the pipeline takes.

    Raises:
        LoraError: a file that ``loras`` names does not exist.
        LoraFolderError: a folder does not exist.
        Exception: whatever the pipeline raises.
    """
    cards = _cards(loras)
    given = {"prompt": prompt, "negative_prompt": negative_prompt, "guidance_scale": guidance_scale}
    given = {name: value for name, value in given.items() if value is not None}
    wanted = settings if settings is not None else GuardSettings()
    adapters = adapters_of(pipe)
    try:
        call = _plan(pipe, given, adapters, cards, wanted)
    except Exception as error:  # the picture matters more than the guard
        fault = f"{type(error).__name__}: {error}"
        complain(f"LoRA Negative Guard failed, so this is not guarded: {fault}")
        complain_of(error)
        output = pipe(**given, **arguments)
        return GuardedCall(output, Report(wanted.mode, (), (fault,)), given)
    if call.unguarded:
        text = printable(_no_file_for(call.unguarded))
        warnings.warn(text, UnguardedAdapterWarning, stacklevel=2)
    with _weights(pipe, adapters, call.adapters):
        output = pipe(**call.given, **arguments)
    findings = call.plan.findings if call.plan is not None else ()
    report = Report(wanted.mode, findings, ())
    return GuardedCall(output, report, call.given, call.problems, call.unguarded)


def adapters_of(pipe: Any) -> Adapters:
    """Return the adapters in use with their weights."""
    found: Adapters = {}
    for part, model in getattr(pipe, "components", {}).items():
        if not hasattr(model, "named_modules"):
            continue
        for _, layer in model.named_modules():
            if not hasattr(layer, "active_adapters") or not hasattr(layer, "scaling"):
                continue
            if getattr(layer, "disable_adapters", False):
                continue
            for name in layer.active_adapters:
                if name in layer.scaling:
                    found.setdefault(name, {}).setdefault(part, _weight(layer, name))
    return found


def _weight(layer: Any, name: str) -> float:
    """Return an adapter's weight: its scaling in the layer, without that of its training."""
    rank, alpha = layer.r[name], layer.lora_alpha[name]
    root = getattr(layer, "use_rslora", {}).get(name, False)
    own = alpha / (rank**0.5 if root else rank)
    return round(float(layer.scaling[name] / own), 6) if own else 0.0


@dataclass(frozen=True)
class _Call:
    given: Mapping[str, Any]
    adapters: Adapters
    plan: GuardPlan | None
    problems: tuple[str, ...]
    unguarded: tuple[str, ...] = ()


def _no_file_for(names: Sequence[str]) -> str:
    one = names[0]
    return (
        f"no LoRA file is known for {', '.join(names)}, so nothing of it is guarded: load it with "
        f"adapter_name= the name of its file in the folders of loras=, or give "
        f"loras={{{one!r}: file}}"
    )


def _plan(
    pipe: Any,
    given: Mapping[str, Any],
    adapters: Adapters,
    cards: _Cards,
    settings: GuardSettings,
) -> _Call:
    if settings.mode is Mode.OFF:
        return _Call(given, adapters, None, ())
    family = family_of_parts(pipe)
    known = {name: weights for name, weights in adapters.items() if cards.get(name) is not None}
    tags = "".join(_tag(name, weights) for name, weights in known.items())
    prompts, negatives = _texts(given.get("prompt")), _texts(given.get("negative_prompt"))
    cfg = given.get("guidance_scale", _default_cfg(pipe))
    request = GenerationRequest(
        PromptSet(
            tuple(text + tags for text in prompts),
            negatives * len(prompts) if len(negatives) == 1 else negatives,
            float(cfg) if isinstance(cfg, int | float) else None,
        ),
        family=family,
        distilled_guidance=family is ModelFamily.FLUX,
        emphasis=False,
        bad_weight_drops_all=False,
        weight_schedules=False,
    )
    made = plan(request, cards, settings)
    weights, problems = _weights_of(made.first.prompts[0], adapters, known)
    unguarded = tuple(name for name in adapters if name not in known)
    return _Call(_arguments(given, request, made), weights, made, tuple(problems), unguarded)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple) and value else ("",)


def _tag(name: str, weights: Mapping[str, float]) -> str:
    unet = next((w for part, w in weights.items() if part not in TEXT_ENCODERS), None)
    te = next((w for part, w in weights.items() if part in TEXT_ENCODERS), None)
    shown = unet if unet is not None else 0.0
    return format_tag("lora", name, te if te is not None else shown, shown)


def _default_cfg(pipe: Any) -> Any:
    parameter = inspect.signature(type(pipe).__call__).parameters.get("guidance_scale")
    return parameter.default if parameter is not None else None


def _arguments(
    given: Mapping[str, Any], request: GenerationRequest, made: GuardPlan
) -> dict[str, Any]:
    """Return the arguments with the guarded values, changed ones only, in their own shape."""
    changed = dict(given)
    prompts = [_without_tags(text) for text in made.first.prompts]
    if "prompt" in given and prompts != list(_texts(given["prompt"])):
        changed["prompt"] = prompts[0] if isinstance(given["prompt"], str) else prompts
    negatives = list(made.first.negative_prompts)
    if made.first.negative_prompts != request.first.negative_prompts:
        # Pipelines want a list beside a list, and a text beside a text.
        single = not isinstance(given.get("prompt"), list | tuple)
        changed["negative_prompt"] = negatives[0] if single else negatives
    if made.first.cfg_scale != request.first.cfg_scale:
        changed["guidance_scale"] = made.first.cfg_scale
    return changed


def _without_tags(text: str) -> str:
    return apply_edits(text, [Edit(tag.start, tag.end, "") for tag in parse(text).tags])


def _weights_of(prompt: str, adapters: Adapters, known: Adapters) -> tuple[Adapters, list[str]]:
    """Return the adapters' guarded weights; 0 where the guard took the tag out."""
    weights: Adapters = {name: dict(parts) for name, parts in adapters.items()}
    problems = []
    left: dict[str, tuple[float, float]] = {}
    for tag in parse(prompt).tags:
        if not tag.is_lora or tag.te.value is None or tag.unet.value is None:
            continue
        if tag.name in known:
            left[tag.name] = (tag.te.value, tag.unet.value)
        else:
            problems.append(
                f"<lora:{tag.name}> is no adapter of this pipeline; the tag is taken out"
            )
    for name, parts in known.items():
        te, unet = left.get(name, (0.0, 0.0))
        weights[name] = {part: te if part in TEXT_ENCODERS else unet for part in parts}
    return weights, problems


@contextmanager
def _weights(pipe: Any, before: Adapters, now: Adapters) -> Iterator[None]:
    """Give the adapters other weights for one call."""
    if before == now:
        yield
        return
    _set(pipe, now)
    try:
        yield
    finally:
        _set(pipe, before)


def _set(pipe: Any, adapters: Adapters) -> None:
    names = list(adapters)
    pipe.set_adapters(names, adapter_weights=[adapters[name] for name in names])


class _Cards:
    """Cards of a pipeline's adapters."""

    def __init__(self, catalog: Catalog | None, files: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._files = files

    def get(self, name: str, /) -> LoraCard | None:
        if self._catalog is not None:
            return self._catalog.get(name)
        path = self._files.get(name)
        if path is None:
            return None
        try:
            return read_card(path)
        except LoraFileError as error:
            return LoraCard(name, path, name, problems=(error.fault,))


def _cards(loras: LoraFolders) -> _Cards:
    if isinstance(loras, Mapping):
        files = {name: os.fspath(path) for name, path in loras.items()}
        for name, path in files.items():
            if not Path(path).is_file():
                raise LoraError(name, f"{path}: no such file")
        return _Cards(None, files)
    return _Cards(Catalog(lora_folders_of(loras)), {})
