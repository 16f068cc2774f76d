"""The scan tab's form: what stands in it becomes a plan, or an error per field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ...hosts.form_reading import FormValueError
from ...hosts.scanning import ScanTabHost
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy.block_names import mask_in_force
from ...scan.plan import MAX_SEED, LoraPart, PlanError, ScannedLora, ScanPlan, ScanPrompt
from ...scan.ports import Sampling
from ...scan.weights import WeightListError, clean_weight, format_weights, parse_weights
from ...scan.workplace import Checkpoint
from ...sentences import as_whole, said_by, say

MAX_PROMPTS = 50
MAX_PROMPT = 4000
MAX_SEEDS = 100
MAX_LIST = 2000
MAX_NAME = 1000

KINDS = ("scan", "quick", "compare")

_SEED = re.compile(r"\d{1,10}")
_SEED_RANGE = re.compile(r"(\d{1,10})\s*-\s*(\d{1,10})")

_T = TypeVar("_T")


class ScanError(FormValueError):
    """A request of the scan tab that cannot be carried out; the text is a sentence for people."""

    def __str__(self) -> str:
        return str(self.message)


class FormError(ScanError):
    """A form that makes no plan: a text for each field at fault, the first of them as the error."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(*next(iter(errors.items())))
        self.errors = dict(errors)


def asks_model(body: Mapping[str, Any], host: ScanTabHost) -> bool:
    """Return whether a form wants the loaded model to judge its pictures and the host can ask."""
    wanted = body.get("critic") is True and body.get("kind") != "quick"
    return wanted and host.critic() is not None


def card_of(host: ScanTabHost, name: object) -> LoraCard | None:
    """Return the card of a LoRA that a request names; ``None`` where it names no known one."""
    library = host.library
    return library.card(name) if isinstance(name, str) and name in library.names() else None


def read_form(body: Mapping[str, Any], host: ScanTabHost) -> ScanPlan:
    """Return the plan that a form asks for.

    Raises:
        FormError: fields are at fault, or there is no checkpoint.
    """
    form = _Form(body)
    checkpoint = host.checkpoint()
    if checkpoint is None:
        form.errors["checkpoint"] = "No checkpoint is chosen. Choose one first."
    name = form.read("lora", lambda: _name(body))
    card = host.library.card(name) if name and name in host.library.names() else None
    if name and card is None:
        form.errors["lora"] = "No LoRA of this name is known."
    kind = body.get("kind") if body.get("kind") in KINDS else "scan"
    part = form.read("part", lambda: _part(body)) or LoraPart.BOTH
    if card is not None:
        _check_card(form, card, checkpoint, part)
    weights = form.read("weights", lambda: _weights(body, kind))
    prompts = form.read("prompts", lambda: _prompts(body))
    seeds = form.read("seeds", lambda: _seeds(body.get("seeds")))
    sampling = _sampling(form, host)
    negative = form.read("negative_prompt", lambda: _text(body, "negative_prompt"))
    word = form.read("negative_word", lambda: _text(body, "negative_word"))
    held = form.read("held", lambda: clean_weight(_number(body, "held", -10, 10, 0.0)))
    if card is None or form.errors or not (checkpoint and weights and prompts and seeds):
        raise FormError(form.errors)
    mask = mask_in_force(card, host.library.settings())
    try:
        return ScanPlan(
            loras=(ScannedLora(str(name), host.lora_digest(str(name)), blocks=mask),),
            prompts=prompts,
            seeds=seeds,
            weights=weights,
            part=part,
            held=(held or 0.0) if part is not LoraPart.BOTH else 0.0,
            negative_prompt=negative or "",
            negative_word=(word or "") if kind == "compare" else "",
            sampling=sampling,
            checkpoint=checkpoint.digest,
            facts=checkpoint.facts,
        )
    except PlanError as problem:
        raise FormError({"plan": as_whole(said_by(problem))}) from problem


def form_of(plan: ScanPlan, *, quick: bool = False) -> dict[str, Any]:
    """Return the form's fields that ask for this plan."""
    kind = "quick" if quick else "compare" if plan.is_comparison else "scan"
    weights = [w for w in plan.weights if w != 0] if kind == "compare" else plan.weights
    return {
        "kind": kind,
        "lora": plan.loras[0].name,
        "weights": format_weights(weights),
        "part": plan.part.value,
        "held": plan.held,
        "prompts": [{"text": p.text, "subject": p.subject} for p in plan.prompts],
        "seeds": ", ".join(map(str, plan.seeds)),
        "negative_prompt": plan.negative_prompt,
        "negative_word": plan.negative_word,
        **sampling_fields(plan.sampling),
    }


def sampling_fields(sampling: Sampling) -> dict[str, Any]:
    """Return the sampling as the form has it."""
    return {
        "cfg": sampling.cfg,
        "steps": sampling.steps,
        "width": sampling.width,
        "height": sampling.height,
        "sampler": sampling.sampler,
        "scheduler": sampling.scheduler,
        "distilled_cfg": sampling.distilled_cfg,
    }


def family_problem(card: LoraCard, checkpoint: Checkpoint | None) -> str:
    """Return why a LoRA does not work on the checkpoint; empty when nothing speaks against it."""
    if checkpoint is None:
        return ""
    families = {card.family, checkpoint.family}
    if ModelFamily.UNKNOWN in families or len(families) == 1:
        return ""
    return say(
        "This LoRA was made for {family}, and {checkpoint} is {other}: it would do nothing, "
        "or harm.",
        family=card.family.value,
        checkpoint=checkpoint.title,
        other=checkpoint.family.value,
    )


