"""Last stage of the world: the unet, and the text encoder on from what it has learnt."""

from __future__ import annotations

import copy
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lab.dataset import read_part, read_vae
from lab.model import alphas_cumprod, make_text_encoder, make_unet, save_world
from lab.muon import Optimizer
from lab.parallel import average_gradients, here, share_parameters
from lab.train_vae import rate_at

PEAK = 2.5e-3
#: The text encoder comes trained; it learns more slowly.
TEXT_SHARE = 0.1
#: From this step on it has learnt what the unet can teach it, and stands still.
TEXT_UNTIL = 2000
#: Share of captions left empty, for guidance and for negative prompts.
EMPTY = 0.1


def v_loss(
    unet: nn.Module, states: torch.Tensor, latents: torch.Tensor, alphas: torch.Tensor
) -> torch.Tensor:
    """Mean squared error of the predicted velocity at times drawn by chance.

    Noisy times come more often: place, size and shape are decided there.
    """
    times = (torch.rand(len(latents)).sqrt() * len(alphas)).long()
    signal = alphas[times].sqrt().view(-1, 1, 1, 1)
    noise_share = (1 - alphas[times]).sqrt().view(-1, 1, 1, 1)
    noise = torch.randn_like(latents)
    noisy = signal * latents + noise_share * noise
    predicted = unet(noisy, times, states, return_dict=False)[0]
    return F.mse_loss(predicted.float(), signal * noise - noise_share * latents)


def _smooth(average: list[nn.Module], current: list[nn.Module], step: int) -> None:
    """Draw the moving average towards the current parameters; called every fourth step."""
    keep = min(0.996, (step + 1) / (step + 40))
    with torch.no_grad():
        for target, source in zip(average, current, strict=True):
            for ours, theirs in zip(target.parameters(), source.parameters(), strict=True):
                ours.lerp_(theirs, 1 - keep)


class _Stage:
    """The models of the last stage with their averages and optimizer, and the file they rest in."""

    def __init__(self, folder: Path) -> None:
        self.unet = make_unet().to(memory_format=torch.channels_last)
        self.text = make_text_encoder()
        self.text.load_state_dict(torch.load(folder / "text.pt", map_location=here()))
        self.models: list[nn.Module] = [self.unet, self.text]
        share_parameters(self.models)
        self.optimizer = Optimizer([self.unet])
        self.text_optimizer = torch.optim.AdamW(
            self.text.parameters(), betas=(0.9, 0.99), weight_decay=1e-2
        )
        self.average = [copy.deepcopy(model) for model in self.models]
        self.file = folder / "unet-state.pt"

    def read(self) -> int:
        """Take up the state that was saved, if any; return the steps done."""
        if not self.file.exists():
            return 0
        state = torch.load(self.file, map_location=here())
        for name, group in (("models", self.models), ("average", self.average)):
            for model, values in zip(group, state[name], strict=True):
                model.load_state_dict(values)
        self.optimizer.load_state_dict(state["optimizer"])
        self.text_optimizer.load_state_dict(state["text_optimizer"])
        return int(state["step"])

    def save(self, done: int) -> None:
        state = {
            "models": [model.state_dict() for model in self.models],
            "average": [model.state_dict() for model in self.average],
            "optimizer": self.optimizer.state_dict(),
            "text_optimizer": self.text_optimizer.state_dict(),
            "step": done,
        }
        half_done = self.file.with_suffix(".tmp")
        torch.save(state, half_done)
        half_done.rename(self.file)

    def learn(self, loss: torch.Tensor, rate: float, step: int) -> None:
        """One step of the optimizer on the mean gradient of all processes."""
        self.optimizer.zero_grad()
        self.text_optimizer.zero_grad()
        loss.backward()
        learning = self.models if step < TEXT_UNTIL else self.models[:1]
        average_gradients(learning)
        for model in learning:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.optimizer.step(rate)
        if step < TEXT_UNTIL:
            self.text_optimizer.param_groups[0]["lr"] = rate * TEXT_SHARE
            self.text_optimizer.step()


def train_unet(rank: int, _workers: int, folder: Path, seed: int, steps: int, batch: int) -> None:
    """Train and keep ``unet-state.pt`` up to date in ``folder``; goes on where that stopped."""
    torch.manual_seed(seed)
    stage = _Stage(folder)
    data = read_part(folder, rank)
    scale = latent_scale(folder)
    all_latents = data.latents.to(here())
    first = stage.read()
    alphas = alphas_cumprod()
    rng = np.random.default_rng((seed, 4, rank, first))
    torch.manual_seed(seed * 1000 + rank * 100 + first)
    begun, losses = time.time(), []
    for step in range(first, steps):
        indices = rng.integers(0, len(data.scenes), batch)
        latents = all_latents[torch.from_numpy(indices).to(here())].float() * scale
        stage.text.requires_grad_(step < TEXT_UNTIL)
        states = stage.text(data.texts(indices, rng, EMPTY)).last_hidden_state
        loss = v_loss(stage.unet, states, latents, alphas)
        stage.learn(loss, rate_at(step, steps, PEAK), step)
        if rank:
            continue
        losses.append(loss.item())
        if step % 4 == 0:
            _smooth(stage.average, stage.models, step // 4)
        if step % 100 == 0 or step + 1 == steps:
            pace = (step + 1 - first) / (time.time() - begun)
            print(f"unet {step}/{steps} {np.mean(losses):.4f} {pace:.2f} steps/s", flush=True)
            losses = []
        if step % 500 == 499 or step + 1 == steps:
            stage.save(step + 1)


def latent_scale(folder: Path) -> float:
    """What brings the latents of the data to a standard deviation of 1."""
    return 1.0 / float(read_part(folder, 0).latents[:4000].float().std())


def write_world(folder: Path, out: Path) -> None:
    """Put the parts of a work folder together into the diffusers layout."""
    unet, text, vae = make_unet(), make_text_encoder(), read_vae(folder)
    state = torch.load(folder / "unet-state.pt", map_location="cpu")["average"]
    unet.load_state_dict(state[0])
    text.load_state_dict(state[1])
    scale = latent_scale(folder)
    vae.register_to_config(scaling_factor=round(scale, 5))
    save_world(out, vae, unet, text)
