"""A host that draws instead of sampling: what the page shows of it, without torch.

The picture's colour follows from the guarded prompt and the seed, so that a test can tell a
guarded picture from one made as typed.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from PIL import Image

from lib_lora_neg.hosts.preview import FormValues, PreviewContext
from lib_lora_neg.hosts.reporting import HealthItem, Report
from lib_lora_neg.infotext import Infotext, format_infotext
from lib_lora_neg.loras.card import LoraCard, RangeSource, WeightRange
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.page.generation import TabRequest, make
from lib_lora_neg.policy import (
    Effect,
    Finding,
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    plan,
)
from lib_lora_neg.policy.wording import change_text
from tests.support.cards import card
from tests.support.library import MemoryLibrary

FAIL = "please fail"
"""A prompt with these words cannot be made."""

SD1 = ModelFamily.SD1

FIELDS = {
    "prompt": "a lake <lora:ink:-0.9>",
    "negative_prompt": "blurry",
    "sampler": "Euler",
    "scheduler": "Karras",
    "steps": 2,
    "cfg_scale": 9.0,
    "width": 64,
    "height": 64,
    "batch_count": 1,
    "batch_size": 1,
    "seed": -1,
}
"""Of the page's form."""


def library() -> MemoryLibrary:
    return MemoryLibrary(
        card("ink", "style", triggers=("ink style",), family=SD1),
        card("hero", "character", triggers=("heroname",), family=SD1),
        card("glow", "concept", family=SD1),
        card("spoilt", "dedicated_negative", family=SD1),
        card("wrongish", "trigger_negative", triggers=("wrong",), family=SD1),
        card(
            "age",
            "slider",
            ranges=(WeightRange(-2.0, 2.0, source=RangeSource.SIDECAR),),
            family=SD1,
        ),
        card("mystery", "unknown", confidence=0.0, family=SD1),
    )


@dataclass
class StandinPreview:
    host: StandinHost

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        first, hires = form.passes()
        request = GenerationRequest(first, hires, family=form.family or SD1)
        settings = self.host.settings_for(mode, rules)
        return PreviewContext(form, request, settings, _Cards(self.host.library))

    def token_count(self, text: str) -> tuple[int, int]:
        return len(text.replace(",", " ").split()), 75


@dataclass
class _Cards:
    library: MemoryLibrary

    def get(self, name: str, /) -> LoraCard | None:
        return self.library.known(name)


class StandinHost:
    """What `hosts.diffusers.DiffusersHost` is to the page.

    Args:
        step_seconds: how long a sampling step takes.
    """

    def __init__(self, step_seconds: float = 0.0) -> None:
        self.settings = GuardSettings()
        self.library = library()
        self.preview = StandinPreview(self)
        self.step_seconds = step_seconds
        self.asked: list[dict[str, Any]] = []
        self.closed = False
        self._turn = threading.Lock()

    def settings_for(self, mode: Mode | None, rules: Mapping[str, Mode] | None) -> GuardSettings:
        settings = self.settings if mode is None else replace(self.settings, mode=mode)
        return replace(settings, rules={**settings.rules, **(rules or {})})

    def generate(
        self,
        *,
        mode: Mode | None = None,
        rules: Mapping[str, Mode] | None = None,
        cancel: Any = None,
        on_step: Callable[[Any], None] | None = None,
        **fields: Any,
    ) -> Any:
        with self._turn:
            self.asked.append({"mode": mode, "rules": dict(rules or {}), **fields})
            if FAIL in fields["prompt"]:
                raise RuntimeError("the picture cannot be made: it was asked to fail")
            return self._made(fields, self.settings_for(mode, rules), cancel, on_step)

    def _made(self, fields: dict[str, Any], settings: GuardSettings, cancel: Any, tell: Any) -> Any:
        prompts = PromptSet((fields["prompt"],), (fields["negative_prompt"],), fields["cfg_scale"])
        request = GenerationRequest(prompts, None, family=SD1)
        findings: tuple[Finding, ...] = ()
        if settings.mode is not Mode.OFF:
            planned = plan(request, _Cards(self.library), settings)
            prompts, findings = planned.first, planned.findings
        seed = fields["seed"] if fields["seed"] >= 0 else 4711
        pictures, steps = [], fields["steps"]
        count = fields["batch_count"] * fields["batch_size"]
        interrupted = False
        for number in range(count):
            for step in range(steps):
                time.sleep(self.step_seconds)
                if cancel is not None and cancel.is_set():
                    interrupted = True
                    break
                tell(SimpleNamespace(done=number * steps + step + 1, total=count * steps))
            if interrupted:
                break
            pictures.append(_picture(fields, prompts, seed + number, settings.mode, findings))
        return SimpleNamespace(
            job=SimpleNamespace(seed=seed),
            pictures=pictures,
            report=Report(settings.mode, findings, ()),
            interrupted=interrupted,
            problems=(),
        )

    def samplers(self) -> list[str]:
        return ["Euler a", "Euler", "DPM++ 2M"]

    def schedulers(self) -> list[str]:
        return ["Automatic", "Karras"]

    def health(self) -> list[HealthItem]:
        return [HealthItem("LoRA list", True, f"{len(self.library.names())} known")]

    def close(self) -> None:
        self.closed = True


def _picture(
    fields: dict[str, Any],
    prompts: PromptSet,
    seed: int,
    mode: Mode,
    findings: tuple[Finding, ...],
) -> Any:
    parameters = {
        "Steps": str(fields["steps"]),
        "Sampler": fields["sampler"],
        "Schedule type": fields["scheduler"],
        "CFG scale": f"{prompts.cfg_scale:g}",
        "Seed": str(seed),
        "Size": f"{fields['width']}x{fields['height']}",
    }
    changes = [change_text(found) for found in findings if found.effect is Effect.ENFORCED]
    if changes:
        parameters |= {"LoRA Neg": mode.value, "LoRA Neg changes": "; ".join(changes)}
    text = format_infotext(Infotext(prompts.prompts[0], prompts.negative_prompts[0], parameters))
    kept = zlib.crc32(f"{prompts}{seed}".encode())
    colour = (kept & 255, kept >> 8 & 255, kept >> 16 & 255)
    image = Image.new("RGB", (int(fields["width"]), int(fields["height"])), colour)
    return SimpleNamespace(image=image, seed=seed, infotext=text)


def made(asked: TabRequest, host: StandinHost | None = None) -> Any:
    return make(host or StandinHost(), asked, threading.Event(), lambda progress: None)
