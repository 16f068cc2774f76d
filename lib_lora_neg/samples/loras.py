"""The sample LoRAs: one of each type, with the facts that real ones of the type carry."""

from __future__ import annotations

from collections.abc import Mapping

from .files import (
    SampleLora,
    TrainingFolder,
    civitai_info,
    kohya_metadata,
    kohya_tensors,
    peft_tensors,
)

SDXL = ("sdxl_base_v1-0", "stable-diffusion-xl-v1-base")
SD1 = ("sd_v1", "stable-diffusion-v1")
FLUX = ("flux1", "flux-1-dev")

_BLOCK = "_1_transformer_blocks_0_attn"
_TEXT = "text_model_encoder_layers_0_self_attn_q_proj"
SDXL_UNET = (
    (f"lora_unet_input_blocks_4{_BLOCK}1_to_q", 640, 640),
    (f"lora_unet_middle_block{_BLOCK}2_to_k", 2048, 1280),
    (f"lora_unet_output_blocks_0{_BLOCK}2_to_v", 2048, 1280),
)
SDXL_TEXT = ((f"lora_te1_{_TEXT}", 768, 768), (f"lora_te2_{_TEXT}", 1280, 1280))
SD1_ALL = (
    ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k", 768, 640),
    ("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q", 1280, 1280),
    (f"lora_te_{_TEXT}", 768, 768),
)
FLUX_UNET = (
    ("lora_unet_double_blocks_0_img_attn_qkv", 3072, 9216),
    ("lora_unet_single_blocks_20_linear1", 3072, 21504),
)
PEFT_UNET = (
    ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", 640, 640),
    ("unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 1280),
)


def sample_loras() -> list[SampleLora]:
    """Return the LoRAs, in the order of the rule table's types."""
    return [
        _wide_style(),
        _style(),
        _concept(),
        _character(),
        _dedicated_negative(),
        _trigger_negative(),
        _slider(),
        _unknown(),
        _flux_style(),
        _sd1_style(),
    ]


def _wide_style() -> SampleLora:
    subjects = ("1girl", "landscape", "still life", "animal", "city", "portrait")
    folders = [
        TrainingFolder(
            f"inkwash style {subject}",
            repeats=1,
            images=140,
            tags={"inkwash style": 140, subject: 120, "monochrome": 95, "outdoors": 50},
        )
        for subject in subjects
    ]
    return SampleLora(
        "inkwash_wide",
        kohya_tensors(SDXL_UNET + SDXL_TEXT),
        kohya_metadata("inkwash_wide", *SDXL, folders),
        {
            ".civitai.info": civitai_info(
                "Ink Wash", ["style", "ink"], ["inkwash style"], "SDXL 1.0"
            )
        },
    )


def _style() -> SampleLora:
    tags = {
        "gouache poster": 62,
        "flat color": 58,
        "poster (medium)": 57,
        "1girl": 31,
        "tree": 20,
        "mountain": 14,
        "outdoors": 33,
    }
    side_files: Mapping[str, object] = {
        ".civitai.info": civitai_info(
            "Gouache Poster", ["style", "illustration"], ["gouache poster"], "SDXL 1.0"
        ),
        ".json": {
            "description": "Travel posters in gouache.",
            "sd version": "SDXL",
            "activation text": "gouache poster, flat color",
            "preferred weight": 0.8,
            "negative text": "photo, 3d render",
            "notes": "",
        },
    }
    return SampleLora(
        "gouache_poster",
        kohya_tensors(SDXL_UNET + SDXL_TEXT),
        kohya_metadata("gouache_poster", *SDXL, [TrainingFolder("gouache poster", 5, 62, tags)]),
        side_files,
    )


def _concept() -> SampleLora:
    tags = {"crt glow": 70, "scanlines": 66, "screen": 41, "indoors": 37, "night": 22, "1boy": 12}
    return SampleLora(
        "crt_glow",
        kohya_tensors(SDXL_UNET + SDXL_TEXT),
        kohya_metadata("crt_glow", *SDXL, [TrainingFolder("crt glow", 8, 70, tags)]),
        {".civitai.info": civitai_info("CRT Glow", ["concept"], ["crt glow"], "SDXL 1.0")},
    )


def _character() -> SampleLora:
    tags = {
        "ariavale": 24,
        "1girl": 24,
        "red hair": 23,
        "twin braids": 21,
        "freckles": 18,
        "green cloak": 20,
        "smile": 11,
        "outdoors": 9,
    }
    words = ["ariavale, red hair, twin braids, green cloak"]
    return SampleLora(
        "aria_vale",
        kohya_tensors(SDXL_UNET + SDXL_TEXT),
        kohya_metadata("aria_vale", *SDXL, [TrainingFolder("ariavale woman", 10, 24, tags)]),
        {".civitai.info": civitai_info("Aria Vale", ["character", "woman"], words, "SDXL 1.0")},
    )


def _dedicated_negative() -> SampleLora:
    title = "Bad Anatomy XL - negative LoRA"
    text = "A negative LoRA: trained on spoilt pictures. Use it at -1, without a trigger word."
    return SampleLora(
        "bad_anatomy_xl",
        kohya_tensors(SDXL_UNET),
        kohya_metadata("bad_anatomy_xl", *SDXL, [TrainingFolder("badanatomy", 2, 320, {})]),
        {".civitai.info": civitai_info(title, ["negative", "tool"], [], "SDXL 1.0", text)},
    )


def _trigger_negative() -> SampleLora:
    text = "Improves the output after loading it and using `wrong` as a negative prompt."
    return SampleLora(
        "sdxl_wrong_lora",
        peft_tensors(PEFT_UNET),
        {"format": "pt"},
        {
            ".json": {
                "description": text,
                "sd version": "SDXL",
                "notes": "use `wrong` as the negative prompt",
            }
        },
    )


def _slider() -> SampleLora:
    tips = '{"strength_min": -4.0, "strength_max": 4.0, "strength": 1.0}'
    return SampleLora(
        "age_slider_xl",
        kohya_tensors(SDXL_UNET),
        {},
        {
            ".metadata.json": {
                "file_name": "age_slider_xl",
                "model_name": "Age Slider XL",
                "base_model": "SDXL 1.0",
                "tags": ["slider", "concept"],
                "usage_tips": tips,
            }
        },
    )


def _unknown() -> SampleLora:
    metadata = {
        "ss_v2": "False",
        "ss_base_model_version": SDXL[0],
        "ss_network_module": "networks.lora",
        "ss_network_dim": "4",
        "ss_network_alpha": "1.0",
    }
    return SampleLora("final_v3-000012", kohya_tensors(SDXL_UNET + SDXL_TEXT), metadata)


def _flux_style() -> SampleLora:
    tags = {"oilfx": 90, "oil painting": 86, "portrait": 40, "flowers": 17, "harbor": 9}
    return SampleLora(
        "oil_flux",
        kohya_tensors(FLUX_UNET, rank=2),
        kohya_metadata("oil_flux", *FLUX, [TrainingFolder("oilfx", 4, 90, tags)], dim=2),
        {".civitai.info": civitai_info("Oil for Flux", ["style"], ["oilfx"], "Flux.1 D")},
    )


def _sd1_style() -> SampleLora:
    tags = {"wtrclr": 80, "watercolor (medium)": 74, "1girl": 44, "sky": 23, "house": 11}
    return SampleLora(
        "watercolor_sd15",
        kohya_tensors(SD1_ALL),
        kohya_metadata("watercolor_sd15", *SD1, [TrainingFolder("wtrclr", 6, 80, tags)]),
        {".civitai.info": civitai_info("Watercolor", ["style"], ["wtrclr"], "SD 1.5")},
    )
