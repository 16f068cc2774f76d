"""Second stage of the world: the text encoder learns to say what a caption asks for.

It is what CLIP's pretraining does for a real model, in small: the state at the end of the text must
tell shape, colour and all the rest, or that they were not mentioned. The unet then finds the
meaning in the text ready made and trains the encoder on.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lab.captions import caption
from lab.model import make_text_encoder
from lab.palette import COLOURS
from lab.parallel import here
from lab.scenes import PLACES, SIZES, SURFACES, Scene, random_scene
from lab.shapes import SHAPES
from lab.spoil import SPOILERS
from lab.tokenizer import END, encode, vocabulary

#: What is asked: question to possible answers; the answer after the last is "not said".
QUESTIONS: dict[str, tuple[str, ...]] = {
    "shape": tuple(SHAPES),
    "colour": tuple(COLOURS),
    "size": tuple(SIZES),
    "place": tuple(PLACES),
    "background": tuple(COLOURS),
    "surface": SURFACES[1:],
    "gradient": ("gradient",),
    "outlined": ("outlined",),
    "hat": ("hat",),
    "spoilt": tuple(SPOILERS),
}


def _answers(text: str, scene: Scene, spoilt: str | None) -> list[int]:
    """What ``text`` says of its scene, one index per question."""
    said = set(text.replace(",", " ").split())
    found = []
    for question, options in QUESTIONS.items():
        if question == "background":
            value = scene.background if f"{scene.background} background" in text else None
        elif question == "colour":
            rest = text.replace(f"{scene.background} background", "")
            value = scene.colour if scene.colour in rest.replace(",", " ").split() else None
        elif question == "spoilt":
            value = spoilt if spoilt in said else None
        elif question in options:
            value = question if question in said else None
        else:
            value = getattr(scene, question) if getattr(scene, question) in said else None
        found.append(options.index(value) if value in options else len(options))
    return found


def _batch(rng: np.random.Generator, scenes: list[Scene], size: int) -> tuple[torch.Tensor, ...]:
    ids, answers = [], []
    for index in rng.integers(0, len(scenes), size):
        scene = replace(scenes[index])
        spoilt = str(rng.choice(list(SPOILERS))) if rng.random() < 0.1 else None
        text = caption(scene, rng, spoilt)
        ids.append(encode(text))
        answers.append(_answers(text, scene, spoilt))
    return torch.tensor(ids), torch.tensor(answers)


def train_text(_rank: int, _workers: int, folder: Path, seed: int, steps: int, batch: int) -> None:
    """Train and write ``text.pt`` into ``folder``."""
    torch.manual_seed(seed)
    encoder = make_text_encoder()
    heads = nn.ModuleList(nn.Linear(128, len(options) + 1) for options in QUESTIONS.values())
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-2)
    rng = np.random.default_rng((seed, 2))
    scenes = [random_scene(rng) for _ in range(20000)]
    end, begun = vocabulary()[END], time.time()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1.0, (step + 1) / 100, 0.02 + (steps - step) / (0.4 * steps))
        ids, answers = _batch(rng, scenes, batch)
        states = encoder(ids).last_hidden_state
        first_end = (ids == end).int().argmax(dim=1)
        at_end = states[torch.arange(batch), first_end]
        # One more place among the padding, where the unet will look as well.
        later = torch.from_numpy(rng.integers(first_end.cpu().numpy(), 77)).to(here())
        padded = states[torch.arange(batch), later]
        loss = torch.zeros(())
        right = torch.ones(batch, dtype=torch.bool)
        for index, head in enumerate(heads):
            loss = loss + F.cross_entropy(head(at_end), answers[:, index])
            loss = loss + F.cross_entropy(head(padded), answers[:, index])
            right &= head(at_end).argmax(dim=1) == answers[:, index]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 100 == 0 or step + 1 == steps:
            pace = (step + 1) * batch / (time.time() - begun)
            share = right.float().mean().item()
            print(
                f"text {step}/{steps} {loss.item():.3f} right {share:.2f} {pace:.0f}/s", flush=True
            )
    torch.save(encoder.state_dict(), folder / "text.pt")
