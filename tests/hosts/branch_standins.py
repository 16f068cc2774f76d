"""Layers, prompts and processing objects for tests of branches in WebUIs."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch  # noqa: E402
from tests.hosts.standins import Processing  # noqa: E402

C, U = Branch.COND, Branch.UNCOND
RANK = 2


class Text(list[str]):
    """As the host's SdConditioning."""

    def __init__(self, texts: list[str], is_negative_prompt: bool) -> None:
        super().__init__(texts)
        self.is_negative_prompt = is_negative_prompt


class Inner(torch.nn.Module):
    """A denoiser of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = torch.nn.Linear(4, 4)

    def forward(self, x: Any, transformer_options: Any = None) -> Any:
        return self.proj(x)


class Encoder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(4, 4)


def tensors(seed: int) -> tuple[Any, Any]:
    own = torch.Generator().manual_seed(seed)
    return torch.randn(RANK, 4, generator=own), torch.randn(4, RANK, generator=own)


class Said(list[str]):
    def __call__(self, _: Any, text: str) -> None:
        self.append(text)


def change(seed: int) -> Any:
    down, up = tensors(seed)
    return 0.5 * up @ down


def processing(model: Any, cfg: float = 5.0) -> Processing:
    return Processing(sd_model=model, cfg_scale=cfg, all_prompts=["a cat"])
