"""Where the sources that findings name can be read.

A source without an address is one that has no lasting one: ``docs/sources.md`` says of each what it
is and what of it is used.
"""

from __future__ import annotations

LINKS: dict[str, str] = {
    "sdxl-wrong-lora model card (minimaxir)": ("https://huggingface.co/minimaxir/sdxl-wrong-lora"),
    "koboldcpp #2029": "https://github.com/LostRuins/koboldcpp/pull/2029",
    "Concept Sliders (ECCV 2024)": "https://arxiv.org/abs/2311.12092",
    "ComfyUI-Inspire-Pack #167": "https://github.com/ltdrdata/ComfyUI-Inspire-Pack/issues/167",
    "SHARK PR #1972": "https://github.com/nod-ai/AMD-SHARK-Studio/pull/1972",
    "Unraveling the mechanism behind negative prompt usage": (
        "https://stable-diffusion-art.com/how-negative-prompt-work/"
    ),
    "A1111 wiki": "https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#lora",
}
"""Addresses by the words that name a source within a finding's ``source``."""


def linked_parts(source: str) -> list[tuple[str, str]]:
    """Split a finding's source into pieces of text, each with its address or an empty one."""
    pieces: list[tuple[str, str]] = [(source, "")]
    for name, address in LINKS.items():
        split: list[tuple[str, str]] = []
        for text, known in pieces:
            before, found, after = text.partition(name) if not known else (text, "", "")
            if not found:
                split.append((text, known))
                continue
            split += [(before, ""), (found, address), (after, "")]
        pieces = [(text, known) for text, known in split if text]
    return pieces
