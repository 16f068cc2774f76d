"""Workflows of ComfyUI: nodes of packs, as the server and the page keep them."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.metadata import NamedLora
from lib_lora_neg.metadata.comfyui import loras_before
from tests.metadata.comfy_graphs import node, page, read, workflow


class TestPacks:
    """Nodes of packs as the page keeps them: values beside those of the widgets."""

    TEXTS = (("clip", 1), ("text", None))

    @staticmethod
    def shown(number: int, kind: str, inputs: list[Any], values: Any) -> dict[str, Any]:
        entries = [
            {"name": name, "type": "*", "link": link} if isinstance(link, int)
            else {"name": name, "type": "*", "link": None, "widget": {"name": name}}
            for name, link in inputs
        ]  # fmt: skip
        return {"id": number, "type": kind, "mode": 0, "inputs": entries, "widgets_values": values}

    def workflow(self, *more: dict[str, Any], extra: Any = ()) -> dict[str, Any]:
        texts = [("clip", 3), ("seed", None), ("text", None)]
        note = {"version": 1, "textWidgetName": "text"}
        sampler = [("model", 2), ("positive", 4), ("negative", 5), ("cfg", None)]
        nodes = [
            self.shown(1, "Checkpoint Loader (LoraManager)", [("ckpt_name", None)], ["m"]),
            self.shown(2, "Prompt (LoraManager)", texts, [note, "a lighthouse"]),
            self.shown(3, "Prompt (LoraManager)", texts, [note, "lowres"]),
            self.shown(4, "KSampler", sampler, [1, "fixed", 20, 9.0, "euler", "normal", 1]),
            *more,
        ]
        links = [[2, 1, 0, 4, 0, "MODEL"], [3, 1, 1, 2, 0, "CLIP"], *extra]
        links += [[4, 2, 0, 4, 1, "CONDITIONING"], [5, 3, 0, 4, 2, "CONDITIONING"]]
        return page(nodes, links)

    def test_a_prompt_beside_a_nodes_own_notes(self) -> None:
        recipe = read(self.workflow())
        assert (recipe.prompt, recipe.negative_prompt) == ("a lighthouse", "lowres")
        # The pack's name in brackets makes no loader of LoRAs of its nodes.
        assert recipe.notes == ()

    def test_trigger_words_that_are_switched_on(self) -> None:
        words = [{"text": "ink", "active": True}, {"text": "wash", "active": False}]
        toggle = self.shown(
            5, "TriggerWord Toggle (LoraManager)", [("group_mode", None)], [True, words, "ink"]
        )
        made = self.workflow(toggle, extra=[[9, 5, 0, 2, 0, "STRING"]])
        made["nodes"][1] = self.shown(2, "CLIPTextEncode", [("clip", 3), ("text", 9)], ["old"])
        assert read(made).prompt == "ink"
        # As the server has them.
        graph = workflow(
            n2=node("CLIPTextEncode", text=["20", 0], clip=["1", 1]),
            n20=node("TriggerWord Toggle (LoraManager)", toggle_trigger_words={"__value__": words}),
        )
        assert read(graph).prompt == "ink"

    def test_trigger_words_before_a_prompt(self) -> None:
        graph = workflow(
            n2=node(
                "Prompt (LoraManager)", text="a house", clip=["1", 1], trigger_words1=["20", 0]
            ),
            n20=node("Text (LoraManager)", text="inkwash"),
        )
        assert read(graph).prompt == "inkwash, a house"

    def test_films_of_wan(self) -> None:
        graph = {
            "1": node("WanVideoLoraSelect", lora="ink.safetensors", strength=-0.9),
            "2": node("WanVideoModelLoader", model="wan.safetensors", lora=["1", 0]),
            "3": node("WanVideoTextEncode", positive_prompt="a wolf", negative_prompt="still"),
            "4": node("WanVideoSampler", model=["2", 0], text_embeds=["3", 0], cfg=6.0),
        }
        recipe = read(graph)
        assert (recipe.prompt, recipe.negative_prompt) == ("a wolf", "still")
        assert recipe.loras == (NamedLora("ink", -0.9),)


@pytest.mark.parametrize(
    "loader",
    [
        node("Power Prompt (rgthree)", prompt="a <lora:sub/ink:-0.9> b", opt_model=["1", 0],
             opt_clip=["1", 1]),
        node("ImpactWildcardEncode", model=["1", 0], clip=["1", 1],
             populated_text="<lora:ink:-0.9>", wildcard_text="__x__ <lora:other:1>"),
        node("Lora Loader Stack (rgthree)", model=["1", 0], clip=["1", 1],
             lora_01="ink.safetensors", strength_01=-0.9, lora_02="None", strength_02=1.0),
        node("Power Lora Loader (rgthree)", model=["1", 0], clip=["1", 1],
             lora_1={"on": True, "lora": "ink.safetensors", "strength": -0.9},
             lora_2={"on": False, "lora": "other.safetensors", "strength": 1}),
    ],
)  # fmt: skip
def test_what_is_loaded_before_a_node(loader: dict[str, Any]) -> None:
    graph = workflow(n10=loader, n11=node("NegGuardPrompts", model=["10", 0]))
    loras, notes = loras_before(graph, "11")
    assert [(lora.name, lora.unet) for lora in loras] == [("ink", -0.9)]
    assert notes == ()
