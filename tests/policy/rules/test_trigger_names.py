"""R2: the same words in the spellings people use, and nothing left over where they go."""

from __future__ import annotations

import gc
import time

import pytest

from lib_lora_neg.loras.card import Trigger
from lib_lora_neg.policy import Effect, GuardPlan
from tests.support.cards import card
from tests.support.growth import assert_grows_linearly
from tests.support.planning import guard


def _stripped(trigger: str, negative: str, **request: object) -> str:
    cards = (card("x", "style", triggers=(trigger,)),)
    return guard("<lora:x:1>", negative, cards=cards, cfg=5, **request).first.negative_prompts[0]


ORIGINS = [
    ("hu tao", r"hu tao \(genshin impact\), lowres", "lowres"),
    ("hu tao", "hu tao (genshin impact), lowres", "lowres"),
    ("hu tao", r"blurry, hu_tao_\(genshin_impact\)", "blurry"),
    ("hu tao", r"(hu tao \(genshin impact\):1.2), lowres", "lowres"),
    ("hu tao", r"ugly hu tao \(genshin impact\) drawing", "ugly drawing"),
    ("hu tao", r"hu tao\(genshin impact\), lowres", "lowres"),
    ("hu tao", r"blurry, Hu Tao \(Genshin Impact\) , lowres", "blurry, lowres"),
    ("hu tao (genshin impact)", "hu tao, lowres", "lowres"),
    (r"hu tao \(genshin impact\)", "hu tao (genshin impact), lowres", "lowres"),
    ("hu_tao_(genshin_impact)", r"hu tao \(genshin impact\), lowres", "lowres"),
    ("hu tao (genshin impact)", "blurry, hu tao (genshin impact:1.3)", "blurry"),
    ("hu tao (genshin impact)", r"ugly hu tao drawing", "ugly drawing"),
    ("hu tao (genshin impact)", r"hu tao \(other game\), lowres", None),
    ("hu tao (genshin impact)", "hu tao (other game), lowres", None),
    ("hu tao (genshin impact)", r"ugly hu tao \(other game\) drawing", None),
    ("hu tao", "hu tao (smile), lowres", "(smile), lowres"),
    ("hu tao", "hu tao (solo:1.3), lowres", "(solo:1.3), lowres"),
    ("hu tao", "hu tao, (smile), lowres", "(smile), lowres"),
    ("hu tao", "hu taoist, shu tao", None),
    ("genshin impact", r"hu tao \(genshin impact\), lowres", "hu tao, lowres"),
    ("genshin", r"hu tao \(genshin impact\), lowres", None),
    ("red (pokemon)", "red, lowres", None),
    ("miku (vocaloid)", "miku, lowres", "lowres"),
    # Escaped twice, as a file of JSON has it.
    ("hu tao", r"hu tao \\(genshin impact\\), lowres", "lowres"),
    ("hu tao (genshin impact)", r"lowres, (hu tao \\(genshin impact\\):1.3)", "lowres"),
    ("hu tao (genshin impact)", r"hu tao \\(other game\\), lowres", None),
    # Wide brackets, as input methods write them, and an underscore escaped as Markdown does.
    ("hu tao", "Hu Tao\uff08Genshin Impact\uff09, lowres", "lowres"),
    ("hu tao (genshin impact)", "hu tao\uff08genshin impact\uff09, lowres", "lowres"),
    ("hu tao (genshin impact)", "hu tao\uff08other game\uff09, lowres", None),
    ("hu tao", "ugly hu tao\uff08genshin impact\uff09 drawing", "ugly drawing"),
    ("hu_tao", r"hu\_tao, lowres", "lowres"),
    ("hu tao", r"ugly hu\_tao drawing", "ugly drawing"),
]
PREFIXES = [
    ("ariavale", "embedding:ariavale, lowres", "lowres"),
    ("ariavale", "lowres, emb: ariavale", "lowres"),
    ("ariavale", "(embedding:ariavale:1.2), lowres", "lowres"),
    ("ariavale", "embedding:people/ariavale.pt, lowres", "lowres"),
    ("ariavale", "EMBEDDING:AriaVale", ""),
    ("ariavale", "bad embedding:ariavale here", "bad here"),
    ("embedding:ariavale", "ariavale, lowres", "lowres"),
    ("ariavale", "embedding:ariavale2, lowres", None),
]
MARKS = [
    ("jeanne d'arc alter", "jeanne d`arc alter, lowres", "lowres"),
    ("hu tao", "lowres, \u200bhu\u00ad tao\u200b", "lowres"),
    # What stood between words, around them or behind them is not left over.
    ("hu tao", "hu tao.", ""),
    ("hu tao", "hu tao?!", ""),
    ("hu tao", "\u2018hu tao\u2019, lowres", "lowres"),
    ("hu tao", "hu tao; lowres", "lowres"),
    ("hu tao", "lowres; hu tao", "lowres"),
    ("hu tao", "lowres/hu tao, blurry", "lowres, blurry"),
    ("hu tao", "hu tao. lowres. blurry", "lowres. blurry"),
    ("hu tao", "lowres. hu tao", "lowres."),
    ("hu tao", "hu tao\uff1blowres", "lowres"),
    ("hu tao", "hu tao\uff1a1.2, lowres", "lowres"),
    ("hu tao", "- hu tao, lowres", "lowres"),
    ("jeanne d'arc alter", "jeanne d’arc alter, lowres", "lowres"),
    ("jeanne d’arc alter", "jeanne d'arc alter, lowres", "lowres"),
    ("jeanne d'arc alter", "ugly Jeanne_d’Arc_alter drawing", "ugly drawing"),
    ("d'arc", "jeanne d'arcs", None),
    ("hu tao", '"hu tao", lowres', "lowres"),
    ("hu tao", "“hu tao”, lowres", "lowres"),
    ("hu tao", "ugly “hu tao” drawing", "ugly drawing"),
    ('"hu tao"', "hu tao, lowres", "lowres"),
    ("hu tao", "hu tao:1.2, lowres", "lowres"),
]
FRAMES = [
    ("ohwx", "ohwx woman, lowres", "lowres"),
    ("ohwx", "lowres, (an ohwx dog:1.2)", "lowres"),
    ("artgreg", "lowres, art by artgreg", "lowres"),
    ("artgreg", "in the style of artgreg, lowres", "lowres"),
    ("artgreg", "ugly artgreg style, lowres", "ugly style, lowres"),
    ("artgreg", "ugly art by artgreg, lowres", "ugly art by, lowres"),
    ("black", "black dog, lowres", None),
    ("hands", "hands of a woman, lowres", "of a woman, lowres"),
]
AND = [
    ("hu tao", "blurry | hu tao", "blurry"),
    ("hu tao", "hu tao | blurry, lowres", "blurry, lowres"),
    ("hu tao", "blurry AND hu tao, lowres", "blurry, lowres"),
    ("hu tao", "hu tao AND blurry", "blurry"),
    ("hu tao", "blurry AND hu tao", "blurry"),
    ("hu tao", "blurry AND hu tao AND lowres", "blurry AND lowres"),
    ("hu tao", "hu tao", ""),
    ("hu tao", r"hu tao\, lowres", "lowres"),
    ("hu tao", r"blurry\, hu tao\, lowres", r"blurry\, lowres"),
]
SPELLINGS = [*ORIGINS, *PREFIXES, *MARKS, *FRAMES, *AND]


