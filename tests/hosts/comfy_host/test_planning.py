"""LoRAs beside the texts are guarded as if their tags stood in the prompt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_lora_neg.hosts.comfy import planning
from lib_lora_neg.hosts.comfy.order import TagOrder
from lib_lora_neg.hosts.comfy.planning import (
    LoadedLora,
    NodeRequest,
    NodeResult,
    guarded,
    guarded_or_as_asked,
)
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Effect, GuardSettings, Mode, PromptSet, plan
from lib_lora_neg.policy.model import GenerationRequest
from tests.support.cards import SyntheticCards, card

CARDS = {
    "style": card("style", "style", triggers=("inkwash",), family=ModelFamily.SD1),
    "concept": card("concept", "concept", family=ModelFamily.SD1),
    "person": card("person", "character", family=ModelFamily.SD1),
    "folder/style.safetensors": card("style", "style", triggers=("inkwash",)),
    "other/style.safetensors": replace(card("style", "concept"), path="other/style.safetensors"),
    "a:b|c": card("a:b|c", "style"),
}


def made(*loaded: LoadedLora, settings: GuardSettings | None = None, **more: object) -> NodeResult:
    asked = NodeRequest(loaded=loaded, family=ModelFamily.SD1, **more)  # type: ignore[arg-type]
    return guarded(asked, CARDS, settings or GuardSettings())


def strengths(result: NodeResult) -> list[tuple[float, float]]:
    return [(lora.model, lora.clip) for lora in result.loaded]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([LoadedLora("style", -0.9, -0.9)], [(-0.5, -0.5)]),
        ([LoadedLora("style", -0.5, -0.5)], [(-0.5, -0.5)]),
        ([LoadedLora("style", -0.51, 0.5)], [(-0.5, 0.5)]),
        ([LoadedLora("style", 0.0, -0.9)], [(0.0, -0.5)]),
        ([LoadedLora("person", -0.1, -0.1)], [(0.0, 0.0)]),
        ([LoadedLora("person", 0.9, 0.9)], [(0.9, 0.9)]),
        ([LoadedLora("unheard of", -3, -3)], [(-3, -3)]),
        ([LoadedLora("person", -1, -1), LoadedLora("style", -1, -1)], [(0.0, 0.0), (-0.5, -0.5)]),
        # The same LoRA twice is one LoRA: the sum stands at the first.
        ([LoadedLora("style", 0.4, 0.4), LoadedLora("style", 0.2, 0.2)], [(0.6, 0.6), (0.0, 0.0)]),
        ([LoadedLora("a:b|c", -0.9, -0.9)], [(-0.5, -0.5)]),
    ],
)
def test_strengths_are_held_in_range(
    given_: list[LoadedLora], expected: list[tuple[float, float]]
) -> None:
    assert strengths(made(*given_)) == expected


def test_files_of_one_stem_in_two_folders_are_two_loras() -> None:
    both = [
        LoadedLora("folder/style.safetensors", -1, -1),
        LoadedLora("other/style.safetensors", -1, -1),
    ]
    result = made(*both)
    assert strengths(result) == [(-0.5, -0.5), (-0.3, -0.3)]
    assert [finding.lora for finding in result.findings] == ["style", "other/style.safetensors"]


def test_trigger_words_and_cfg_follow_the_loaded_loras() -> None:
    positive = made(LoadedLora("style", 0.8, 0.8), negative_prompt="blurry, inkwash, ugly")
    assert positive.negative_prompt == "blurry, ugly"
    lowered = made(LoadedLora("style", -0.5, -0.5), cfg_scale=9.0)
    assert lowered.cfg_scale == 6
    # Only a negative strength on the model burns.
    assert made(LoadedLora("style", 0.0, -0.5), cfg_scale=9.0).cfg_scale == 9


def test_what_is_not_touched_stays_the_same_object() -> None:
    prompt, negative = "a (cat:1.2), [x|y] <lora:concept:0.4:0.6>", "blurry, ugly"
    result = made(LoadedLora("style", 0.3, 0.3), prompt=prompt, negative_prompt=negative)
    assert result.prompt is prompt
    assert result.negative_prompt is negative
    assert result.loaded[0] == LoadedLora("style", 0.3, 0.3)


class TestHeld:
    def test_its_weight_is_advised_on_and_stays(self) -> None:
        result = made(LoadedLora("style", -0.9, -0.9, held=True), cfg_scale=9.0)
        assert strengths(result) == [(-0.9, -0.9)]
        (range_,) = [f for f in result.findings if f.rule == "R1"]
        assert (range_.effect, range_.before, range_.after) == (
            Effect.ADVISED,
            "<lora:style:-0.9>",
            "<lora:style:-0.5>",
        )

    def test_cfg_is_lowered_for_the_weight_that_it_has(self) -> None:
        held = made(LoadedLora("person", -0.9, -0.9, held=True), cfg_scale=9.0)
        assert held.cfg_scale == 6
        # Were it this node's to load, it would be taken out, and CFG stay.
        assert made(LoadedLora("person", -0.9, -0.9), cfg_scale=9.0).cfg_scale == 9

    def test_its_trigger_words_go(self) -> None:
        result = made(LoadedLora("style", 1, 1, held=True), negative_prompt="inkwash, blurry")
        assert result.negative_prompt == "blurry"

    def test_nothing_of_it_is_written_into_the_prompt(self) -> None:
        result = made(
            LoadedLora("style", -1, -1, held=True),
            prompt="a cat",
            negative_prompt="<lora:concept:1>",
        )
        assert result.prompt == "a cat <lora:concept:-0.3>"
        assert "guard" not in "".join(f.before + f.after for f in result.findings)


class TestOrder:
    TEXT = "a cat <lora:style:-0.9:0.5>"

    def test_the_model_comes_first(self) -> None:
        result = made(prompt=self.TEXT)
        assert result.prompt == "a cat <lora:style:-0.5:0.5>"
        assert result.findings[0].before == "<lora:style:-0.9:0.5>"
        assert result.findings[0].after == "<lora:style:-0.5:0.5>"

    def test_or_the_text_encoder(self) -> None:
        result = made(prompt=self.TEXT, order=TagOrder.TEXT_ENCODER_FIRST)
        assert result.prompt == "a cat <lora:style:-0.5:0.5>"
        # There the −0.9 is the text encoder's, and no negative weight burns.
        cfg = made(prompt=self.TEXT, cfg_scale=9.0, order=TagOrder.TEXT_ENCODER_FIRST).cfg_scale
        assert (cfg, made(prompt=self.TEXT, cfg_scale=9.0).cfg_scale) == (9, 6)


def test_modes() -> None:
    advised = made(LoadedLora("style", -0.9, -0.9), settings=GuardSettings(mode=Mode.ADVISE))
    assert strengths(advised) == [(-0.9, -0.9)]
    assert [f.effect for f in advised.findings] == [Effect.ADVISED]
    off = made(LoadedLora("style", -0.9, -0.9), settings=GuardSettings(mode=Mode.OFF))
    assert (strengths(off), off.findings) == ([(-0.9, -0.9)], ())


def test_a_guard_that_fails_gives_on_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(planning, "plan", broken)
    asked = NodeRequest("a", "b", 9.0, loaded=(LoadedLora("style", -0.9, -0.9),))
    result = guarded_or_as_asked(asked, CARDS, GuardSettings())
    assert (result.prompt, result.negative_prompt, result.cfg_scale) == ("a", "b", 9.0)
    assert result.loaded == asked.loaded
    assert result.failure == "ZeroDivisionError: a fault"


NUMBERS = st.floats(-3, 3).map(lambda number: round(number, 2))
TEXTS = st.text(alphabet="ab (),:[]|<>\n", max_size=30)


@given(
    st.lists(st.tuples(st.sampled_from(["x", "y y", "z"]), NUMBERS, NUMBERS), max_size=4),
    TEXTS,
    TEXTS,
)
def test_the_planner_sees_a_lora_beside_the_prompt_as_one_in_it(
    loras: list[tuple[str, float, float]], prompt: str, negative: str
) -> None:
    cards = SyntheticCards()
    loaded = tuple(LoadedLora(*lora) for lora in loras)
    asked = NodeRequest(
        prompt, negative, 9.0, ModelFamily.SD1, order=TagOrder.TEXT_ENCODER_FIRST, loaded=loaded
    )
    result = guarded(asked, cards, GuardSettings())
    tags = "".join(lora.tag(lora.name) + "\n" for lora in loaded)
    request = GenerationRequest(
        PromptSet((tags + prompt,), (negative,), 9.0),
        family=ModelFamily.SD1,
        bad_weight_drops_all=False,
    )
    planned = plan(request, cards)
    assert result.negative_prompt == planned.first.negative_prompts[0]
    assert result.cfg_scale == planned.first.cfg_scale
    assert result.findings == planned.findings
    # Guarding it again changes nothing.
    kept = tuple(lora for lora in result.loaded if lora.active)
    again = guarded(
        NodeRequest(
            result.prompt,
            result.negative_prompt,
            result.cfg_scale,
            ModelFamily.SD1,
            order=TagOrder.TEXT_ENCODER_FIRST,
            loaded=kept,
        ),
        cards,
        GuardSettings(),
    )
    assert (again.negative_prompt, again.cfg_scale) == (result.negative_prompt, result.cfg_scale)
    assert again.loaded == kept


def test_a_saved_mask_goes_with_the_lora_that_is_loaded() -> None:
    ink = replace(card("ink", "style"), block_mask="-OUT3")
    asked = NodeRequest(
        cfg_scale=5.0, family=ModelFamily.SDXL, loaded=(LoadedLora("ink", 0.8, 0.8),)
    )
    (lora,) = guarded(asked, {"ink": ink}, GuardSettings()).loaded
    assert lora == LoadedLora("ink", 0.8, 0.8, blocks="-OUT3")
