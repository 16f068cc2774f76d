"""Families by layer names, widths and block counts, and by the names of base models."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras import Header, LoraCard, ModelFamily, SideFacts, TensorInfo, build_card
from lib_lora_neg.loras.families.base_names import family_of_name

Layer = tuple[str, int, int]

UNKNOWN = ModelFamily.UNKNOWN


def card_of(
    layers: list[Layer], base: str = "", metadata: dict[str, str] | None = None
) -> LoraCard:
    """A LoRA of rank 16 on layers of the given input and output widths."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, into, out in layers:
        kohya = name.startswith("lora_")
        shapes[f"{name}.{'lora_down' if kohya else 'lora_A'}.weight"] = (16, into)
        shapes[f"{name}.{'lora_up' if kohya else 'lora_B'}.weight"] = (out, 16)
    tensors = {name: TensorInfo("F16", shape) for name, shape in shapes.items()}
    sides = (SideFacts(source="page", base_model=base),) if base else ()
    return build_card(name="x", header=Header(tensors, metadata or {}), sidecars=sides)


def native(name: str, into: int, out: int) -> list[Layer]:
    return [(f"diffusion_model.{name}", into, out)]


def kohya(name: str, into: int, out: int) -> list[Layer]:
    return [(f"lora_unet_{name.replace('.', '_')}", into, out)]


def diffusers(name: str, into: int, out: int) -> list[Layer]:
    return [(f"transformer.{name}", into, out)]


