"""Random requests, cards and settings, and what the edits of a plan must explain."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from lib_lora_neg.loras.card import (
    DataWidth,
    LoraCard,
    LoraParts,
    LoraType,
    RangeSource,
    Trigger,
    WeightRange,
)
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import (
    DEFAULT_RULE_MODES,
    Field,
    GenerationRequest,
    GuardPlan,
    GuardSettings,
    InjectedLora,
    Mode,
    NegativeTag,
    PromptSet,
    plan,
)
from lib_lora_neg.prompts import apply_edits
from tests.support.cards import card

NAMES = ("a", "b b", "c_c", "d{2}", "hu tao", "wrong", "é")
PHRASES = (
    "hu tao",
    "hu tao (genshin impact)",
    "hu_tao_\\(genshin_impact\\)",
    "red dress",
    "dress",
    "wrong",
    "trig_a",
    "jeanne d'arc",
    "a hat",
    "hat",
    "easynegative",
    "ink wash, koi",
    "猫",
    "bad hands",
    "b",
)
MARKS = (
    ", ",
    ", ",
    ", ",
    ",",
    " ",
    " ",
    "\n",
    "(",
    ")",
    ":1.2)",
    ":-1)",
    "[",
    "]",
    "|",
    ":0.5]",
    "::0.2]",
    " AND ",
    " BREAK ",
    r"\,",
    r"\(",
    r"\)",
    "“",
    "”",
    "’",
    "embedding:",
    "emb: ",
    "_",
    "#",
    "{",
    "}",
    "$",
    "__",
    ". ",
    " without a ",
    "no ",
    ", no ",
    " and without ",
    " or ",
    " and ",
    "not wearing a ",
    "(genshin impact)",
    "<",
    ">",
    "<!",
    "!>",
    "lowres",
    "\\",
    ":",
    "，",
    "\u202e",
    "\x00",
    "AND_PERP",
    "<ppp:stn>",
    "<ppp:/stn>",
    "ADDCOMM",
    ":1.2.3)",
    "\r\n",
    "\u3000",
)
WEIGHTS = (
    "-0.9",
    "-2.5",
    "0.5",
    "1",
    "0",
    "-0",
    "-inf",
    "nan",
    "x",
    "-0,9",
    "1e308",
    "1:-0.9",
    "2.5",
    "",
    "-0.9:0.5",
    "te=0.9:unet=-0.9",
    "0@0,-1@1",
    "[1@0,-1@0.5]",
    "-0.0001",
    ".4:-.2",
    "−0.5",
    "1:1:1:1",
)
GUARDS = ("", "", "", ":guard=off", ":guard=-R3", ":guard=-R1-R5", ":guard=-R2-R9", ":lbw=A", "::")
KINDS = ("lora", "lora", "lora", "lyco", "LORA", "hypernet")
FAMILIES = (
    ModelFamily.SDXL,
    ModelFamily.SD1,
    ModelFamily.FLUX,
    ModelFamily.FLUX2,
    ModelFamily.WAN,
    ModelFamily.UNKNOWN,
)
DEFAULTS = GuardSettings()


def one(prompt: str, negative: str) -> GenerationRequest:
    """Return a request for one picture."""
    return GenerationRequest(PromptSet((prompt,), (negative,), 7.0), family=ModelFamily.SDXL)


def text(rng: random.Random) -> str:
    """Return a prompt rich in what the prompt language and the rules read."""
    pieces = []
    for _ in range(rng.choice((0, 2, 6, 12, 12, 30))):
        way = rng.random()
        if way < 0.3:
            pieces.append(rng.choice(PHRASES))
        elif way < 0.8:
            pieces.append(rng.choice(MARKS))
        else:
            parts = (rng.choice(KINDS), rng.choice((*NAMES, "unknown")), rng.choice(WEIGHTS))
            pieces.append(f"<{':'.join(parts)}{rng.choice(GUARDS)}>")
    return "".join(pieces) * rng.choice((1,) * 30 + (20,))


def request(rng: random.Random) -> GenerationRequest:
    """Return a request of one or two pictures, perhaps with a hires pass."""
    numbers = (1.0, 5.0, 6.0, 7.5, 30.0)
    hires = rng.random() < 0.3
    return GenerationRequest(
        first=_pass(rng, rng.choice(numbers)),
        hires=_pass(rng, rng.choice((None, *numbers))) if hires else None,
        family=rng.choice(FAMILIES),
        distilled_guidance=rng.random() < 0.2,
        embeddings=rng.choice((frozenset(), frozenset({"EasyNegative", "hu tao"}))),
        injected=rng.choice(((), (), (InjectedLora("a", -0.9),))),
        cfg_tools=rng.choice(((), ("MaHiRo",))),
        prompt_tools=rng.choice((frozenset(), frozenset({"lora-block-weight", "negpip"}))),
        emphasis=rng.random() < 0.8,
        unknown_lora_drops_all=rng.random() < 0.5,
        bad_weight_drops_all=rng.random() < 0.5,
        weight_schedules=rng.choice((None, True, False)),
        negative_guidance=rng.random() < 0.2,
        distilled=rng.choice((None, True, False)),
    )


def _pass(rng: random.Random, cfg: float | None) -> PromptSet:
    count = rng.choice((1, 1, 2))
    texts = [tuple(text(rng) for _ in range(count)) for _ in range(2)]
    return PromptSet(texts[0], texts[1], cfg)


def cards(rng: random.Random) -> dict[str, LoraCard]:
    """Return a card of any kind for each name."""
    return {name: _card(rng, name) for name in NAMES if rng.random() < 0.9}


def _card(rng: random.Random, name: str) -> LoraCard:
    shares = {rng.choice(PHRASES): rng.choice((0.7, 0.9, 1.0)) for _ in range(rng.randint(1, 3))}
    made = card(
        name,
        rng.choice(list(LoraType)),
        confidence=rng.choice((0.0, 0.69, 0.7, 0.85, 1.0)),
        shares=rng.choice((None, shares)),
        negative_text=rng.choice(
            ("", "", "lowres, red dress", "(hat:1.2), hu tao \\(x\\)", "a, a")
        ),
        family=rng.choice(FAMILIES),
        width=rng.choice(list(DataWidth)),
        parts=rng.choice((None, LoraParts(True, True), LoraParts(False, True))),
        preferred_weight=rng.choice((None, 0.5, 2.0)),
        guard_off=rng.random() < 0.1,
        ranges=tuple(
            WeightRange(
                rng.choice((None, 0.0, -0.2, -1.5, 0.4)), source=rng.choice(list(RangeSource))
            )
            for _ in range(rng.choice((0, 1, 2)))
        ),
    )
    words = rng.sample(PHRASES, rng.randint(0, 3))
    triggers = tuple(Trigger(word, "test", rng.choice((0.5, 0.6, 0.95))) for word in words)
    return replace(made, triggers=triggers)


def settings(rng: random.Random) -> GuardSettings:
    """Return settings that a user can have; half of them the defaults."""
    if rng.random() < 0.4:
        return DEFAULTS
    return GuardSettings(
        mode=rng.choice((Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE, Mode.ADVISE)),
        rules={rule: rng.choice(list(Mode)) for rule in DEFAULT_RULE_MODES},
        cfg_ceiling=rng.choice((4.0, 5.5, 6.0)),
        budget=rng.choice((0.5, 2.5)),
        budget_relative=rng.random() < 0.5,
        text_encoder=rng.choice((0.4, 0.5, 0.6)),
        negative_tag=rng.choice(list(NegativeTag)),
        full_stops=rng.random() < 0.5,
    )


def check_edits(result: GuardPlan) -> None:
    """Make sure that the edits of a plan make its texts of those that were asked for."""
    asked = result.request
    passes = [(asked.first, result.first, Field.PROMPT, Field.NEGATIVE)]
    if asked.hires is not None and result.hires is not None:
        passes.append((asked.hires, result.hires, Field.HR_PROMPT, Field.HR_NEGATIVE))
    for before, after, prompt, negative in passes:
        _check(result, prompt, before.prompts, after.prompts)
        _check(result, negative, before.negative_prompts, after.negative_prompts)


def _check(
    result: GuardPlan, field: Field, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        edits = [e.edit for e in result.edits if (e.field, e.index) == (field, index)]
        assert apply_edits(old, edits) == new, (old, edits, new)


def check_plan(result: GuardPlan, cards: Any, settings: Any) -> str:
    """Make sure that a plan is said, made of its edits and kept when it is guarded again."""
    guarded = replace(result.request, first=result.first, hires=result.hires)
    again = plan(guarded, cards, settings)
    assert not again.changed, "guarding the guarded changes something"
    check_edits(result)
    said = any(finding.effect.value == "enforced" for finding in result.findings)
    assert said or not result.changed, "changed and not said"
    return "changed" if result.changed else "advised" if result.findings else "untouched"
