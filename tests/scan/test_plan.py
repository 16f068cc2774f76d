from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lib_lora_neg.loras.card import LoraType
from lib_lora_neg.scan.plan import Cost, LoraPart, PlanError, ScanCell, ScanPlan, from_record
from lib_lora_neg.scan.plan import ScannedLora as Lora
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import LoraSetting, Sampling
from lib_lora_neg.scan.suggestions import GENERAL, SHAPES, scenes_of, suggest_prompts
from tests.support.cards import card


def plan(**fields: Any) -> ScanPlan:
    common: dict[str, Any] = {
        "loras": (Lora("ink", "abc"),),
        "prompts": (Prompt("a cat"), Prompt("a lake", subject=False)),
        "seeds": (3, 4),
        "weights": (-0.5, 0.5),
        "checkpoint": "0123456789",
    }
    return ScanPlan(**{**common, **fields})


def test_zero_is_always_scanned_and_first_then_outwards_negative_before_positive() -> None:
    cells = list(plan(weights=(1, -1, 0.5, -0.5)).cells())
    assert [cell.weight for cell in cells[::4]] == [0, -0.5, 0.5, -1, 1]
    assert cells[:4] == [ScanCell(0, 0, 3), ScanCell(0, 0, 4), ScanCell(0, 1, 3), ScanCell(0, 1, 4)]
    assert len(cells) == len(set(cells)) == 20


def test_cost_is_known_before_starting() -> None:
    assert plan().cost == Cost(pictures=12, evaluations=12 * 40, merges=3)
    assert plan(sampling=Sampling(cfg=1)).cost.evaluations == 12 * 20


@pytest.mark.parametrize(
    ("part", "held", "setting"),
    [
        (LoraPart.BOTH, 0.0, LoraSetting("ink", -0.5, -0.5)),
        (LoraPart.UNET, 0.5, LoraSetting("ink", 0.5, -0.5)),
        (LoraPart.TEXT_ENCODER, 0.0, LoraSetting("ink", -0.5, 0.0)),
    ],
)
def test_the_chosen_part_takes_the_weight(
    part: LoraPart, held: float, setting: LoraSetting
) -> None:
    scan = plan(part=part, held=held)
    assert scan.settings(-0.5) == (setting,)
    assert scan.settings(0) == ()


def test_several_loras_move_together() -> None:
    scan = plan(loras=(Lora("ink"), Lora("wash", factor=-0.6)))
    assert scan.settings(0.5) == (LoraSetting("ink", 0.5, 0.5), LoraSetting("wash", -0.3, -0.3))
    assert scan.name == "ink + wash"
    assert LoraSetting("ink", 0.5, -0.3).tag == "<lora:ink:0.5:-0.3>"


def test_a_mask_goes_with_the_lora_where_it_reaches_the_denoiser() -> None:
    scan = plan(loras=(Lora("ink", "abc", blocks="-OUT3"),))
    assert scan.settings(-0.5) == (LoraSetting("ink", -0.5, -0.5, blocks="-OUT3"),)
    assert scan.settings(-0.5)[0].tag == "<lora:ink:-0.5:blocks=-OUT3>"
    assert scan.masks == "-OUT3"
    words = replace(scan, part=LoraPart.TEXT_ENCODER)
    assert words.settings(-0.5) == (LoraSetting("ink", -0.5, 0.0),)
    both = plan(loras=(Lora("ink", blocks="-OUT3"), Lora("wash")))
    assert both.masks == "ink -OUT3"


def test_a_mask_is_part_of_the_scans_key_and_none_leaves_the_key_as_it_was() -> None:
    plain, masked = plan(), plan(loras=(Lora("ink", "abc", blocks="-OUT3"),))
    assert plain.key() != masked.key()
    assert masked.key() != plan(loras=(Lora("ink", "abc", blocks="-OUT4"),)).key()
    assert "blocks" not in plain.record()["loras"][0]
    assert from_record(json.loads(json.dumps(masked.record()))) == masked


