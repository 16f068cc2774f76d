"""Training on several cores as one process per core, whose gradients are averaged each step.

Small models spend their time in small operations; splitting the batch over processes wastes less of
it than splitting every operation over threads, most of all on a machine that does other work too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn


def _enter(
    rank: int, workers: int, port: int, device: str, work: Callable[..., None], args: tuple[Any]
) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_default_device(device)
    dist.init_process_group("gloo", rank=rank, world_size=workers)
    try:
        work(rank, workers, *args)
    finally:
        dist.destroy_process_group()


def spread(
    workers: int, device: str, work: Callable[..., None], *args: Any, port: int = 29511
) -> None:
    """Run ``work(rank, workers, *args)`` in ``workers`` processes on ``device``; wait for all."""
    mp.spawn(_enter, args=(workers, port, device, work, args), nprocs=workers, join=True)


def here() -> torch.device:
    """The device that this process works on."""
    return torch.get_default_device()


def average_gradients(modules: Iterable[nn.Module]) -> None:
    """Replace every gradient by its mean over the processes."""
    if dist.get_world_size() == 1:
        return
    grads = [p.grad for m in modules for p in m.parameters() if p.grad is not None]
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    offset = 0
    for grad in grads:
        grad.copy_(flat[offset : offset + grad.numel()].view_as(grad))
        offset += grad.numel()


def share_parameters(modules: Iterable[nn.Module]) -> None:
    """Give every process the first one's parameters."""
    if dist.get_world_size() == 1:
        return
    for module in modules:
        for value in module.state_dict().values():
            dist.broadcast(value, 0)
