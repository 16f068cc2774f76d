"""Compare: the same pictures once more without the guard, at the same seeds, side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from typing import Any

from .generations import Generations
from .guard import TITLE, comment

TWIN = "_lora_neg_twin"
"""On a guarded ``p``: its copy that stays unguarded."""
IS_TWIN = "_lora_neg_is_twin"
RANDOM = "_lora_neg_random_state"
"""On a guarded ``p``: where the host's global random numbers stood when it began."""

GUARDED, AS_TYPED = "Guarded", "As typed"


def prepare(p: Any, wanted: bool, generations: Generations) -> bool:
    """Keep a copy of ``p`` as it was asked for; return whether ``p`` is itself such a copy.

    To be called before the guard begins. Nothing is compared inside another generation (a cell
    of an XYZ plot, a repaired face) or where a script of the host's list makes the pictures.
    """
    if getattr(p, IS_TWIN, False):
        return True
    setattr(p, TWIN, None)
    if wanted and generations.outer() is None:
        if _runs_script(p):
            comment(p, f"{TITLE}: nothing is compared while a script makes the pictures")
        else:
            setattr(p, TWIN, copy(p))
            setattr(p, RANDOM, _random_state())
    return False


def _random_state() -> Any:
    """Return where the global random numbers stand, of the CPU and of each GPU.

    Forge's and Neo's img2img encodes its picture with noise from there, without a seed.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return None
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.random.get_rng_state(), gpus


def _set_random_state(state: Any) -> None:
    torch: Any = sys.modules.get("torch")
    if torch is None or state is None:
        return
    torch.random.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state_all(state[1])


def finish(p: Any, processed: Any, changed: bool) -> None:
    """Make the unguarded pictures and put the sheet first; to be called when ``p`` is done."""
    twin = getattr(p, TWIN, None)
    setattr(p, TWIN, None)
    if twin is None:
        return
    from modules import processing, shared

    if not changed:
        comment(p, f"{TITLE}: nothing was changed, so there is nothing to compare")
        return
    if shared.state.interrupted or shared.state.skipped:
        return
    setattr(twin, IS_TWIN, True)
    twin.extra_generation_params = dict(twin.extra_generation_params)
    twin.seed, twin.subseed = list(p.all_seeds), list(p.all_subseeds)
    twin.do_not_save_grid = True
    shared.state.job_count += p.n_iter * (2 if getattr(p, "enable_hr", False) else 1)
    now = _random_state()
    _set_random_state(getattr(p, RANDOM, None))
    other = processing.process_images(twin)
    _set_random_state(now)
    _join(processed, other)


def _runs_script(p: Any) -> bool:
    """Whether a script of the host's drop-down list is chosen: its index is the first argument."""
    args: Sequence[Any] = getattr(p, "script_args", None) or ()
    return bool(args) and isinstance(args[0], int) and args[0] != 0


def _join(processed: Any, other: Any) -> None:
    ours = processed.images[processed.index_of_first_image :]
    theirs = other.images[other.index_of_first_image :]
    texts = other.infotexts[other.index_of_first_image :]
    pairs = list(zip(ours, theirs, strict=False))
    if not pairs:
        return
    first_text = processed.infotexts[0] if processed.infotexts else ""
    processed.images[:0] = [sheet(pairs)]
    processed.infotexts[:0] = [first_text]
    processed.index_of_first_image += 1
    processed.images.extend(theirs)
    processed.infotexts.extend(texts)


def sheet(pairs: Sequence[tuple[Any, Any]]) -> Any:
    """Return one picture with a row per pair, labelled."""
    from modules import images

    flat = [picture for pair in pairs for picture in pair]
    width, height = flat[0].size
    grid = images.image_grid(flat, rows=len(pairs))
    across = [[images.GridAnnotation(GUARDED)], [images.GridAnnotation(AS_TYPED)]]
    down = [[images.GridAnnotation("")] for _ in pairs]
    return images.draw_grid_annotations(grid, width, height, across, down)
