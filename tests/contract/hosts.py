"""The hosts as the contract sees them: a case goes in, what would be generated comes out."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import pytest

from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Finding, GenerationRequest, GuardSettings, PromptSet, plan
from lib_lora_neg.policy.infotext import KEYS
from tests.contract.cases import Case, cards
from tests.hosts import standins


@dataclass(frozen=True)
class Outcome:
    """What a host would generate, and says about it.

    Attributes:
        texts: prompt, negative prompt and CFG scale.
        findings: rule, effect, field, LoRA, before, after of each.
        keys: the guard's keys in the infotext; ``None`` where there is none.
    """

    texts: tuple[str, str, float]
    findings: tuple[tuple[object, ...], ...]
    keys: Mapping[str, str] | None = None


def said(findings: tuple[Finding, ...]) -> tuple[tuple[object, ...], ...]:
    """Return what of findings must be the same everywhere."""
    return tuple(
        (f.rule, f.effect.value, f.field.value, f.lora, f.before, f.after, f.reason)
        for f in findings
    )


def planner(case: Case, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """The policy alone, without a host."""
    del monkeypatch
    asked = PromptSet((case.prompt,), (case.negative,), case.cfg)
    request = GenerationRequest(asked, family=case.family)
    made = plan(request, cards(case.family), GuardSettings(mode=case.mode))
    texts = (made.first.prompts[0], made.first.negative_prompts[0], made.first.cfg_scale or 0.0)
    return Outcome(texts, said(made.findings))


def webui(case: Case, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """The WebUI's callbacks, in the host's order, on stand-ins of its modules."""
    standins.install(monkeypatch)
    from lib_lora_neg.hosts.webui.guard import Guard

    flag = {ModelFamily.SD1: "is_sd1", ModelFamily.SDXL: "is_sdxl"}[case.family]
    p = standins.Processing(cfg_scale=case.cfg, sd_model=types.SimpleNamespace(**{flag: True}))
    guard = Guard()
    guard.cards = _Cards(case.family)
    guard.before_process(p, True, case.mode.value, "txt2img")
    p.setup([case.prompt], [case.negative])
    p.batch(0)
    guard.before_process_batch(p, 0)
    texts = (p.prompts[0], p.negative_prompts[0], p.cfg_scale)
    assert (p.all_prompts, p.all_negative_prompts) == (p.prompts, p.negative_prompts)
    guard.postprocess(p)
    report = guard.generations.last.get("txt2img")
    keys = {key: p.extra_generation_params[key] for key in KEYS if key in p.extra_generation_params}
    return Outcome(texts, said(report.findings) if report else (), keys)


def diffusers(case: Case, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """The diffusers host, up to the engine that would make the pictures."""
    del monkeypatch
    guard = pytest.importorskip(
        "lib_lora_neg.hosts.diffusers.guard", reason="needs torch", exc_type=ImportError
    )
    from lib_lora_neg.hosts.diffusers import GenerationJob

    engine = StandinEngine(case.family)
    job = GenerationJob(
        prompt=case.prompt, negative_prompt=case.negative, cfg_scale=case.cfg, seed=1
    )
    made = guard.make_guarded(engine, GuardSettings(mode=case.mode), job)
    told = parse_infotext(made.pictures[0].infotext)
    first = engine.made[0]
    assert (told.prompt, told.negative_prompt) == (first.prompt, first.negative_prompt)
    assert told.cfg_scale == first.cfg
    keys = {key: told.parameters[key] for key in KEYS if key in told.parameters}
    texts = (first.prompt, first.negative_prompt, first.cfg)
    return Outcome(texts, said(made.report.findings), keys)


def comfy(case: Case, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """ComfyUI's node for prompts, up to the folders and settings that ComfyUI would give it."""
    from lib_lora_neg.hosts.comfy import node_base, place
    from lib_lora_neg.hosts.comfy.node_prompts import GuardPrompts
    from lib_lora_neg.hosts.comfy.order import TagOrder
    from lib_lora_neg.hosts.comfy.planning import NodeResult

    made: list[NodeResult] = []

    def kept(*arguments: Any) -> NodeResult:
        made.append(real(*arguments))
        return made[-1]

    real = node_base.guarded_or_as_asked
    monkeypatch.setattr(node_base, "guarded_or_as_asked", kept)
    monkeypatch.setattr(place, "loras", lambda: _Cards(case.family))
    monkeypatch.setattr(place, "embeddings", frozenset)
    monkeypatch.setattr(place, "kept_settings", dict)
    answer = GuardPrompts().run(
        case.prompt,
        case.negative,
        case.cfg,
        family=case.family.value,
        tag_order=TagOrder.TEXT_ENCODER_FIRST.value,
        mode=case.mode.value,
    )
    prompt, negative, cfg, report = answer["result"]
    assert not made[0].failure
    assert all(finding.reason in report for finding in made[0].findings)
    return Outcome((prompt, negative, cfg), said(made[0].findings))


HOSTS: dict[str, Callable[[Case, pytest.MonkeyPatch], Outcome]] = {
    "planner": planner,
    "webui": webui,
    "diffusers": diffusers,
    "comfy": comfy,
}


class _Cards:
    def __init__(self, family: ModelFamily) -> None:
        self._cards = cards(family)

    def get(self, name: str, /) -> Any:
        return self._cards.get(name)

    def look(self) -> None:
        pass


class StandinEngine:
    """As the diffusers host's engine, which remembers instead of sampling."""

    def __init__(self, family: ModelFamily) -> None:
        self.family = family
        self.name = "standin"
        self.distilled = False
        self.lock = nullcontext()
        self.networks = types.SimpleNamespace(check=lambda wanted: (list(wanted), []))
        self.hashes = types.SimpleNamespace(of_lora=lambda card: "")
        self.made: list[Any] = []
        self._cards = cards(family)

    def get(self, name: str, /) -> Any:
        return self._cards.get(name)

    def digest(self) -> str:
        return ""

    def completed(self, job: Any, seed: int) -> Any:
        return replace(job, seed=seed, width=64, height=64, sampler="Euler")

    def steps_of(self, job: Any) -> int:
        return int(job.steps)

    def make(self, job: Any, requests: Any, first: Any, *_: object) -> list[Any]:
        import torch
        from PIL import Image

        self.made.append(first)
        image = Image.new("RGB", (8, 8))
        return [types.SimpleNamespace(image=image, latent=torch.zeros(4, 1, 1)) for _ in requests]
