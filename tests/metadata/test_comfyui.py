"""Workflows of ComfyUI, written as the server and the page write them."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.metadata import NamedLora, recipes_of_json
from tests.metadata.comfy_graphs import IN, loaded, node, page, read, workflow


def test_a_plain_workflow() -> None:
    recipe = read(workflow())
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == (
        "a lighthouse", "lowres", 9.0,
    )  # fmt: skip
    assert (recipe.loras, recipe.hires, recipe.notes) == ((), None, ())
    assert read({"prompt": workflow(), "client_id": "x"}) == recipe


STY = NamedLora("sty", -0.9, 0.5)
LOADERS = {
    "LoraLoader": node(
        "LoraLoader", lora_name="a/sty.safetensors", strength_model=-0.9, strength_clip=0.5, **IN
    ),
    "pysssss": node(
        "LoraLoader|pysssss", lora_name={"content": "a\\sty.safetensors", "image": None},
        strength_model=-0.9, strength_clip=0.5, **IN,
    ),
    "Comfyroll": node(
        "CR Load LoRA", switch="On", lora_name="sty.safetensors", strength_model=-0.9,
        strength_clip=0.5, **IN,
    ),
    "rgthree power": node(
        "Power Lora Loader (rgthree)", PowerLoraLoaderHeaderWidget={"type": "x"},
        lora_1={"on": True, "lora": "sty.safetensors", "strength": -0.9, "strengthTwo": 0.5},
        lora_2={"on": False, "lora": "off.safetensors", "strength": 1.0}, **IN,
    ),
    "Lora-Manager": node(
        "Lora Loader (LoraManager)", text="<lora:sty:-0.9:0.5>",
        loras={"__value__": [
            {"name": "sty", "strength": -0.9, "clipStrength": "0.5", "active": True},
            {"name": "off", "strength": 1, "active": False},
        ]}, **IN,
    ),
    "Lora-Manager text": node(
        "LoRA Text Loader (LoraManager)", lora_syntax="<lora:sty:-0.9:0.5>", **IN
    ),
}  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS.keys())
def test_loaders(loader: dict[str, Any]) -> None:
    recipe = loaded(loader)
    assert recipe.loras == (STY,)
    assert recipe.notes == ()


STACKS = {
    "Efficiency, advanced": node(
        "LoRA Stacker", input_mode="advanced", lora_count=1, lora_name_1="sty.safetensors",
        lora_wt_1=1.0, model_str_1=-0.9, clip_str_1=0.5, lora_name_2="not.safetensors",
        lora_wt_2=1.0, model_str_2=1.0, clip_str_2=1.0,
    ),
    "Comfyroll": node(
        "CR LoRA Stack", switch_1="On", lora_name_1="sty.safetensors", model_weight_1=-0.9,
        clip_weight_1=0.5, switch_2="Off", lora_name_2="not.safetensors", model_weight_2=1.0,
        clip_weight_2=1.0,
    ),
    "easy-use": node(
        "easy loraStack", toggle=True, mode="advanced", num_loras=1,
        lora_1_name="sty.safetensors", lora_1_strength=1.0, lora_1_model_strength=-0.9,
        lora_1_clip_strength=0.5,
    ),
    "Lora-Manager": node(
        "Lora Stacker (LoraManager)", text="",
        loras=[{"name": "sty", "strength": -0.9, "clipStrength": 0.5, "active": True}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS.keys())
def test_stacks(stack: dict[str, Any]) -> None:
    apply = node("CR Apply LoRA Stack", lora_stack=["11", 0], **IN)
    recipe = loaded(apply, n11=stack)
    assert recipe.loras == (STY,)
    assert recipe.notes == ()


def test_simple_stacks_have_one_weight() -> None:
    stack = node(
        "LoRA Stacker", input_mode="simple", lora_count=1, lora_name_1="sty.safetensors",
        lora_wt_1=-0.9, model_str_1=1.0, clip_str_1=1.0,
    )  # fmt: skip
    recipe = loaded(node("CR Apply LoRA Stack", lora_stack=["11", 0], **IN), n11=stack)
    assert recipe.loras == (NamedLora("sty", -0.9),)
    rgthree = node("Lora Loader Stack (rgthree)", lora_01="sty.safetensors", strength_01=-0.9,
                   lora_02="None", strength_02=1.0, **IN)  # fmt: skip
    assert loaded(rgthree).loras == (NamedLora("sty", -0.9),)


def test_the_guards_own_nodes_are_read_as_what_they_were_given() -> None:
    guard = node(
        "NegGuardPrompts", positive="a cat <lora:sty:-0.9:0.5>", negative=["10", 3],
        cfg=8.0, model=["10", 0],
    )  # fmt: skip
    loader = node(
        "NegGuardLoraLoader", lora_name="sub/sty.safetensors", strength_model=-0.9,
        strength_clip=0.5, wiring="A: on the model", negative="lowres, trigger", cfg=9.0, **IN,
    )  # fmt: skip
    graph = workflow(n10=loader, n11=guard)
    graph["5"]["inputs"] |= {"model": ["10", 0], "cfg": ["11", 2]}
    graph["2"]["inputs"] |= {"text": ["11", 0], "clip": ["10", 1]}
    graph["3"]["inputs"] |= {"text": ["11", 1], "clip": ["10", 2]}
    recipe = read(graph)
    assert recipe.prompt == "a cat <lora:sty:0.5:-0.9>"
    assert (recipe.negative_prompt, recipe.cfg_scale) == ("lowres, trigger", 8.0)
    assert recipe.loras == (STY,)
    graph["10"]["inputs"]["wiring"] = "B: into the negative text encode"
    recipe = read(graph)
    assert recipe.loras == ()
    assert any("option B" in note for note in recipe.notes)


def test_loaders_in_a_row_and_the_model_alone() -> None:
    first = node("LoraLoaderModelOnly", lora_name="one.safetensors", strength_model=1.0,
                 model=["1", 0])  # fmt: skip
    second = node("LoraLoader", lora_name="two.safetensors", strength_model=0.5,
                  strength_clip=0.5, model=["11", 0], clip=["1", 1])  # fmt: skip
    recipe = loaded(second, n11=first)
    assert recipe.loras == (NamedLora("one", 1.0, 0.0), NamedLora("two", 0.5, 0.5))


def test_efficiency_loader_and_sampler() -> None:
    graph = {
        "1": node(
            "Efficient Loader", ckpt_name="x", lora_name="sty.safetensors",
            lora_model_strength=-0.9, lora_clip_strength=0.5, positive="a lighthouse",
            negative="lowres", lora_stack=["9", 0],
        ),
        "2": node("KSampler (Efficient)", model=["1", 0], positive=["1", 1], negative=["1", 2],
                  latent_image=["1", 3], cfg=9.0, script=["8", 0]),
        "3": node("SaveImage", images=["2", 5]),
        "9": node("LoRA Stacker", input_mode="simple", lora_count=1, lora_name_1="b.safetensors",
                  lora_wt_1=1.0),
    }  # fmt: skip
    recipe = read(graph)
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == (
        "a lighthouse", "lowres", 9.0,
    )  # fmt: skip
    assert set(recipe.loras) == {STY, NamedLora("b", 1.0)}


def test_the_clip_alone_is_a_lora_on_the_text_encoder() -> None:
    graph = workflow(n10=LOADERS["LoraLoader"])
    graph["2"]["inputs"]["clip"] = ["10", 1]
    assert read(graph).loras == (NamedLora("sty", 0.0, 0.5),)
    graph["2"]["inputs"]["clip"] = ["1", 1]
    graph["3"]["inputs"]["clip"] = ["10", 1]
    option_b = read(graph)
    assert option_b.loras == ()
    assert any("sty" in note for note in option_b.notes)


TEXTS = {
    "a primitive": node("PrimitiveStringMultiline", value="a boat"),
    "shown text": node("ShowText|pysssss", text=["31", 0], text_0="a boat"),
    "joined": node("StringConcatenate", string_a="a", string_b=["32", 0], delimiter=" "),
    "a wildcard that was filled": node(
        "ImpactWildcardProcessor", wildcard_text="a __thing__", populated_text="a boat"
    ),
}


@pytest.mark.parametrize("source", TEXTS.values(), ids=TEXTS.keys())
def test_texts_from_other_nodes(source: dict[str, Any]) -> None:
    graph = workflow(
        n30=source,
        n31=node("String Literal", string="a boat"),
        n32=node("Text Multiline", text="boat"),
    )
    graph["2"]["inputs"]["text"] = ["30", 0]
    recipe = read(graph)
    assert recipe.prompt == "a boat"
    assert recipe.notes == ()


def test_conditionings_are_followed() -> None:
    graph = workflow(
        n20=node("CLIPTextEncode", text="fog", clip=["1", 1]),
        n21=node("ConditioningCombine", conditioning_1=["2", 0], conditioning_2=["20", 0]),
        n22=node("ControlNetApplyAdvanced", positive=["21", 0], negative=["3", 0],
                 control_net=["23", 0], image=["24", 0], strength=1.0),
    )  # fmt: skip
    graph["5"]["inputs"].update(positive=["22", 0], negative=["22", 1])
    recipe = read(graph)
    assert (recipe.prompt, recipe.negative_prompt) == ("a lighthouse, fog", "lowres")


def test_two_texts_of_sdxl_and_a_zeroed_negative() -> None:
    graph = workflow(
        n2=node("CLIPTextEncodeSDXL", text_g="a lighthouse", text_l="oil", clip=["1", 1]),
        n8=node("ConditioningZeroOut", conditioning=["2", 0]),
    )
    graph["5"]["inputs"]["negative"] = ["8", 0]
    recipe = read(graph)
    assert (recipe.prompt, recipe.negative_prompt) == ("a lighthouse, oil", "")


def test_flux_with_a_guider() -> None:
    graph = {
        "1": node("UNETLoader", unet_name="flux.safetensors"),
        "2": node("LoraLoaderModelOnly", lora_name="s.safetensors", strength_model=-2.0,
                  model=["1", 0]),
        "3": node("CLIPTextEncode", text="a lighthouse", clip=["9", 0]),
        "4": node("FluxGuidance", conditioning=["3", 0], guidance=3.5),
        "5": node("BasicGuider", model=["2", 0], conditioning=["4", 0]),
        "6": node("SamplerCustomAdvanced", noise=["8", 0], guider=["5", 0], sampler=["8", 0],
                  sigmas=["8", 0], latent_image=["10", 0]),
        "7": node("VAEDecode", samples=["6", 0], vae=["9", 0]),
        "8": node("RandomNoise", noise_seed=1),
        "9": node("DualCLIPLoader", clip_name1="a", clip_name2="b"),
        "10": node("EmptySD3LatentImage", width=8, height=8),
        "11": node("SaveImage", images=["7", 0]),
    }  # fmt: skip
    recipe = read(graph)
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == ("a lighthouse", "", 1.0)
    assert recipe.distilled
    assert recipe.loras == (NamedLora("s", -2.0, 0.0),)
    assert recipe.notes == ()


def test_the_sampler_that_made_the_picture_counts() -> None:
    other = node("KSampler", model=["1", 0], positive=["3", 0], negative=["2", 0],
                 latent_image=["4", 0], cfg=2.0)  # fmt: skip
    assert read(workflow(n0=other)).cfg_scale == 9.0
    preview = workflow(
        n0=other,
        n50=node("VAEDecode", samples=["0", 0], vae=["1", 2]),
        n51=node("PreviewImage", images=["50", 0]),
    )
    assert read(preview).cfg_scale == 9.0


def test_a_second_sampler_is_the_hires_pass() -> None:
    graph = workflow(
        n8=node("LatentUpscaleBy", samples=["5", 0], scale_by=1.5),
        n9=node("KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0],
                latent_image=["8", 0], cfg=["40", 0], denoise=0.5),
        n40=node("PrimitiveFloat", value=4.0),
    )  # fmt: skip
    graph["6"]["inputs"]["samples"] = ["9", 0]
    recipe = read(graph)
    assert recipe.cfg_scale == 9.0
    assert recipe.hires is not None
    assert recipe.hires.cfg_scale == 4.0


def test_two_saved_pictures_are_two_recipes() -> None:
    graph = workflow(
        n8=node("KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0],
                latent_image=["4", 0], cfg=2.0),
        n9=node("VAEDecode", samples=["8", 0], vae=["1", 2]),
        n10=node("SaveImage", images=["9", 0]),
    )  # fmt: skip
    assert [recipe.cfg_scale for recipe in recipes_of_json(graph)] == [9.0, 2.0]


def test_tags_stand_in_the_order_of_comfyui() -> None:
    graph = workflow(
        n2=node("ImpactWildcardEncode", wildcard_text="x", populated_text="a <lora:s:-0.9:0.5>",
                model=["1", 0], clip=["1", 1])
    )  # fmt: skip
    assert read(graph).prompt == "a <lora:s:0.5:-0.9>"
    plain = read(workflow(n2=node("CLIPTextEncode", text="a <lora:s:-0.9>", clip=["1", 1])))
    assert any("words" in note for note in plain.notes)


def test_the_workflow_of_the_page() -> None:
    def inputs(**named: int) -> list[dict[str, Any]]:
        return [{"name": name, "type": name.upper(), "link": link} for name, link in named.items()]

    nodes = [
        {"id": 1, "type": "CheckpointLoaderSimple", "mode": 0, "widgets_values": ["x"]},
        {"id": 2, "type": "LoraLoader", "mode": 0, "inputs": inputs(model=1, clip=2),
         "widgets_values": ["sty.safetensors", -0.9, 0.5]},
        {"id": 8, "type": "LoraLoader", "mode": 4, "inputs": inputs(model=3, clip=4),
         "widgets_values": ["passed.safetensors", 1, 1]},
        {"id": 3, "type": "CLIPTextEncode", "mode": 0, "inputs": inputs(clip=6),
         "widgets_values": ["a lighthouse"]},
        {"id": 4, "type": "CLIPTextEncode", "mode": 0, "inputs": inputs(clip=6),
         "widgets_values": ["lowres"]},
        {"id": 5, "type": "KSampler", "mode": 0,
         "inputs": inputs(model=5, positive=7, negative=8),
         "widgets_values": [1, "randomize", 20, 9.0, "euler", "normal", 1.0]},
        {"id": 6, "type": "VAEDecode", "mode": 0, "inputs": inputs(samples=9)},
        {"id": 7, "type": "SaveImage", "mode": 0, "inputs": inputs(images=10)},
    ]  # fmt: skip
    links = [
        [1, 1, 0, 2, 0, "MODEL"], [2, 1, 1, 2, 1, "CLIP"], [3, 2, 0, 8, 0, "MODEL"],
        [4, 2, 1, 8, 1, "CLIP"], [5, 8, 0, 5, 0, "MODEL"], [6, 8, 1, 3, 0, "CLIP"],
        [7, 3, 0, 5, 1, "CONDITIONING"], [8, 4, 0, 5, 2, "CONDITIONING"],
        [9, 5, 0, 6, 0, "LATENT"], [10, 6, 0, 7, 0, "IMAGE"],
    ]  # fmt: skip
    for entry in nodes[2]["inputs"]:
        entry["type"] = entry["name"].upper()
    recipe = read(page(nodes, links))
    assert (recipe.prompt, recipe.negative_prompt, recipe.cfg_scale) == (
        "a lighthouse", "lowres", 9.0,
    )  # fmt: skip
    assert recipe.loras == (STY,)
