"""Make ``lab/world`` from nothing: ``python -m lab.train_world --work FOLDER --out lab/world``.

Four stages, each in the work folder, each left out when its result is there, the long ones
resumable: the autoencoder, the text encoder, the latents of the data set, and the unet. One process
per core; with ``--device cuda --workers 1`` the same recipe takes minutes on a GPU.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.dataset import make_part
from lab.parallel import spread
from lab.train_text import train_text
from lab.train_unet import train_unet, write_world
from lab.train_vae import train_vae


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for data and states")
    parser.add_argument("--out", type=Path, help="write the finished world here")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2, help="processes that share a batch")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--vae-steps", type=int, default=2500)
    parser.add_argument("--text-steps", type=int, default=1500)
    parser.add_argument("--pictures", type=int, default=30000)
    parser.add_argument("--unet-steps", type=int, default=3400)
    parser.add_argument("--only-write", action="store_true", help="write --out as things stand")
    args = parser.parse_args()
    work, device = args.work, args.device
    if not args.only_write:
        work.mkdir(parents=True, exist_ok=True)
        if not (work / "vae.pt").exists():
            spread(
                args.workers, device, train_vae, work, args.seed, args.vae_steps, 48 // args.workers
            )
        if not (work / "text.pt").exists():
            spread(1, device, train_text, work, args.seed, args.text_steps, 48)
        if not all((work / f"data-{rank}.pkl").exists() for rank in range(args.workers)):
            share = args.pictures // args.workers
            spread(args.workers, device, make_part, work, args.seed, share)
        spread(
            args.workers, device, train_unet, work, args.seed, args.unet_steps, 64 // args.workers
        )
    if args.out:
        write_world(work, args.out)


if __name__ == "__main__":
    main()
