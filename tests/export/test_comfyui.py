"""A generation as a workflow of ComfyUI."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lib_lora_neg.export import comfy_names
from lib_lora_neg.export.comfy_loras import WiringOption
from lib_lora_neg.export.generation import GenerationParameters, Nag, SecondPass, from_infotext
from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.families import ModelFamily
from tests.export.workflows import FILES, SD1, asked, behind, exported, of_kind, rules


def test_a_plain_generation() -> None:
    made = exported()
    (sampler,) = of_kind(made, "KSampler")
    assert {key: sampler[key] for key in sampler if not isinstance(sampler[key], list)} == {
        "seed": 5,
        "steps": 12,
        "cfg": 6.0,
        "sampler_name": "euler_ancestral",
        "scheduler": "normal",
        "denoise": 1.0,
    }
    texts = [behind(made, sampler[side])[1]["text"] for side in ("positive", "negative")]
    assert texts == ["a cat", "blurry"]
    assert of_kind(made, "CheckpointLoaderSimple") == [{"ckpt_name": "model.safetensors"}]
    assert made.findings == ()


class TestLoras:
    def test_a_chain_in_the_prompts_order_model_first(self) -> None:
        made = asked("a cat <lora:ink:0.5:-0.3> <lora:wet:0.8>")
        first, second = of_kind(made, "LoraLoader")
        assert (first["lora_name"], first["strength_model"], first["strength_clip"]) == (
            "styles/ink.safetensors",
            -0.3,
            0.5,
        )
        assert behind(made, second["model"])[1] is first
        assert behind(made, second["clip"])[1] is first
        (sampler,) = of_kind(made, "KSampler")
        assert behind(made, sampler["model"])[1] is second
        for side in ("positive", "negative"):
            assert behind(made, behind(made, sampler[side])[1]["clip"])[1] is second
        assert "lora" not in behind(made, sampler["positive"])[1]["text"]

    def test_option_b_flips_the_sign_and_leaves_model_and_prompt_alone(self) -> None:
        made = asked("a cat <lora:ink:-0.5> <lora:wet:0.8>", option=WiringOption.B)
        (sampler,) = of_kind(made, "KSampler")
        wet, ink = of_kind(made, "LoraLoader")
        assert (ink["strength_model"], ink["strength_clip"]) == (0.0, 0.5)
        assert behind(made, sampler["model"])[1] is wet
        assert behind(made, behind(made, sampler["positive"])[1]["clip"])[1] is wet
        assert behind(made, behind(made, sampler["negative"])[1]["clip"])[1] is ink
        assert "CF-option-B" in rules(made)

    def test_option_b_is_about_negative_weights_alone(self) -> None:
        assert asked("a <lora:wet:0.8>", option=WiringOption.B) == asked("a <lora:wet:0.8>")

    def test_a_strength_of_its_own_on_the_negative_branch_goes_through_hooks(self) -> None:
        made = asked("a <lora:ink:0.8:neg=0.3> <lora:wet:0.5:neg=0:negte=0.1>")
        assert not of_kind(made, "LoraLoader")
        (sampler,) = of_kind(made, "KSampler")
        told = []
        for side in ("positive", "negative"):
            kind, clip = behind(made, behind(made, sampler[side])[1]["clip"])
            assert kind == "SetClipHooks"
            hook = behind(made, clip["hooks"])[1]
            while hook is not None:
                told.append(
                    (side, hook["lora_name"][:3], hook["strength_model"], hook["strength_clip"])
                )
                hook = behind(made, hook["prev_hooks"])[1] if "prev_hooks" in hook else None
        assert told == [
            ("positive", "wet", 0.5, 0.5),
            ("positive", "sty", 0.8, 0.8),
            ("negative", "wet", 0.0, 0.1),
            ("negative", "sty", 0.3, 0.3),
        ]

    def test_what_cannot_be_loaded_is_named(self) -> None:
        made = asked("<lora:ink:1@0,0@1> <hypernet:x:1> <lora:ink:0> <lora:gone:1>")
        assert [lora["lora_name"] for lora in of_kind(made, "LoraLoader")] == ["gone.safetensors"]
        assert sorted(rules(made)) == ["CF-file", "CF-network", "CF-weight"]

    def test_a_mask_of_blocks_is_no_part_of_the_workflow_and_that_is_said(self) -> None:
        made = asked("<lora:sty:0.8:blocks=-OUT3>")
        assert [lora["strength_model"] for lora in of_kind(made, "LoraLoader")] == [0.8]
        assert "CF-blocks" in rules(made)


class TestTexts:
    @pytest.mark.parametrize(
        ("prompt", "text", "rule"),
        [
            ("a (red:1.2) cat", "a (red:1.2) cat", "CF-emphasis"),
            ("a [red] cat", "a (red:0.9091) cat", "CF-brackets"),
            ("a [[red]] (cat", "a (red:0.8264) (cat:1.1)", "CF-brackets"),
            (r"a \[red\] \(cat\)", r"a [red] \(cat\)", "CF-brackets"),
            ("a cat # a comment", "a cat", None),
        ],
    )
    def test_attention(self, prompt: str, text: str, rule: str | None) -> None:
        made = asked(prompt)
        (sampler,) = of_kind(made, "KSampler")
        assert behind(made, sampler["positive"])[1]["text"].strip() == text
        assert rule is None or rule in rules(made)

    def test_break_is_two_encodes_joined(self) -> None:
        made = asked("a cat BREAK a (dog:1.2)")
        (joined,) = of_kind(made, "ConditioningConcat")
        texts = [behind(made, joined[f"conditioning_{side}"])[1]["text"] for side in ("to", "from")]
        assert texts == ["a cat", "a (dog:1.2)"]
        assert "CF-BREAK" in rules(made)

    def test_prompt_editing_holds_for_a_part_of_the_sampling(self) -> None:
        made = asked("a [cat:dog:0.25]")
        first, second = of_kind(made, "ConditioningSetTimestepRange")
        assert (first["start"], first["end"], second["start"], second["end"]) == (0, 0.25, 0.25, 1)
        texts = [behind(made, half["conditioning"])[1]["text"] for half in (first, second)]
        assert texts == ["a cat", "a dog"]
        assert "CF-schedule" in rules(made)

    def test_alternation_stays_with_its_first_words(self) -> None:
        made = asked("a [cat|dog]")
        assert {node["text"] for node in of_kind(made, "CLIPTextEncode")} == {"a cat", "blurry"}
        assert "CF-schedule" in rules(made)

    def test_and_is_said(self) -> None:
        made = asked("a cat AND a dog:0.5", "c AND d")
        assert len(of_kind(made, "ConditioningCombine")) == 1
        assert "CF-AND" in rules(made)
        # In a negative prompt it is a word to A1111 too.
        assert "c AND d" in {node["text"] for node in of_kind(made, "CLIPTextEncode")}

    def test_embeddings_get_the_name_that_comfyui_wants(self) -> None:
        made = exported(
            replace(
                SD1,
                negative_prompt="blurry, EasyNegative, (bad_hand:1.2), easynegative2",
                embeddings=frozenset({"EasyNegative", "bad_hand"}),
            )
        )
        (sampler,) = of_kind(made, "KSampler")
        assert behind(made, sampler["negative"])[1]["text"] == (
            "blurry, embedding:EasyNegative, (embedding:bad_hand:1.2), easynegative2"
        )


class TestFamilies:
    def test_sdxl_gets_zeros_for_no_negative_prompt(self) -> None:
        made = asked("a", "", family=ModelFamily.SDXL)
        (sampler,) = of_kind(made, "KSampler")
        assert behind(made, sampler["negative"])[0] == "ConditioningZeroOut"
        assert not of_kind(asked("a", "x", family=ModelFamily.SDXL), "ConditioningZeroOut")
        assert not of_kind(asked("a", "", family=ModelFamily.SD1), "ConditioningZeroOut")

    def test_clip_skip(self) -> None:
        skipped = replace(SD1, clip_skip=2)
        assert of_kind(exported(skipped), "CLIPSetLastLayer")[0]["stop_at_clip_layer"] == -2
        assert not of_kind(exported(skipped, family=ModelFamily.SDXL), "CLIPSetLastLayer")
        assert not of_kind(exported(), "CLIPSetLastLayer")

    FLUX = GenerationParameters(
        "a", "b", 1.0, distilled_cfg=3.5, checkpoint="flux1-dev", sampler="Euler"
    )

    def test_flux(self) -> None:
        made = exported(self.FLUX)
        assert of_kind(made, "FluxGuidance")[0]["guidance"] == 3.5
        assert of_kind(made, "EmptySD3LatentImage")
        assert of_kind(made, "KSampler")[0]["scheduler"] == "simple"

    def test_fluxs_parts_where_forge_loaded_them_apart(self) -> None:
        parts = replace(self.FLUX, modules=("ae", "t5xxl_fp8", "clip_l"))
        made = exported(parts)
        (clip,) = of_kind(made, "DualCLIPLoader")
        assert (clip["clip_name1"], clip["clip_name2"]) == (
            "clip_l.safetensors",
            "t5xxl_fp8.safetensors",
        )
        assert of_kind(made, "VAELoader") == [{"vae_name": "ae.safetensors"}]
        assert of_kind(made, "UNETLoader")[0]["unet_name"] == "flux1-dev.safetensors"

    def test_nag_is_comfyuis_own_node_on_flux(self) -> None:
        guided = replace(self.FLUX, guidance="NAG", nag=Nag(4.0, 2.5, 0.25))
        made = exported(guided)
        (node,) = of_kind(made, "NAGuidance")
        assert (node["nag_scale"], node["nag_tau"], node["nag_alpha"]) == (5.0, 2.5, 0.25)
        (sampler,) = of_kind(made, "KSampler")
        assert behind(made, sampler["model"])[1] is node
        assert "CF-guidance" in rules(made)

    @pytest.mark.parametrize(("method", "distilled"), [("VSF", 3.5), ("ONG", 3.5), ("NAG", None)])
    def test_other_guidance_is_left_out_and_said(
        self, method: str, distilled: float | None
    ) -> None:
        made = exported(replace(self.FLUX, guidance=method, distilled_cfg=distilled))
        assert not of_kind(made, "NAGuidance")
        assert "CF-guidance" in rules(made)


class TestSecondPass:
    def test_a_latent_upscale(self) -> None:
        hires = SecondPass(1.5, steps=7, upscaler="Latent (nearest-exact)", prompt="b", cfg_scale=4)
        made = exported(replace(SD1, hires=hires, denoising=0.6))
        first, second = of_kind(made, "KSampler")
        assert (first["denoise"], second["denoise"], second["steps"], second["cfg"]) == (
            1,
            0.6,
            7,
            4,
        )
        kind, upscale = behind(made, second["latent_image"])
        assert kind == "LatentUpscale"
        assert (upscale["width"], upscale["height"]) == (768, 768)
        assert upscale["upscale_method"] == "nearest-exact"
        assert behind(made, second["positive"])[1]["text"] == "b"
        assert behind(made, second["negative"])[1]["text"] == "blurry"

    def test_an_upscaler_with_a_model_is_named(self) -> None:
        made = exported(replace(SD1, hires=SecondPass(upscaler="R-ESRGAN 4x+"), denoising=0.4))
        assert of_kind(made, "ImageScale")[0]["upscale_method"] == "lanczos"
        assert "CF-upscaler" in rules(made)

    def test_loras_of_its_own(self) -> None:
        hires = SecondPass(prompt="b <lora:wet:1>")
        made = exported(replace(SD1, prompt="a <lora:ink:1>", hires=hires, denoising=0.4))
        first, second = (behind(made, node["model"])[1] for node in of_kind(made, "KSampler"))
        assert (first["lora_name"], second["lora_name"]) == (FILES["ink"], FILES["wet"])

    def test_a_picture_from_a_picture(self) -> None:
        made = exported(replace(SD1, steps=20, denoising=0.5))
        (sampler,) = of_kind(made, "KSampler")
        # A1111 runs eleven of twenty steps; ComfyUI's number is of those that are run.
        assert (sampler["steps"], sampler["denoise"]) == (11, 0.5)
        assert "CF-picture" in rules(made)


@pytest.mark.parametrize(
    ("sampler", "schedule", "expected"),
    [
        ("DPM++ 2M", "Automatic", ("dpmpp_2m", "karras")),
        ("DPM++ 2M Karras", "", ("dpmpp_2m", "karras")),
        ("DPM++ 2M SDE Heun", "Exponential", ("dpmpp_2m_sde_heun", "exponential")),
        ("DPM++ 3M SDE Exponential", "", ("dpmpp_3m_sde", "exponential")),
        ("Euler", "Uniform", ("euler", "normal")),
        ("Euler a", "SGM Uniform", ("euler_ancestral", "sgm_uniform")),
        ("DDIM", "", ("ddim", "ddim_uniform")),
        ("UniPC", "Beta", ("uni_pc", "beta")),
        ("Restart", "Align Your Steps", ("euler", "karras")),
        ("", "", ("euler", "normal")),
        ("res_multistep", "kl_optimal", ("res_multistep", "kl_optimal")),
        ("Something new", "", ("euler", "normal")),
    ],
)
def test_samplers_and_schedules(sampler: str, schedule: str, expected: tuple[str, str]) -> None:
    choice = comfy_names.choose(sampler, schedule)
    assert (choice.sampler.name, choice.schedule.name) == expected
    known = sampler.lower() not in ("restart", "something new")
    assert choice.sampler.same == known


INFOTEXT = """a cat <lora:ink:-0.5>
Negative prompt: blurry, EasyNegative
Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6, Seed: 18446744073709551615, \
Size: 832x1216, Model: pony, Denoising strength: 0.35, Clip skip: 2, Hires upscale: 1.5, \
Hires steps: 10, Hires upscaler: Latent, TI hashes: "EasyNegative: c74b4e810b03", \
ADetailer model: face_yolov8n.pt, LoRA Neg: Enforce, Version: v1.10.1"""


def test_an_infotext_tells_all_of_it() -> None:
    made = from_infotext(parse_infotext(INFOTEXT))
    assert (made.steps, made.seed, made.width, made.height) == (25, 2**64 - 1, 832, 1216)
    assert (made.clip_skip, made.denoising, made.checkpoint) == (2, 0.35, "pony")
    assert made.hires == SecondPass(1.5, steps=10)
    assert made.embeddings == {"EasyNegative"}
    assert made.left_out == ("ADetailer model",)
    # Without a word on it, A1111's noise is the GPU's.
    assert "CF-noise" in rules(exported(made))


@pytest.mark.parametrize(
    "parameters",
    ["Steps: 1e9, Size: 0x0, Seed: -1", "Steps: x, Size: 9x999999, Seed: nan, Clip skip: 99", ""],
)
def test_odd_numbers_in_an_infotext(parameters: str) -> None:
    made = from_infotext(parse_infotext(f"a\nNegative prompt: b\n{parameters}, CFG scale: 7"))
    assert (made.width, made.height, made.seed) == (512, 512, 0)
    assert 1 <= made.steps <= 10_000
    json.dumps(exported(made).prompt)