class _Form:
    """Fields as they are read, and what is wrong with them."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.errors: dict[str, str] = {}

    def read(self, field: str, work: Callable[[], _T]) -> _T | None:
        try:
            return work()
        except ValueError as problem:
            self.errors[field] = as_whole(said_by(problem))
            return None


def _check_card(form: _Form, card: LoraCard, checkpoint: Checkpoint | None, part: LoraPart) -> None:
    problem = family_problem(card, checkpoint)
    if problem:
        form.errors["lora"] = problem
    if card.parts is None:
        return
    if part is LoraPart.TEXT_ENCODER and not card.parts.text_encoder:
        form.errors["part"] = "This LoRA does not change the text encoder."
    if part is LoraPart.UNET and not card.parts.unet:
        form.errors["part"] = "This LoRA changes the text encoder only."


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("lora")
    if not isinstance(name, str) or not name or len(name) > MAX_NAME:
        raise ValueError("choose a LoRA")
    return name


def _part(body: Mapping[str, Any]) -> LoraPart:
    try:
        return LoraPart(body.get("part") or "both")
    except ValueError as problem:
        raise ValueError("choose both parts, the unet or the text encoder") from problem


def _weights(body: Mapping[str, Any], kind: object) -> tuple[float, ...]:
    text = body.get("weights")
    if not isinstance(text, str) or len(text) > MAX_LIST:
        raise WeightListError("write weights, for example: -1 - 1 [9]")
    weights = parse_weights(text)
    if not any(weights):
        raise WeightListError("give at least one weight besides 0")
    if kind == "compare" and len([weight for weight in weights if weight]) > 1:
        raise WeightListError("an A/B picture compares one weight with 0")
    return weights


def _prompts(body: Mapping[str, Any]) -> tuple[ScanPrompt, ...]:
    given = body.get("prompts")
    if not isinstance(given, list) or len(given) > MAX_PROMPTS:
        raise ValueError(say("give 1 to {count} prompts", count=MAX_PROMPTS))
    prompts = []
    for item in given:
        text = item.get("text") if isinstance(item, Mapping) else None
        if not isinstance(text, str) or len(text) > MAX_PROMPT:
            raise ValueError(
                say("a prompt is a text of at most {count} characters", count=MAX_PROMPT)
            )
        if "<lora:" in text.lower():
            raise ValueError("take the <lora:…> out: the scan loads the LoRA by itself")
        if text.strip():
            prompts.append(ScanPrompt(text.strip(), item.get("subject") is not False))
    if not prompts:
        raise ValueError("give at least one prompt")
    if len({prompt.text for prompt in prompts}) < len(prompts):
        raise ValueError("the same prompt stands twice; use more seeds for more pictures of it")
    return tuple(prompts)


def _seeds(text: object) -> tuple[int, ...]:
    if not isinstance(text, str) or len(text) > MAX_LIST:
        raise ValueError("write seeds, for example: 1, 2, 3")
    seeds: list[int] = []
    for part in (part.strip() for part in text.split(",")):
        span = _SEED_RANGE.fullmatch(part)
        if span:
            first, last = int(span[1]), int(span[2])
            if not first <= last < first + MAX_SEEDS:
                raise ValueError(
                    say(
                        "{part} is no range of at most {count} seeds",
                        part=repr(part),
                        count=MAX_SEEDS,
                    )
                )
            seeds.extend(range(first, last + 1))
        elif _SEED.fullmatch(part):
            seeds.append(int(part))
        elif part:
            raise ValueError(
                say("{part} is no seed; a scan needs fixed ones, 0 or more", part=repr(part[:40]))
            )
    if not seeds:
        raise ValueError("give at least one seed")
    if max(seeds) > MAX_SEED:
        raise ValueError(say("seeds end at {most}", most=MAX_SEED))
    if len(dict.fromkeys(seeds)) > MAX_SEEDS:
        raise ValueError(say("give at most {count} seeds", count=MAX_SEEDS))
    return tuple(dict.fromkeys(seeds))


def _sampling(form: _Form, host: ScanTabHost) -> Sampling:
    offered, body = host.form(), form.body
    usual = offered.sampling

    def number(key: str, low: float, high: float, default: float) -> float:
        found = form.read(key, lambda: _number(body, key, low, high, default))
        return default if found is None else found

    sampling = replace(
        usual,
        cfg=number("cfg", 1, 100, usual.cfg),
        steps=int(number("steps", 1, 150, usual.steps)),
        width=int(number("width", 64, 4096, usual.width)) // 8 * 8,
        height=int(number("height", 64, 4096, usual.height)) // 8 * 8,
    )
    if usual.distilled_cfg is not None:
        distilled = number("distilled_cfg", 0, 100, usual.distilled_cfg)
        sampling = replace(sampling, distilled_cfg=distilled)
    named = {"sampler": usual.sampler, "scheduler": usual.scheduler}
    for key, names in (("sampler", offered.samplers), ("scheduler", offered.schedulers)):
        chosen = body.get(key) or getattr(usual, key)
        if chosen and names and chosen not in names:
            form.errors[key] = "This host has none of this name."
        elif isinstance(chosen, str):
            named[key] = chosen
    return replace(sampling, sampler=named["sampler"], scheduler=named["scheduler"])


def _number(body: Mapping[str, Any], key: str, low: float, high: float, default: float) -> float:
    value = body.get(key)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(
            say(
                "must be a number from {low} to {high}",
                low=format(low, "g"),
                high=format(high, "g"),
            )
        )
    return value if math.isfinite(value) else default


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key) or ""
    if not isinstance(value, str) or len(value) > MAX_PROMPT:
        raise ValueError(f"must be a text of at most {MAX_PROMPT} characters")
    return value.strip()
