"""Small generations as workflows of ComfyUI, and what to look for in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib_lora_neg.export.comfyui import ComfyWorkflow, to_comfyui
from lib_lora_neg.export.generation import GenerationParameters

FILES = {"ink": "styles/ink.safetensors", "wet": "wet.safetensors"}
SD1 = GenerationParameters(
    "a cat", "blurry", 6.0, 12, "Euler a", seed=5, checkpoint="model.safetensors"
)


def exported(generation: GenerationParameters = SD1, **more: Any) -> ComfyWorkflow:
    return to_comfyui(generation, file_of=FILES.get, **more)


def asked(prompt: str, negative: str = "blurry", **more: Any) -> ComfyWorkflow:
    return exported(replace(SD1, prompt=prompt, negative_prompt=negative), **more)


def of_kind(made: ComfyWorkflow, kind: str) -> list[Mapping[str, Any]]:
    return [node["inputs"] for node in made.prompt.values() if node["class_type"] == kind]


def behind(made: ComfyWorkflow, link: list[Any]) -> tuple[str, Mapping[str, Any]]:
    node = made.prompt[link[0]]
    return node["class_type"], node["inputs"]


def rules(made: ComfyWorkflow) -> list[str]:
    return [finding.rule for finding in made.findings]
