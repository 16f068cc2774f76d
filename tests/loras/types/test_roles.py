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
    ("boring_sdxl_neg", "Boring SD XL negative", "", DEDICATED, "dedicated by its name"),
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
    (
        "boring_SDXL_negative_LORA_AutismMix_v1",
        "",
        "",
        DEDICATED,
        "file name in public ComfyUI workflows, loaded by LoraLoader",
    ),
    (
        "badanatomy_SDXL_negative_LORA_AutismMix_v1",
        "",
        "",
        DEDICATED,
        "file name in public prompt builders, used at −0.2",
    ),
    (
        "PNTE_neg_ZiT_A_v1",
        "Z-Image-Turbo-PNTE-Negative-LoRA",
        "",
        DEDICATED,
        "huggingface.co/DoctorDiffusion/Z-Image-Turbo-PNTE-Negative-LoRA",
    ),
    ("PNTE_neg_ZiT_A_v1", "", "", DEDICATED, "the same, file name alone"),
    (
        "mg_7lambda_negative",
        "mg_7lambda_negative",
        "model strength from -0.40",
        DEDICATED,
        "huggingface.co/DD32/mg_7lambda_negative",
    ),
    ("mg_7lambda_negative", "", "", DEDICATED, "the same, file name alone"),
    ("add_brightness", "Brightness Tweaker", "-2.0~2.0", SLIDER, "civitai.com/models/70034"),
    ("age", "Age", "weights from -4 to 4", SLIDER, "wording of many slider pages"),
    (
        "weight_slider_v2",
        "Weight Slider - LoRA",
        "-3.0 to 3.0",
        SLIDER,
        "civitai.com/models/112552",
    ),
    ("add_detail", "Detail Tweaker LoRA", "up/down to 2/-2", SLIDER, "civitai.com/models/58390"),
    ("ageslider_v2", "", "", SLIDER, "the same without a gap"),
    ("age_slider_v2", "", "", SLIDER, "file name in public set-up guides"),
    ("muscle_slider_v1", "", "", SLIDER, "file name in public set-up guides"),
    ("body_weight_slider_v1", "", "", SLIDER, "file name in public LoRA lists"),
    ("ShinySkinSlider3.0_800steps", "", "", SLIDER, "file name in public LoRA lists"),
    ("Pony Realism Slider", "", "", SLIDER, "file name in public LoRA lists"),
    ("Dramatic Lighting Slider", "", "", SLIDER, "file name in public LoRA lists"),
    ("depth_of_field_slider_v1", "", "", SLIDER, "huggingface.co/kingcashflow/LoRas"),
    ("zoom_slider_v1", "", "", SLIDER, "huggingface.co/kingcashflow/LoRas"),
    ("colorize_slider_v1", "", "", SLIDER, "civitai.com/api/download/models/148933"),
    ("skin_texture_slider_v1", "", "", SLIDER, "file name in public ComfyUI workflows"),
    ("hips_size_slider_v1", "", "", SLIDER, "file name in public download scripts"),
    ("illustrious_gender_transition_slider", "", "", SLIDER, "file name in download scripts"),
]
# One author's series: the file is named after the quality, the page says what it is.
REAL += [
    (
        quality,
        f"ntcai.xyz slider - {quality} (SDXL LoRA)",
        "Strength: -3 Strength: 0 Strength: 3",
        SLIDER,
        f"huggingface.co/ntc-ai/SDXL-LoRA-slider.{quality.replace(' ', '-')}",
    )
    for quality in (
        "fit",
        "excited",
        "perfect",
        "crazy insane stunt",
        "psychedelic trip",
        "life of the party",
        "extremely detailed",
        "extremely extremely aesthetic",
        "HOLY SHIT",
        "the feeling of achieving max power",
    )
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
    ("epiNoiseoffset_v2", "epiNoiseoffset", (), "better contrast and darker images"),
    ("more_details", "Add More Details", (), "between 0.5 and 1 weight"),
    ("anti25d", "anti25d", (), "Use with minus weight is not supported."),
    ("make25d", "make25d", (), "Use with minus weight is not supported. Default weight 1.0"),
    ("unaestheticXL_hk1", "", (), "a textual inversion: huggingface.co/ffxvs"),
    ("FastNegative", "", (), "a textual inversion: huggingface.co/ffxvs"),
    ("ziprealism_neg", "", (), "a textual inversion: huggingface.co/jyoung105/general-neg"),
    ("bad-hands-5", "", (), "a textual inversion"),
    ("bad_prompt_version2", "", (), "a textual inversion"),
    ("picxer_real", "PicXer", (), "a realistic enhancer, at 0.65"),
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
