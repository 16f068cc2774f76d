"""Workflows of ComfyUI: LoRAs that come by hooks."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.metadata import Recipe
from tests.metadata.comfy_graphs import IN, loaded, node, read, workflow


class TestHooks:
    """LoRAs that come with a conditioning act on its branch alone."""

    @staticmethod
    def hooked(positive: Any, negative: Any, **more: dict[str, Any]) -> Recipe:
        graph = workflow(**more)
        for key, hooks in (("2", positive), ("3", negative)):
            if hooks:
                graph[f"1{key}"] = node("SetClipHooks", clip=["1", 1], hooks=hooks)
                graph[key]["inputs"]["clip"] = [f"1{key}", 0]
        return read(graph)

    @staticmethod
    def hook(name: str, strength: float, before: Any = None) -> dict[str, Any]:
        more = {"prev_hooks": before} if before else {}
        return node("CreateHookLora", lora_name=f"{name}.safetensors", strength_model=strength,
                    strength_clip=strength, **more)  # fmt: skip

    def test_one_lora_two_strengths(self) -> None:
        recipe = self.hooked(
            ["20", 0], ["21", 0], n20=self.hook("ink", 0.8), n21=self.hook("ink", 0.3)
        )
        assert [lora.tag() for lora in recipe.loras] == ["<lora:ink:0.8:neg=0.3>"]
        assert recipe.notes == ()

    def test_on_one_branch(self) -> None:
        hooks = {"n20": self.hook("ink", -0.9)}
        on_positive = self.hooked(["20", 0], None, **hooks)
        assert [lora.tag() for lora in on_positive.loras] == ["<lora:ink:-0.9:neg=0>"]
        on_negative = self.hooked(None, ["20", 0], **hooks)
        assert [lora.tag() for lora in on_negative.loras] == ["<lora:ink:0:neg=-0.9>"]

    def test_the_same_hooks_on_both_are_one_strength(self) -> None:
        recipe = self.hooked(["20", 0], ["20", 0], n20=self.hook("ink", 0.8))
        assert [lora.tag() for lora in recipe.loras] == ["<lora:ink:0.8>"]

    def test_hooks_in_a_row_and_joined(self) -> None:
        recipe = self.hooked(
            ["22", 0],
            None,
            n19=self.hook("wet", 0.4),
            n20=self.hook("ink", 0.8, ["19", 0]),
            n21=self.hook("dry", 0.2),
            n22=node("CombineHooks2", hooks_A=["20", 0], hooks_B=["21", 0]),
        )
        assert {lora.name for lora in recipe.loras} == {"wet", "ink", "dry"}
        assert recipe.notes == ()

    def test_on_the_conditioning_itself(self) -> None:
        graph = workflow(
            n20=self.hook("ink", -0.9),
            n21=node("ConditioningSetProperties", cond_NEW=["2", 0], conditioning=["2", 0],
                     hooks=["20", 0]),
        )  # fmt: skip
        graph["5"]["inputs"]["positive"] = ["21", 0]
        assert [lora.tag() for lora in read(graph).loras] == ["<lora:ink:-0.9:neg=0>"]

    @pytest.mark.parametrize("more", [
        {"n20": node("SetHookKeyframes", hooks=["21", 0], hook_kf=["22", 0])},
        {"n20": node("Odd", hooks=["20", 0])},
        {},
    ])  # fmt: skip
    def test_what_cannot_be_followed_is_named(self, more: dict[str, Any]) -> None:
        assert self.hooked(["20", 0], None, n21=self.hook("ink", 0.5), **more).notes

    def test_the_guards_own_loader(self) -> None:
        recipe = loaded(node("NegGuardLoraLoader", **IN, lora_name="ink.safetensors",
                             strength_model=0.8, strength_clip=0.8, neg=0.3,
                             wiring="neg: own strength on the negative branch"))  # fmt: skip
        assert [lora.tag() for lora in recipe.loras] == ["<lora:ink:0.8:neg=0.3>"]
