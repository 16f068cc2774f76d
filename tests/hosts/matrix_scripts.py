"""Scripts of other extensions, as they write LoRAs: no further than what those are known to do."""

from __future__ import annotations

from copy import copy
from typing import Any

from tests.hosts.standins import Processing

processed: list[Processing] = []


def process_images(p: Processing) -> None:
    """As the host's, for scripts that make the pictures themselves."""
    processed.append(p)


class WeightTester:
    """As LoRA Tester: always on, makes one batch per weight, adds the tag after the plan."""

    def __init__(self, enabled: bool = True, mark: str = "_lora_tester_state") -> None:
        self.enabled, self.mark = enabled, mark
        self.args_from, self.args_to = 0, 1

    def title(self) -> str:
        return "LoRA Tester"

    def before_process(self, p: Any, cases: list[dict[str, Any]]) -> None:
        setattr(p, self.mark, {"cases": cases})
        p.n_iter = len(cases)
        p.batch_size = 1

    def before_process_batch(self, p: Any, number: int) -> None:
        case = getattr(p, self.mark)["cases"][number]
        if case["lora_tag_name"]:
            tag = f"<lora:{case['lora_tag_name']}:{case['weight']}>"
            p.prompts[:] = [f"{text} {tag}" for text in p.prompts]


class Compare:
    """As LoRA Strength Compare: one of the list, makes a copy of the job for each weight."""

    def title(self) -> str:
        return "LoRA Strength  Compare"

    def run(self, p: Any, name: str, weights: list[float]) -> None:
        for weight in weights:
            pc = copy(p)
            tags = " ".join(f"<lora:{each}:{weight}>" for each in [name])
            pc.prompt = f"{p.prompt}, {tags}"
            process_images(pc)


class Grid:
    """As grids that replace text: one of the list, knows nothing of LoRAs."""

    def title(self) -> str:
        return "Grid"

    def run(self, p: Any, pieces: list[str]) -> None:
        for piece in pieces:
            pc = copy(p)
            pc.prompt = p.prompt.replace(pieces[0], piece)
            process_images(pc)


class Matrix:
    """As the host's prompt matrix: one of the list, all prompts in one job."""

    def title(self) -> str:
        return "Prompt matrix"

    def run(self, p: Any) -> None:
        base, *parts = p.prompt.split("|")
        combined = [
            ", ".join([base, *(part for bit, part in enumerate(parts) if number >> bit & 1)])
            for number in range(1 << len(parts))
        ]
        p.prompt, p.n_iter = combined, len(combined)
        process_images(p)


class Lines:
    """As Prompts from file: one of the list, each line is a job of its own."""

    def title(self) -> str:
        return "Prompts from file or textbox"

    def run(self, p: Any, lines: list[str]) -> None:
        for line in lines:
            pc = copy(p)
            pc.prompt = line
            process_images(pc)


class Quality:
    """A script of the list that adds one LoRA at one weight to a few pictures."""

    def title(self) -> str:
        return "Quality"

    def run(self, p: Any) -> None:
        for _ in range(2):
            pc = copy(p)
            pc.prompt = p.prompt + " <lora:style:-0.9>"
            process_images(pc)


class Mixer:
    """As LoRA Mixer: always on, writes its tags into all prompts before the plan."""

    args_from, args_to = 0, 1

    def title(self) -> str:
        return "LoRA Mixer"

    def process(self, p: Any, name: str, weight: str) -> None:
        p.all_prompts = [f"{text} <lora:{name}:{weight}>" for text in p.all_prompts]
        p.main_prompt = p.all_prompts[0]
