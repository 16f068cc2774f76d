"""Guarding what was guarded changes nothing, whatever the settings, the cards and the prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    Effect,
    Field,
    GenerationRequest,
    GuardSettings,
    InjectedLora,
    Mode,
    NegativeTag,
    PromptSet,
    plan,
)
from lib_lora_neg.policy.matrix import DEFAULT_FLOORS
from lib_lora_neg.prompts import apply_edits
from tests.support.cards import card

NAMES = ("a", "b b", "c_c", "d{2}", "hu tao", "wrong")
PHRASES = (
    "hu tao",
    "hu tao (genshin impact)",
    "red dress",
    "dress",
    "wrong",
    "trig_a",
    "jeanne d'arc",
    "hat",
    "a hat",
    "easynegative",
    "ink wash, koi",
    "猫",
)
WEIGHTS = (
    "-0.9", "-2.5", "0.5", "1", "0", "-0", "-inf", "nan", "x", "-0,9", "1e308", "1:-0.9", "2.5",
    "-0.9:0.5", "te=0.9:unet=-0.9", "0@0,-1@1", "[1@0,-1@0.5]", "-0.0001", ".4:-.2",
)  # fmt: skip
GUARDS = ("", "", "", ":guard=off", ":guard=-R3", ":guard=-R1-R5", ":guard=-R2-R9", ":lbw=A")
BRANCHES = (
    "", "", "", "", ":neg=0", ":neg=0.8", ":neg=-1", ":neg=1:negte=0", ":negte=-2.5", ":neg=x",
    ":neg=nan", ":neg=-inf", ":neg=1e308", ": NEG =0.3",
)  # fmt: skip
FAMILIES = ("sdxl", "sd1", "flux", "flux2", "wan")
MARKS = (
    ", ", ", ", ", ", ",", " ", " ", "\n", "(", ")", ":1.2)", ":-1)", "[", "]", "|", ":0.5]",
    " AND ", " BREAK ", r"\,", r"\(", r"\)", "“", "”", "’", "embedding:", "emb: ", "_", "#", "{",
    "}", "$", "__", ". ", " without a ", " without ", "no ", ", no ", " and without ", " or ",
    " and ", "with no ", "not wearing a ", " genshin impact", "(genshin impact)", "<", ">",
    "lowres", "red ", " on a table",
)  # fmt: skip


def _tags() -> st.SearchStrategy[str]:
    return st.builds(
        "<{}:{}:{}{}{}>".format,
        st.sampled_from(("lora", "lora", "lora", "lyco", "LORA")),
        st.sampled_from((*NAMES, "unknown")),
        st.sampled_from(WEIGHTS),
        st.sampled_from(GUARDS),
        st.sampled_from(BRANCHES),
    )


def _texts() -> st.SearchStrategy[str]:
    piece = st.one_of(
        st.sampled_from(PHRASES), st.sampled_from(MARKS), st.sampled_from(MARKS), _tags()
    )
    return st.lists(piece, max_size=14).map("".join)


def _cards() -> st.SearchStrategy[LoraCard]:
    floors = st.sampled_from((None, 0.0, -0.2, -1.5, 0.4))
    ranges = st.builds(WeightRange, floors, source=st.sampled_from(list(RangeSource)))
    return st.builds(
        lambda kind, confidence, phrases, shares, negative, **facts: replace(
            card("x", kind, confidence=confidence, shares=shares, negative_text=negative),
            triggers=tuple(Trigger(text, "test", sure) for text, sure in phrases),
            **facts,
        ),
        st.sampled_from(list(LoraType)),
        st.sampled_from((0.0, 0.69, 0.7, 0.85, 1.0)),
        st.lists(
            st.tuples(st.sampled_from(PHRASES), st.sampled_from((0.5, 0.6, 0.95))), max_size=3
        ),
        st.one_of(
            st.none(),
            st.dictionaries(st.sampled_from(PHRASES), st.sampled_from((0.7, 0.9, 1.0)), max_size=3),
        ),
        st.sampled_from(("", "", "lowres, red dress", "(hat:1.2), hu tao \\(x\\)", "a, a")),
        family=st.sampled_from((ModelFamily.UNKNOWN, ModelFamily.SDXL, ModelFamily.FLUX)),
        data_width=st.sampled_from(list(DataWidth)),
        preferred_weight=st.sampled_from((None, 0.5, 2.0)),
        ranges=st.lists(ranges, max_size=2).map(tuple),
        parts=st.sampled_from((None, LoraParts(True, True), LoraParts(False, True))),
        guard_off=st.sampled_from((False, False, False, True)),
    )


def _libraries() -> st.SearchStrategy[dict[str, LoraCard]]:
    return st.fixed_dictionaries(
        {name: _cards().map(lambda made, name=name: _named(made, name)) for name in NAMES}
    )


def _named(made: LoraCard, name: str) -> LoraCard:
    return replace(made, name=name, path=f"{name}.safetensors", alias=name)


def _settings() -> st.SearchStrategy[GuardSettings]:
    return st.builds(
        GuardSettings,
        mode=st.just(Mode.ENFORCE),
        rules=st.fixed_dictionaries(
            {rule: st.sampled_from(list(Mode)) for rule in DEFAULT_RULE_MODES}
        ),
        cfg_ceiling=st.sampled_from((4.0, 5.5, 6.0)),
        budget=st.sampled_from((0.5, 2.5)),
        budget_relative=st.booleans(),
        text_encoder=st.sampled_from((0.4, 0.5, 0.6)),
        negative_tag=st.sampled_from(list(NegativeTag)),
        full_stops=st.booleans(),
        floors=st.dictionaries(
            st.sampled_from(sorted(DEFAULT_FLOORS)), st.sampled_from((0.0, -0.15, -3.0)), max_size=3
        ),
    )


def _requests() -> st.SearchStrategy[GenerationRequest]:
    def passes(cfg: st.SearchStrategy[float | None]) -> st.SearchStrategy[PromptSet]:
        return st.integers(1, 2).flatmap(
            lambda n: st.builds(
                PromptSet,
                st.lists(_texts(), min_size=n, max_size=n).map(tuple),
                st.lists(_texts(), min_size=n, max_size=n).map(tuple),
                cfg,
            )
        )

    numbers = st.sampled_from((1.0, 5.0, 6.0, 7.5, 30.0))
    return st.builds(
        GenerationRequest,
        first=passes(numbers),
        hires=st.one_of(st.none(), passes(st.one_of(st.none(), numbers))),
        family=st.sampled_from(
            (
                ModelFamily.SDXL,
                ModelFamily.SD1,
                ModelFamily.FLUX,
                ModelFamily.FLUX2,
                ModelFamily.WAN,
            )
        ),
        distilled_guidance=st.booleans(),
        embeddings=st.sampled_from((frozenset(), frozenset({"EasyNegative", "hu tao"}))),
        injected=st.sampled_from(((), (InjectedLora("a", -0.9),))),
        cfg_tools=st.sampled_from(((), ("MaHiRo",))),
        prompt_tools=st.sampled_from((frozenset(), frozenset({"lora-block-weight", "negpip"}))),
        emphasis=st.booleans(),
        unknown_lora_drops_all=st.booleans(),
        bad_weight_drops_all=st.booleans(),
        weight_schedules=st.sampled_from((None, True, False)),
    )


def _one(prompt: str, negative: str) -> GenerationRequest:
    return GenerationRequest(PromptSet((prompt,), (negative,), 7.0), family=ModelFamily.SDXL)


ENFORCED = dict.fromkeys(DEFAULT_RULE_MODES, Mode.ENFORCE)
STYLE = {"a": card("a", "style", triggers=("red dress",), shares={"koi": 0.95})}
POSITIVE = {"a": replace(STYLE["a"], ranges=(WeightRange(0.4, source=RangeSource.MEASURED),))}


@settings(max_examples=120, deadline=None)
@given(_requests(), _libraries(), _settings())
@example(_one("", "<lora:a:0.4>, <lora:a:0.8>"), STYLE, GuardSettings())
@example(_one("<lora:a:-0.9>, <lora:a:-0.9:neg=-1>", ""), POSITIVE, GuardSettings())
@example(_one("<lora:a:1>", "red red dress dress, x"), STYLE, GuardSettings())
@example(_one("<lora:a:1> without a red dress", "x"), STYLE, GuardSettings(rules=ENFORCED))
@example(_one("<lora:a:1> a man without koi and without a hat", "x"), STYLE,
         GuardSettings(rules=ENFORCED))  # fmt: skip
def test_guarding_the_guarded_changes_nothing(
    request: GenerationRequest, cards: dict[str, LoraCard], chosen: GuardSettings
) -> None:
    result = plan(request, cards, chosen)
    again = plan(replace(request, first=result.first, hires=result.hires), cards, chosen)
    assert not again.changed, (result.first, again.first, result.hires, again.hires)
    _check_edits(request, result)
    if not any(finding.effect is Effect.ENFORCED for finding in result.findings):
        assert result.first is request.first
        assert result.hires is request.hires
    advised = plan(request, cards, replace(chosen, mode=Mode.ADVISE))
    assert advised.first is request.first


def _check_edits(request: GenerationRequest, result: object) -> None:
    """The edits are those that make the guarded texts of the asked ones."""
    fields = {
        Field.PROMPT: (request.first, result.first, "prompts"),
        Field.NEGATIVE: (request.first, result.first, "negative_prompts"),
        Field.HR_PROMPT: (request.hires, result.hires, "prompts"),
        Field.HR_NEGATIVE: (request.hires, result.hires, "negative_prompts"),
    }
    for field, (before, after, name) in fields.items():
        if before is None:
            continue
        for index, text in enumerate(getattr(before, name)):
            edits = [e.edit for e in result.edits if (e.field, e.index) == (field, index)]
            assert apply_edits(text, edits) == getattr(after, name)[index]


@pytest.mark.parametrize("rules", [{}, ENFORCED])
@pytest.mark.parametrize("choice", list(NegativeTag))
@pytest.mark.parametrize(
    "negative",
    [
        "<lora:a:0.4>, <lora:a:0.8>, x",
        "<lora:a:0.4> <lora:a:0.4:lbw=A>",
        "<lora:a:-0.4><lora:unknown:1><lora:a:1>",
    ],
)
def test_two_tags_of_one_lora_in_the_negative(
    negative: str, choice: NegativeTag, rules: dict[str, Mode]
) -> None:
    chosen = GuardSettings(rules=rules, negative_tag=choice)
    request = _one("x", negative)
    result = plan(request, STYLE, chosen)
    again = plan(replace(request, first=result.first), STYLE, chosen)
    assert not again.changed
    moved = choice in (NegativeTag.MOVE, NegativeTag.BRANCH)
    assert result.first.prompts[0].count("<lora:a") == moved
