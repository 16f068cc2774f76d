"""The world's data set: scenes by chance, their pictures as latents, and captions when asked."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from lab.captions import caption
from lab.model import make_vae
from lab.parallel import here
from lab.scenes import Scene, draw, random_scene
from lab.spoil import spoil
from lab.tokenizer import encode

#: Share of pictures that are spoilt, and say so.
SPOILT = 0.07


@dataclass(frozen=True)
class Pictures:
    """Scenes with their latents (n, 4, 16, 16), not yet scaled, and what spoils each picture."""

    scenes: list[Scene]
    spoilt: list[str | None]
    latents: torch.Tensor

    def texts(self, indices: np.ndarray, rng: np.random.Generator, empty: float) -> torch.Tensor:
        """Write new captions for some pictures, a share of them empty: ids (n, 77)."""
        rows = []
        for index in indices:
            text = caption(self.scenes[index], rng, self.spoilt[index])
            rows.append(encode("" if rng.random() < empty else text))
        return torch.tensor(rows)


def to_tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    """Pictures (64, 64, 3) from 0 to 1 as the autoencoder wants them."""
    values = torch.from_numpy(np.stack(pictures)).to(here(), torch.float32)
    return values.permute(0, 3, 1, 2) * 2 - 1


@torch.no_grad()
def to_latents(vae: AutoencoderKL, pictures: list[np.ndarray]) -> torch.Tensor:
    """Mean latents of pictures, in half precision."""
    return vae.encode(to_tensor(pictures)).latent_dist.mean.half()


def read_vae(folder: Path) -> AutoencoderKL:
    """Read the autoencoder of a work folder."""
    vae = make_vae()
    vae.load_state_dict(torch.load(folder / "vae.pt", map_location=here()))
    return vae.eval().requires_grad_(False)


def make_part(rank: int, _workers: int, folder: Path, seed: int, size: int) -> None:
    """Draw and encode one process's share and write it as ``data-{rank}.pkl``."""
    vae = read_vae(folder).to(memory_format=torch.channels_last)
    rng = np.random.default_rng((seed, 3, rank))
    scenes, spoilt, latents = [], [], []
    for start in range(0, size, 50):
        pictures = []
        for _ in range(min(50, size - start)):
            scene = random_scene(rng)
            picture, word = draw(scene), None
            if rng.random() < SPOILT:
                picture, word = spoil(picture, rng)
            scenes.append(scene)
            spoilt.append(word)
            pictures.append(picture)
        latents.append(to_latents(vae, pictures).cpu())
        if rank == 0 and start % 2000 == 0:
            print(f"data {start}/{size}", flush=True)
    part = Pictures(scenes, spoilt, torch.cat(latents))
    # Through a second name, so that a part is there whole or not at all.
    half_done = folder / f"data-{rank}.tmp"
    half_done.write_bytes(pickle.dumps(part))
    half_done.rename(folder / f"data-{rank}.pkl")


def read_part(folder: Path, rank: int) -> Pictures:
    """Read what ``make_part`` of this same work folder wrote."""
    part = pickle.loads((folder / f"data-{rank}.pkl").read_bytes())
    assert isinstance(part, Pictures)
    return part