def test_a_batch_shares_one_weight() -> None:
    scan = plan(negative_prompt="blurry")
    batch = scan.batch((ScanCell(-0.5, 1, 4), ScanCell(-0.5, 0, 3)))
    assert [
        (request.prompt, request.negative_prompt, request.seed) for request in batch.requests
    ] == [
        ("a lake", "blurry", 4),
        ("a cat", "blurry", 3),
    ]
    with pytest.raises(ValueError, match="unpack"):
        scan.batch((ScanCell(-0.5, 0, 3), ScanCell(0.5, 0, 3)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"loras": ()}, "choose a LoRA"),
        ({"loras": (Lora("ink", blocks="-X:9>"),)}, "names no blocks"),
        ({"loras": (Lora(""),)}, "choose a LoRA"),
        ({"loras": (Lora("ink"), Lora("ink", "x"))}, "chosen twice"),
        ({"loras": (Lora("ink", factor=0),)}, "factor 0"),
        ({"weights": ()}, "besides 0"),
        ({"weights": (0,)}, "besides 0"),
        ({"weights": (float("nan"),)}, "not within"),
        ({"weights": (50,)}, "not within"),
        ({"prompts": ()}, "at least one prompt"),
        ({"prompts": (Prompt(" "),)}, "no empty ones"),
        ({"prompts": (Prompt("a"), Prompt("a", False))}, "stands twice"),
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (-1,)}, "-1 cannot be used"),
        ({"seeds": (1, 1)}, "seed stands twice"),
        ({"seeds": tuple(range(5000))}, "more than 20000"),
        ({"sampling": Sampling(steps=0)}, "sampling step"),
        ({"sampling": Sampling(cfg=0.5)}, "CFG"),
        ({"sampling": Sampling(width=8)}, "width and height"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_says_why(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError, match=says):
        plan(**fields)


def test_the_hash_changes_with_everything_that_decides_the_pictures() -> None:
    scan = plan()
    others = [
        replace(scan, seeds=(3, 5)),
        replace(scan, weights=(-0.5, 0.6)),
        replace(scan, part=LoraPart.UNET),
        replace(scan, loras=(Lora("ink", "abd"),)),
        replace(scan, sampling=Sampling(cfg=6)),
        replace(scan, checkpoint="1123456789"),
        replace(scan, facts=(("VAE", "x"),)),
    ]
    assert len({scan.digest, *(other.digest for other in others)}) == 8
    assert plan(weights=(0.5, 0, -0.5)).digest == scan.digest
    assert from_record(json.loads(json.dumps(scan.record()))) == scan
    with pytest.raises(PlanError, match="not a plan"):
        from_record({"loras": 3})


def test_suggested_prompts_come_from_the_card_and_from_elsewhere() -> None:
    inky = card(
        "ink",
        LoraType.STYLE,
        triggers=("inkwash",),
        shares={"inkwash": 1.0, "bicycle (old)": 0.9, "pine tree": 0.6, "solo": 0.9, "fox": 0.1},
    )
    prompts = suggest_prompts(inky, subject=2, unrelated=3)
    assert [prompt.text for prompt in prompts if prompt.subject] == [
        r"inkwash, bicycle \(old\), pine tree",
        "inkwash, a quiet landscape with a house and trees",
    ]
    others = [prompt.text for prompt in prompts if not prompt.subject]
    assert len(others) == 3
    assert set(others) <= set(GENERAL.unrelated)
    assert not any("bicycle" in text for text in others)


def test_a_card_without_any_words_still_gets_a_prompt() -> None:
    who = suggest_prompts(card("who", LoraType.CHARACTER))
    assert who[0].text == "portrait of a person, plain background"
    assert [prompt.subject for prompt in who] == [True, False, False]
    called = replace(card("ink", LoraType.STYLE), activation_text="<lora:ink:1> brushwork, ")
    assert suggest_prompts(called)[0].text.startswith("brushwork, a quiet landscape")


def test_a_model_of_few_words_is_asked_for_what_it_can_draw() -> None:
    words = set(" ".join([*SHAPES.unrelated, SHAPES.scene]).replace(",", "").split())

    def knows(text: str) -> bool:
        return set(text.replace(",", "").split()) <= words

    assert scenes_of(knows) is SHAPES
    prompts = suggest_prompts(card("ink", LoraType.STYLE), scenes_of(knows))
    assert [prompt.subject for prompt in prompts] == [True, False, False]
    assert all(knows(prompt.text) for prompt in prompts)


@pytest.mark.parametrize("known", [True, False])
def test_general_scenes_stay_where_all_words_are_known_or_none(known: bool) -> None:
    assert scenes_of(lambda text: known) is GENERAL
