"""LoRAs that make a model need fewer steps, by names and pages, and look-alikes that are none."""

from __future__ import annotations

import json

import pytest

from lib_lora_neg.loras import Header, LoraType, SideFacts, build_card


def kind_of(
    name: str,
    path: str = "",
    metadata: dict[str, str] | None = None,
    **page: object,
) -> LoraType:
    header = Header({}, metadata) if metadata is not None else None
    sides = (SideFacts(source="page", **page),) if page else ()  # type: ignore[arg-type]
    return build_card(name=name, path=path, header=header, sidecars=sides).inference.type


@pytest.mark.parametrize(
    "name",
    [
        "lcm-lora-sdxl",
        "lcm-lora-sdv1-5",
        "LCM_LoRA_Weights_SD15",
        "ssd-1b-anime-lcm",
        "LCM&TurboMix_LoRA",
        "AnimateLCM_sd15_t2v_lora",
        "sdxl_lightning_4step_lora",
        "SDXL-Lightning_8steps",
        "Hyper-SDXL-8steps-lora",
        "Hyper-SD15-8steps-CFG-lora",
        "Hyper-FLUX.1-dev-8steps-lora",
        "Hyper-Chroma-Turbo-Alpha-16steps-lora",
        "sd_xl_turbo_lora_v1",
        "FLUX.1-Turbo-Alpha",
        "Flux_2-Turbo-LoRA_comfyui",
        "krea2_turbo_lora_rank_64_bf16",
        "dmd2_sdxl_4step_lora_fp16",
        "DMD2 Speed Lora (SDXL, Pony, Illustrious)",
        "pcm_sdxl_normalcfg_16step_converted",
        "pcm_sd15_smallcfg_2step_converted",
        "TCD-SDXL-LoRA",
        "sdxl_tdm_lora_weights",
        "Wan21_CausVid_14B_T2V_lora_rank32_v2",
        "Wan21_AccVid_T2V_14B_lora_rank32_fp16",
        "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16",
        "Wan2.2-Lightning_T2V-A14B-4steps-lora_HIGH_fp16",
        "FastWan_T2V_14B_480p_lora_rank_128_bf16",
        "Wan_2_1_T2V_14B_self_forcing_lora",
        "Qwen-Image-Lightning-8steps-V1.1-bf16",
        "Qwen-Image-Edit-2511-Lightning-4steps-V1.0",
        "ltx-2-19b-distilled-lora-384",
        "chroma-flash-heun_r128-4steps",
        "Z-Image-Distill-8-Steps",
        "chroma2schnell_lora",
    ],
)
def test_named_after_a_method(name: str) -> None:
    assert kind_of(name) is LoraType.ACCELERATOR


@pytest.mark.parametrize(
    "name",
    [
        "lightning_bolt_style",
        "LightningVFX",
        "Lightning Farron FFXIII",
        "lightning",
        "hyper_realistic_xl",
        "hyperrealism_v2",
        "Neptunia Hyper Dimension",
        "hyper_detailed_skin_flux",
        "turbo_granny_dandadan",
        "Porsche 911 Turbo",
        "pixel_art_style_z_image_turbo",
        "z_image_turbo_portrait_lora",
        "zimage_turbo_training_adapter_v2",
        "z_image_de_distill_v1",
        "Watercolor for SDXL Lightning",
        "anime style (LCM compatible)",
        "flash_photography_flux",
        "fast_food_cashier",
        "speed_lines_sdxl_concept",
        "quick_sketch_style_xl",
        "my_style_lora-000010-steps",
        "style_1500steps",
        "falcon_sdxl",
        "flux_dev_lora_v2",
        "sdxl_lora",
    ],
)
def test_look_alikes(name: str) -> None:
    assert kind_of(name) is not LoraType.ACCELERATOR


def test_a_number_of_steps_is_one_of_few() -> None:
    assert kind_of("xyz_lightning_32steps") is LoraType.ACCELERATOR
    assert kind_of("xyz_lightning_33steps") is not LoraType.ACCELERATOR


def test_a_slider_stays_one() -> None:
    assert kind_of("detail_slider_dmd2") is LoraType.SLIDER


def test_words_captions_and_categories_speak_against_an_ambiguous_name() -> None:
    name = "lightning_sdxl"
    assert kind_of(name) is LoraType.ACCELERATOR
    assert kind_of(name, trained_words=("l1ghtn1ng farron",)) is not LoraType.ACCELERATOR
    assert kind_of(name, categories=("character",)) is not LoraType.ACCELERATOR
    captions = {
        "ss_tag_frequency": json.dumps({"5_x": {f"tag{i}": 9 for i in range(20)}}),
        "ss_dataset_dirs": json.dumps({"5_x": {"n_repeats": 5, "img_count": 20}}),
    }
    assert kind_of(name, metadata=captions) is not LoraType.ACCELERATOR


def test_the_folder_names_a_file_without_a_name() -> None:
    path = "/m/lcm-lora-sdxl/pytorch_lora_weights.safetensors"
    assert kind_of("pytorch_lora_weights", path) is LoraType.ACCELERATOR
    assert kind_of("ink_wash", "/m/lcm-lora-sdxl/ink_wash.safetensors") is not LoraType.ACCELERATOR
    assert kind_of("thing", "/m/accelerators/thing.safetensors") is LoraType.ACCELERATOR


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"title": "SDXL Lightning LoRAs", "categories": ("tool",)}, True),
        ({"categories": ("lcm lora", "tool")}, True),
        ({"description": "This is a distilled consistency adapter for 4-8 steps."}, True),
        ({"description": "An accelerator LoRA: speeds up generation with Flux."}, True),
        ({"description": "Distilled from the base model; generates in 4 steps."}, True),
        ({"description": "A pose. Works great with LCM LoRA at 8 steps."}, False),
        ({"description": "Use it with the turbo lora."}, False),
        ({"description": "Lightning effects for your pictures."}, False),
        ({"categories": ("lightning", "effect")}, False),
        ({"base_model": "SDXL Lightning"}, False),
        ({"base_model": "SD 1.5 LCM", "title": "Cat ears"}, False),
    ],
)
def test_what_a_page_says(page: dict[str, object], expected: bool) -> None:
    assert (kind_of("xmodel_v3", **page) is LoraType.ACCELERATOR) is expected  # type: ignore[arg-type]


def test_it_comes_with_evidence() -> None:
    inference = build_card(name="Hyper-SDXL-8steps-lora").inference
    assert inference.confidence >= 0.85
    assert any("Hyper-SDXL-8steps-lora" in reason for reason in inference.reasons)
