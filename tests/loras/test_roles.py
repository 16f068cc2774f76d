"""Real LoRAs that are meant for the negative side, and look-alikes, as facts of public pages."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras import LoraType, SideFacts, build_card

DEDICATED = LoraType.DEDICATED_NEGATIVE
WORD = LoraType.TRIGGER_NEGATIVE
SLIDER = LoraType.SLIDER

# file stem, title, what the page says about use, type, source
REAL: list[tuple[str, str, str, LoraType, str]] = [
    (
        "DD-pnte-neg-v1",
        "Doctor Diffusion's Negative XL LoRA",
        "meant to be used with negative strength values",
        DEDICATED,
        "huggingface.co/DoctorDiffusion/doctor-diffusion-s-negative-xl-lora",
    ),
    ("DD-pnte-neg-v1", "", "", DEDICATED, "the same, file name alone"),
    ("negative-lora", "negative-lora", "", DEDICATED, "huggingface.co/ljleb/negative-lora"),
    ("boring_sdxl_neg", "Boring SD XL negative", "", DEDICATED, "named in mission.md"),
    ("Model-EX_N-Enhancer", "Model-EX N-Enhancer", "N-Lora", DEDICATED, "civitai.com/models/95858"),
    ("nfixer", "", "", DEDICATED, "seen in negative prompts of Civitai pictures"),
    ("S1a-Negative Art-Male", "", "", DEDICATED, "seen in negative prompts of Civitai pictures"),
    (
        "pytorch_lora_weights",
        "sdxl-wrong-lora",
        "use `wrong` as the negative prompt",
        WORD,
        "huggingface.co/minimaxir/sdxl-wrong-lora",
    ),
    ("sdxl-wrong-lora", "", "", WORD, "the same, file name alone"),
    ("add_brightness", "Brightness Tweaker", "-2.0~2.0", SLIDER, "civitai.com/models/70034"),
    ("age", "Age", "weights from -4 to 4", SLIDER, "wording of many slider pages"),
]


@pytest.mark.parametrize(("stem", "title", "text", "kind", "source"), REAL)
def test_roles_of_real_loras(stem: str, title: str, text: str, kind: LoraType, source: str) -> None:
    card = build_card(name=stem, sidecars=(SideFacts(title=title, description=text),))
    assert card.inference.type is kind, source
    assert card.inference.confidence >= 0.9
    assert card.inference.reasons


LOOK_ALIKES: list[tuple[str, str, tuple[str, ...], str]] = [
    ("Neg-000006", "Neg style", (), "an artist of that name"),
    ("easynegative", "", (), "a textual inversion"),
    ("verybadimagenegative_v1.3", "", (), "a textual inversion"),
    ("negativeXL_D", "", (), "a textual inversion"),
    ("galko", "Galko", ("galko",), "bad hands embedding, deep negative embedding"),
    ("film_negative", "Film negative photo style", ("filmneg",), "photographic negatives"),
    ("negative_space", "Negative space style", (), "composition"),
    ("mask", "Violet", ("violet",), 'Put "mask" in negative prompt when not using it.'),
    ("hanbok", "Modern hanbok", (), "weight - 0.6~0.8"),
    ("hanbok", "Modern hanbok", (), "weight -0.6~0.8"),
    ("konan", "Konan", ("konan",), "weights for txt2img - 0.6-0.9"),
    (
        "mecha_offset",
        "Mecha Slider LoRA",
        ("mecha", "robot", "headgear"),
        "Adjust the weight from 0 to 2 for the desired effect",
    ),
    ("x", "X", (), "Trained 2023-05-01 to 2023-06-01, denoise 0.4/-0.2"),
]


@pytest.mark.parametrize(("stem", "title", "trained_words", "text"), LOOK_ALIKES)
def test_look_alikes(stem: str, title: str, trained_words: tuple[str, ...], text: str) -> None:
    side = SideFacts(title=title, trained_words=trained_words, description=text)
    kind = build_card(name=stem, sidecars=(side,)).inference.type
    assert kind not in (DEDICATED, WORD, SLIDER)


def test_the_negative_word_is_the_trigger() -> None:
    side = SideFacts(title="x", description="use `mudcake` as the negative prompt")
    card = build_card(name="x", sidecars=(side,))
    assert [trigger.text for trigger in card.triggers] == ["mudcake"]
