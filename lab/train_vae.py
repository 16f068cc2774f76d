"""First stage of the world: the autoencoder, on freshly drawn pictures of every look there is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from lab.model import make_vae
from lab.muon import Optimizer
from lab.parallel import average_gradients, here, share_parameters
from lab.scenes import SIDE, Floats, draw, random_scene
from lab.spoil import spoil


def any_picture(rng: np.random.Generator) -> Floats:
    """A picture of the world or of what LoRAs are trained on: the autoencoder must know all."""
    looks = {}
    if rng.random() < 0.3:
        looks["muted"] = float(rng.uniform(0.0, 0.9))
    if rng.random() < 0.1:
        looks["eyes"] = True
    if rng.random() < 0.2:
        looks["outlined"] = True
    picture = draw(random_scene(rng, **looks))
    return spoil(picture, rng)[0] if rng.random() < 0.15 else picture


def batch_of_pictures(rng: np.random.Generator, size: int, side: int) -> torch.Tensor:
    """Draw ``size`` pieces of ``side``×``side`` pixels, one from each new picture."""
    pieces = []
    for _ in range(size):
        y, x = rng.integers(0, (SIDE - side) // 4 + 1, 2) * 4
        pieces.append(any_picture(rng)[y : y + side, x : x + side])
    pictures = np.stack(pieces)
    tensor = torch.from_numpy(pictures).to(here(), torch.float32).permute(0, 3, 1, 2) * 2 - 1
    return tensor.contiguous(memory_format=torch.channels_last)


def rate_at(step: int, steps: int, peak: float, warmup: int = 100, tail: float = 0.3) -> float:
    """Learning rate: a short rise, a plateau, and a straight fall to 2 % over the last ``tail``."""
    if step < warmup:
        return peak * (step + 1) / warmup
    left = (steps - step) / (steps * tail)
    return peak * max(0.02, min(1.0, left))


def train_vae(rank: int, workers: int, folder: Path, seed: int, steps: int, batch: int) -> None:
    """Train and write ``vae.pt`` into ``folder``; goes on where ``vae-state.pt`` stopped."""
    torch.manual_seed(seed)
    vae = make_vae().to(memory_format=torch.channels_last)
    share_parameters([vae])
    optimizer = Optimizer([vae])
    first, state_file = 0, folder / "vae-state.pt"
    if state_file.exists():
        state = torch.load(state_file, map_location=here())
        vae.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    rng = np.random.default_rng((seed, 1, rank, first))
    torch.manual_seed(seed * 1000 + rank * 100 + first)
    begun = time.time()
    for step in range(first, steps):
        # An autoencoder is local: quarters of pictures teach it four times as fast. Whole ones
        # at the end set right what differs, the statistics that its norms see.
        whole = step >= steps * 0.92
        pictures = batch_of_pictures(rng, batch // 3 if whole else batch, SIDE if whole else 32)
        posterior = vae.encode(pictures).latent_dist
        decoded = vae.decode(posterior.sample()).sample
        wrong = decoded - pictures
        spread = posterior.kl().mean() / posterior.mean[0].numel()
        loss = wrong.abs().mean() + wrong.square().mean() + 1e-4 * spread
        optimizer.zero_grad()
        loss.backward()
        average_gradients([vae])
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step(rate_at(step, steps, 3e-3))
        if rank == 0 and (step % 50 == 0 or step + 1 == steps):
            with torch.no_grad():
                off = F.l1_loss(decoded.clamp(-1, 1), pictures).item() / 2
            pace = (step + 1 - first) * batch * workers / (time.time() - begun)
            print(
                f"vae {step}/{steps} L1 {off:.4f} kl {spread.item():.3f} {pace:.0f}/s", flush=True
            )
        if rank == 0 and step % 200 == 199:
            state = {"model": vae.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step + 1}, state_file)
    if rank == 0:
        torch.save(vae.state_dict(), folder / "vae.pt")