@pytest.mark.parametrize(("trigger", "negative", "expected"), SPELLINGS)
def test_spellings(trigger: str, negative: str, expected: str | None) -> None:
    assert _stripped(trigger, negative) == (negative if expected is None else expected)


@pytest.mark.parametrize(
    ("trigger", "negative", "embedding"),
    [
        ("ariavale", "embedding:ariavale, lowres", "AriaVale"),
        ("ariavale", "ariavale", "ariavale"),
        ("ariavale", "embedding:people/ariavale.pt", "ariavale"),
        ("hu tao (genshin impact)", "hu tao, lowres", "hu tao"),
        ("hu tao", r"hu tao \(genshin impact\)", "hu tao"),
        ("hands", "bad-hands-5, lowres", "bad-hands-5"),
        ("hu tao (genshin impact)", r"hu tao \(genshin impact\)", "hu tao"),
        ("d'arc", "jeanne d’arc", "jeanne d'arc"),
    ],
)
def test_names_of_loaded_embeddings_are_never_touched(
    trigger: str, negative: str, embedding: str
) -> None:
    assert _stripped(trigger, negative, embeddings=frozenset({embedding})) == negative


@pytest.mark.parametrize(
    "span",
    [
        "{hu tao|lowres}",
        "__hu tao__",
        "$hutao",
        "# hu tao",
        "{2$$hu tao|b}",
        "${x=hu tao}",
        "$a|hu tao$",
    ],
)
def test_spans_of_other_tools_are_opaque(span: str) -> None:
    negative = f"lowres, {span}"
    assert _stripped("hu tao", negative) == negative


def _said(result: GuardPlan) -> list[tuple[str, str]]:
    return [(finding.rule, finding.before) for finding in result.findings]


def test_a_negative_weight_in_the_prompt_is_a_negative() -> None:
    mine = card("x", "style", triggers=("trig",), shares={"koi": 0.7, "ink": 0.95, "pond": 0.64})
    prompt = "<lora:x:1> (trig:-1), (a koi, koi:-0.5), (ink:-1), (pond:-1), (koi:1.2), trig"
    result = guard(prompt, "", cards=(mine,), cfg=5)
    assert not result.changed
    assert sorted(_said(result)) == [("R2", "trig"), ("R2b", "ink"), ("R6", "koi")]
    assert not guard("<lora:x:0> (trig:-1), (koi:-1)", "", cards=(mine,), cfg=5).findings


@pytest.mark.parametrize(("confidence", "enforced"), [(0.6, True), (0.59, False)])
def test_a_doubtful_trigger_is_only_pointed_at(confidence: float, enforced: bool) -> None:
    from dataclasses import replace

    doubted = replace(card("x", "style"), triggers=(Trigger("ariavale", "test", confidence),))
    result = guard("<lora:x:1>", "ariavale, b", cards=(doubted,), cfg=5)
    (finding,) = result.findings
    assert (finding.rule, finding.effect is Effect.ENFORCED) == ("R2", enforced)


def _cost(count: int) -> float:
    negative = ", ".join(["hu tao", r"hu tao \(genshin impact\)", "a hu tao b", "other"] * count)
    mine = card("x", "style", triggers=("hu tao", "hu tao (genshin impact)"), shares={"other": 0.7})
    least = float("inf")
    # The collector would look through all that earlier tests left behind.
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):
            start = time.process_time()
            guard("<lora:x:1>", negative, cards=(mine,), cfg=5)
            least = min(least, time.process_time() - start)
    finally:
        gc.enable()
    return least


def test_repeated_matches_cost_in_proportion_to_the_length() -> None:
    small, middle, large = (_cost(count) for count in (200, 400, 800))
    assert large < 9 * small, (small, middle, large)  # in proportion 4, by the square 16


def test_repeated_matches_inside_one_term_cost_in_proportion_to_the_length() -> None:
    mine = card("x", "style", triggers=("hu tao",))
    assert_grows_linearly(
        lambda count: lambda: guard("<lora:x:1>", "hu tao " * count, cards=(mine,), cfg=5), 1000
    )
