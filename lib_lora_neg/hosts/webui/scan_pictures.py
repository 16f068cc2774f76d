"""Pictures for the scan, through the host's own processing: raw weights, nobody else's scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from ...prompts import parse
from ...scan.ports import (
    Abilities,
    Cancellation,
    ImageRequest,
    LatentArray,
    LoraSetting,
    Picture,
    ScanBatch,
)
from .. import branch_keys
from . import infotext, options
from .branches import kept_to_blocks
from .scan_loras import ScanLoras, missing
from .scan_queue import heeding, in_generation_thread, was_interrupted


class ScanPictureError(RuntimeError):
    """The host made no picture that a scan could use; the text says why."""


class WebuiGenerator:
    """A `Generator`, to be used within a turn.

    The pictures are the host's own: without scripts (the guard is one), without the LoRA that
    the host may add to every prompt, unsaved, and not remembered as the user's last ones.
    """

    def __init__(self) -> None:
        self._loras = ScanLoras()
        self._conds: dict[str, list[Any]] = {}

    def abilities(self) -> Abilities:
        # The host's cache of encoded prompts also keys on the unet weight.
        return Abilities(max_batch=options.scan_batch(), latents=True)

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        """Yield the pictures; ends early when stopped here or with the host's buttons."""
        for requests in _together(batch.requests):
            if cancel.is_set():
                return
            with _undisturbed(), self._loras.in_use(), heeding(cancel):
                made = in_generation_thread(partial(self._make, batch, requests))
                if was_interrupted():
                    return
                absent = missing([lora.name for lora in batch.loras])
            if absent:
                raise ScanPictureError(f"the host did not load {', '.join(absent)}")
            yield from made

    def _make(self, batch: ScanBatch, requests: Sequence[ImageRequest]) -> list[Picture]:
        from modules.processing import process_images

        p = _processing(batch, requests)
        latents: list[LatentArray] = []
        self._share_conds(p)
        _keep_to_blocks(p, batch.loras)
        _keep_latents(p, latents)
        with closing(p):
            done = process_images(p)
        images = done.images[done.index_of_first_image :]
        texts = done.infotexts[done.index_of_first_image :]
        return [
            Picture(
                np.array(image.convert("RGB")),
                latents[index] if index < len(latents) else None,
                texts[index] if index < len(texts) else "",
            )
            for index, image in enumerate(images[: len(requests)])
        ]

    def _share_conds(self, p: Any) -> None:
        """Give ``p`` caches of encoded prompts that are the scan's, not the user's."""
        for name in ("cached_c", "cached_uc"):
            own = self._conds.setdefault(name, [None] * len(getattr(p, name)))
            setattr(p, name, own)


def _processing(batch: ScanBatch, requests: Sequence[ImageRequest]) -> Any:
    from modules import processing, sd_samplers
    from modules.scripts import ScriptRunner
    from modules.shared import opts

    asked = batch.sampling
    more: dict[str, Any] = {}
    wanted = processing.StableDiffusionProcessingTxt2Img
    if asked.distilled_cfg is not None and hasattr(wanted, "distilled_cfg_scale"):
        more["distilled_cfg_scale"] = asked.distilled_cfg
    p = wanted(
        outpath_samples=opts.outdir_samples or opts.outdir_txt2img_samples,
        outpath_grids=opts.outdir_grids or opts.outdir_txt2img_grids,
        prompt=[request.prompt + _tags(batch.loras) for request in requests],
        negative_prompt=[request.negative_prompt for request in requests],
        seed=[request.seed for request in requests],
        sampler_name=asked.sampler or sd_samplers.samplers[0].name,
        scheduler=asked.scheduler or "Automatic",
        batch_size=len(requests),
        n_iter=1,
        steps=asked.steps,
        cfg_scale=asked.cfg,
        width=asked.width,
        height=asked.height,
        restore_faces=False,
        tiling=False,
        do_not_save_samples=True,
        do_not_save_grid=True,
        # Who pastes the picture's text gets the picture again.
        extra_generation_params={
            infotext.MODE_KEY: "Off",
            **branch_keys.infotext_keys(batch.loras, asked.cfg),
        },
        **more,
    )
    # A runner without scripts: without a runner, infotexts lack the tags of the prompt.
    p.scripts = ScriptRunner()
    return p


def _tags(loras: Iterable[LoraSetting]) -> str:
    """Return the tags to put behind a prompt: the text that is encoded stays what it is.

    Raises:
        ScanPictureError: a name that the host could not read back from a tag.
    """
    for lora in loras:
        found = parse(lora.tag).tags
        if len(found) != 1 or found[0].name != lora.name or found[0].end != len(lora.tag):
            raise ScanPictureError(
                f"{lora.name!r} cannot stand in a prompt; rename the file without : < > ="
            )
    return "".join(lora.tag for lora in loras)


def _together(requests: Sequence[ImageRequest]) -> Iterator[list[ImageRequest]]:
    """Group neighbours that may share a batch: the host takes the tags of a batch's first prompt
    for all of it."""

    def tags(request: ImageRequest) -> list[tuple[str, ...]]:
        return [(tag.type, *tag.items) for tag in parse(request.prompt).tags]

    for _, group in groupby(requests, key=tags):
        yield list(group)


def _keep_to_blocks(p: Any, loras: Sequence[LoraSetting]) -> None:
    """Let LoRAs that have a mask act in their blocks alone while ``p`` samples."""
    if not any(lora.blocks for lora in loras):
        return
    sample = p.sample

    def kept(*args: Any, **kwargs: Any) -> Any:
        if missing([lora.name for lora in loras]):
            return sample(*args, **kwargs)  # said once the host is through
        with kept_to_blocks(p.sd_model, loras):
            return sample(*args, **kwargs)

    p.sample = kept


def _keep_latents(p: Any, latents: list[LatentArray]) -> None:
    """Let ``p`` put what it has sampled into ``latents``, too."""
    sample = p.sample

    def kept(*args: Any, **kwargs: Any) -> Any:
        samples = sample(*args, **kwargs)
        if not getattr(samples, "already_decoded", False):
            latents.extend(one.detach().float().cpu().numpy() for one in samples)
        return samples

    p.sample = kept


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep away what the user has set for pictures of their own, and what remembers those."""
    from modules import shared

    with (
        _replaced(shared.opts.data, "sd_lora", "None"),
        # The file from which an empty prompt box is filled.
        _replaced(vars(shared.cmd_opts), "no_prompt_history", True),
    ):
        try:
            yield
        finally:
            shared.total_tqdm.clear()


@contextmanager
def _replaced(values: dict[str, Any], key: str, value: Any) -> Iterator[None]:
    had, before = key in values, values.get(key)
    values[key] = value
    try:
        yield
    finally:
        if values.get(key) == value:  # else somebody has set it meanwhile
            if had:
                values[key] = before
            else:
                del values[key]