# what is proved by these layers alone
PROOFS: list[tuple[str, str, list[Layer]]] = [
    ("auraflow", "native", native("double_layers.0.attn.w1q", 3072, 3072)),
    ("auraflow", "kohya", kohya("single_layers.31.mlp.c_fc1", 3072, 8192)),
    ("auraflow", "diffusers", diffusers("joint_transformer_blocks.0.attn.to_q", 3072, 3072)),
    ("auraflow", "diffusers", diffusers("single_transformer_blocks.5.ff.linear_1", 3072, 8192)),
    ("hidream", "diffusers", diffusers("double_stream_blocks.0.block.attn1.to_q", 2560, 2560)),
    ("hidream", "kohya", kohya("single_stream_blocks.31.block.ff_i.w1", 2560, 6912)),
    ("krea", "kohya", kohya("blocks.0.attn.wq", 6144, 6144)),
    ("krea", "kohya", kohya("txtfusion.layerwise_blocks.0.attn.wk", 2560, 2560)),
    ("krea", "diffusers", diffusers("transformer_blocks.0.attn.to_gate", 6144, 6144)),
    ("ernie", "diffusers", diffusers("layers.0.self_attention.to_q", 3072, 3072)),
    ("ernie", "kohya", kohya("layers.23.mlp.linear_fc2", 8192, 3072)),
    ("pid", "native", native("patch_blocks.0.attn.qkv_x", 1536, 4608)),
    ("pid", "native", native("pixel_blocks.3.attn.qkv", 1152, 3456)),
    ("pid", "kohya", kohya("patch_blocks.11.adaLN_modulation_txt.0", 1536, 9216)),
    ("pid", "kohya", kohya("pixel_blocks.0.expand_from_attn", 1152, 4096)),
    ("pid", "native", native("lq_proj.gate_modules.2.content_proj", 3072, 1536)),
    ("mochi", "diffusers", diffusers("transformer_blocks.0.attn1.add_q_proj", 1536, 3072)),
    ("mochi", "native", native("blocks.0.attn.qkv_x", 3072, 9216)),
    ("sana", "diffusers", diffusers("transformer_blocks.0.ff.conv_inverted", 2240, 11200)),
    ("sana", "diffusers", diffusers("transformer_blocks.0.attn1.to_q", 2240, 2240)),
    ("cogvideo", "diffusers", diffusers("transformer_blocks.0.attn1.to_q", 1920, 1920)),
    ("cascade", "OneTrainer", [("lora_prior_unet_down_blocks_0_2_attention_attn_to_q", 9, 9)]),
    (
        "ltx",
        "native",
        native("transformer_blocks.0.attn1.to_q", 4096, 4096)
        + native("transformer_blocks.0.attn2.to_k", 4096, 4096),
    ),
    ("ltx", "LTX 2", native("transformer_blocks.0.audio_attn1.to_q", 2048, 2048)),
    ("wan", "diffusers", diffusers("blocks.0.attn1.to_q", 5120, 5120)),
    (
        "wan",
        "diffusers 1.3B",
        diffusers("blocks.0.attn2.to_k", 1536, 1536)
        + diffusers("blocks.0.ffn.net.0.proj", 1536, 8960),
    ),
    ("wan", "native", native("blocks.0.self_attn.q", 5120, 5120)),
    ("hunyuan", "native video", native("double_blocks.0.img_mod.linear", 3072, 18432)),
    ("hunyuan", "kohya video", kohya("double_blocks.0.img_mlp.fc1", 3072, 12288)),
    (
        "hunyuan",
        "kohya video",
        kohya("txt_in.individual_token_refiner.blocks.0.mlp.fc1", 3072, 12288)
        + kohya("single_blocks.0.linear1", 3072, 21504),
    ),
    (
        "hunyuan",
        "FramePack",
        kohya("transformer_blocks.19.attn.to_q", 3072, 3072)
        + kohya("single_transformer_blocks.39.attn.to_q", 3072, 3072),
    ),
    ("hunyuan", "image", native("double_blocks.0.img_attn.qkv", 3584, 10752)),
    ("flux2", "Klein 4B", kohya("double_blocks.0.img_mlp.0", 3072, 18432)),
    ("flux2", "Klein 9B", kohya("double_blocks.0.img_attn.proj", 4096, 4096)),
    ("flux2", "Klein 4B", native("single_blocks.0.linear1", 3072, 27648)),
    ("flux2", "dev", native("double_blocks.0.img_attn.qkv", 6144, 18432)),
    ("flux", "kohya", kohya("double_blocks.0.img_mod.lin", 3072, 18432)),
    ("minimax", "native", native("blocks.0.attn.qkv_proj", 7168, 21504)),
    ("zimage", "ai-toolkit", native("layers.0.attention.to_q", 3840, 3840)),
    ("lumina", "native", native("layers.0.attention.qkv", 2304, 3840)),
    ("anima", "native", native("llm_adapter.blocks.0.self_attn.q_proj", 1024, 1024)),
    ("qwen", "diffusers", diffusers("transformer_blocks.0.img_mlp.net.0.proj", 3072, 12288)),
    ("sd3", "native", native("joint_blocks.0.x_block.attn.qkv", 1536, 4608)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("family", "layers"), [(f, layers) for f, _, layers in PROOFS],
    ids=[f"{family}, {naming}" for family, naming, _ in PROOFS],
)  # fmt: skip
def test_layers_that_only_one_family_has(family: str, layers: list[Layer]) -> None:
    card = card_of(layers)
    assert card.family.value == family
    # What is proved stays so, whatever a page says.
    assert card_of(layers, base="SD 1.5").family.value == family


# layers, families that must be among the candidates, some that must not, base name, its family
SHARED: list[tuple[list[Layer], set[str], set[str], str, str]] = [
    (
        kohya("double_blocks.0.img_attn.qkv", 3072, 9216),
        {"flux", "flux2", "chroma", "hunyuan"},
        {"qwen", "sd3"},
        "Hunyuan Video",
        "hunyuan",
    ),
    (
        diffusers("transformer_blocks.0.attn.to_q", 3072, 3072)
        + diffusers("single_transformer_blocks.0.attn.to_q", 3072, 3072),
        {"flux", "chroma", "hunyuan"},
        {"flux2"},
        "Flux.1 D",
        "flux",
    ),
    (
        diffusers("transformer_blocks.0.attn.to_q", 3072, 3072)
        + diffusers("token_refiner.refiner_blocks.0.ff.net.0.proj", 3072, 12288),
        {"minimax"},
        {"flux", "qwen", "sd3", "hunyuan"},
        "MiniMax H3",
        "minimax",
    ),
    (
        diffusers("transformer_blocks.0.attn1.to_q", 1152, 1152),
        {"pixart", "sana"},
        {"ltx", "flux"},
        "PixArt E",
        "pixart",
    ),
    (
        diffusers("transformer_blocks.0.attn1.to_q", 3072, 3072),
        {"cogvideo", "mochi"},
        {"wan"},
        "CogVideoX",
        "cogvideo",
    ),
    (
        diffusers("transformer_blocks.0.attn1.to_q", 2048, 2048),
        {"ltx", "anima"},
        {"flux"},
        "LTXV",
        "ltx",
    ),
    (
        diffusers("transformer_blocks.0.attn.to_q", 4096, 4096),
        {"flux2"},
        {"flux", "qwen", "chroma"},
        "Flux.2 Klein 9B",
        "flux2",
    ),
]


@pytest.mark.parametrize(("layers", "fits", "not_", "base", "named"), SHARED)
def test_layers_that_several_families_have(
    layers: list[Layer], fits: set[str], not_: set[str], base: str, named: str
) -> None:
    card = card_of(layers)
    candidates = {family.value for family in card.family_candidates}
    assert card.family is UNKNOWN
    assert fits <= candidates
    assert not not_ & candidates
    assert card_of(layers, base=base).family.value == named
    assert card_of(layers, base="SDXL 1.0").family is UNKNOWN


@pytest.mark.parametrize(("deepest", "likely"), [(18, "flux"), (17, "unknown"), (19, "hunyuan")])
def test_a_file_that_ends_with_the_last_block_of_flux(deepest: int, likely: str) -> None:
    layers = diffusers(f"transformer_blocks.{deepest}.attn.to_q", 3072, 3072)
    layers += diffusers("single_transformer_blocks.0.attn.to_q", 3072, 3072)
    assert card_of(layers).family.value == likely


def test_anima_in_the_naming_of_onetrainer() -> None:
    layers = [
        ("lora_transformer_transformer_blocks_0_attn1_to_q", 2048, 2048),
        ("lora_transformer_transformer_blocks_0_attn2_to_k", 1024, 2048),
    ]
    assert card_of(layers).family is ModelFamily.ANIMA
    assert card_of(layers, base="Cosmos").family is ModelFamily.COSMOS


def test_kolors_has_the_unet_of_sdxl() -> None:
    unet = kohya("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640)
    assert card_of(unet).family is ModelFamily.SDXL
    assert card_of(unet, base="Kolors").family is ModelFamily.KOLORS
    text = [("lora_te1_text_model_encoder_layers_0_mlp_fc1", 768, 3072)]
    assert card_of([*unet, *text], base="Kolors").family is ModelFamily.SDXL


def test_a_wrong_base_in_the_metadata_is_told() -> None:
    unet = kohya("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640)
    assert card_of(unet, metadata={"ss_base_model_version": "sd_v1"}).problems
    assert not card_of(unet, metadata={"ss_base_model_version": "sdxl_base_v1-0"}).problems
    assert not card_of(unet, metadata={"ss_base_model_version": "kolors"}).problems


@pytest.mark.parametrize(
    ("tensors", "algorithm", "decomposed"),
    [
        (("lora_A.weight", "lora_B.weight", "lora_magnitude_vector"), "dora", True),
        (("lora_A.weight", "lora_B.weight", "lora_magnitude_vector.weight"), "dora", True),
        (("lora_A.default.weight", "lora_magnitude_vector.default.weight"), "dora", True),
        (("lora_down.weight", "lora_up.weight", "dora_scale"), "dora", True),
        (("oft_R.weight",), "oft", False),
        (("oft_R.default.weight",), "oft", False),
        (("oft_blocks",), "oft", False),
        (("boft_R", "boft_s"), "oft", False),
        (("ia3_l",), "ia3", False),
        (("lora_A.weight", "lora_B.weight"), "lora", False),
    ],
)  # fmt: skip
def test_algorithms(tensors: tuple[str, ...], algorithm: str, decomposed: bool) -> None:
    layer = "unet.up_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    header = Header({f"{layer}.{end}": TensorInfo("F16", (16, 16)) for end in tensors}, {})
    card = build_card(name="x", header=header)
    assert (card.algorithm, card.weight_decomposed) == (algorithm, decomposed)
    assert card.parts is not None
    assert card.parts.blocks == ("up_blocks.0",)


def test_text_fusion_is_no_text_encoder() -> None:
    names = {
        "lycoris_text_fusion_layerwise_blocks_0_attn_to_q": False,
        "lycoris_text_encoder_text_model_encoder_layers_0_mlp_fc1": True,
    }
    for name, text in names.items():
        header = Header({f"{name}.lokr_w1": TensorInfo("F16", (4, 4))}, {})
        parts = build_card(name="x", header=header).parts
        assert parts is not None
        assert parts.text_encoder is text


NAMES = {
    "sd1": "sd|SD 1.4|SD 1.5|SD 1.5 LCM|SD 1.5 Hyper|sd_v1|Stable Diffusion v1.5|SD1"
    "|stable-diffusion-v1/lora|runwayml/stable-diffusion-v1-5",
    "sd2": "SD 2.0|SD 2.1 768|sd_v2_768_v|stabilityai/stable-diffusion-2-1|stabilityai/sd-turbo",
    "sdxl": "xl|SDXL 1.0|SDXL Lightning|SDXL Hyper|SDXL Turbo|sdxl_base_v1-0|Pony|Pony V6 XL"
    "|Illustrious|NoobAI|Mugen|stable-diffusion-xl-v1-base/lora|SG161222/RealVisXL_V4.0"
    "|stabilityai/stable-diffusion-xl-base-1.0|cagliostrolab/animagine-xl-4.0|SSD 1B",
    "sd3": "SD 3|SD 3.5 Medium|SD 3.5 Large Turbo|stabilityai/stable-diffusion-3.5-large",
    "flux": "flux|Flux.1 D|Flux.1 S|Flux.1 Krea|Flux.1 Kontext|flux-1-dev/lora|flux1"
    "|black-forest-labs/FLUX.1-dev|black-forest-labs/FLUX.1-Krea-dev",
    "flux2": "klein|Flux.2 D|Flux.2 Klein 9B-base|Flux2|black-forest-labs/FLUX.2-klein-4B",
    "chroma": "Chroma|lodestones/Chroma1-HD",
    "zimage": "zit|ZImageTurbo|ZImageBase|Z-Image|Tongyi-MAI/Z-Image-Turbo",
    "qwen": "qwen|Qwen|Qwen-Image|Qwen/Qwen-Image-Edit-2511",
    "wan": "wan|Wan Video 2.2 I2V-A14B|Wan Video 14B t2v|Wan-AI/Wan2.1-T2V-14B-Diffusers",
    "krea": "krea|Krea 2|Krea2|krea/Krea-2-Raw",
    "lumina": "lumina|Lumina|Lumina2|neta_lumina|Alpha-VLLM/Lumina-Image-2.0",
    "hunyuan": "Hunyuan Video|HunyuanVideo|framepack|tencent/HunyuanVideo|hunyuan-image-2.1",
    "anima": "anima|Anima|anima-preview",
    "ernie": "ernie|ErnieImage|baidu/ERNIE-Image",
    "pid": "pid|PiD",
    "auraflow": "AuraFlow|Pony V7|pony-v7|purplesmartai/pony-v7-base|fal/AuraFlow-v0.3",
    "hidream": "HiDream|HiDream-ai/HiDream-I1-Full",
    "ltx": "LTXV|LTXV2|LTXV 2.3|Lightricks/LTX-Video",
    "kolors": "Kolors|Kwai-Kolors/Kolors-diffusers",
    "cogvideo": "CogVideoX|THUDM/CogVideoX-5b",
    "mochi": "Mochi|genmo/mochi-1-preview",
    "pixart": "PixArt a|PixArt E|PixArt-alpha/PixArt-XL-2-1024-MS",
    "sana": "Sana|Efficient-Large-Model/Sana_1600M_1024px",
    "cascade": "Stable Cascade|stabilityai/stable-cascade",
    "minimax": "MiniMax H3|MiniMaxAI/MiniMax-H3",
    "unknown": "Other|Unknown|Upscaler|Flux.3|Hunyuan 1|HunyuanDiT|Imagen4|Sora 2|ODOR|sdfoo|",
}


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for family, row in NAMES.items() for name in row.split("|")]
)
def test_names_of_base_models(name: str, family: str) -> None:
    assert family_of_name(name).value == family


def test_every_family_is_called_by_its_own_value() -> None:
    assert {family_of_name(family.value) for family in ModelFamily} == set(ModelFamily)
