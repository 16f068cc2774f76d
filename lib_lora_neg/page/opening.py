"""From what the user names, or the small model, to a host that can be served."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ..policy import GuardSettings
from .host import InputDefaults
from .options import ServeError, Site, be_quiet
from .world import CFG, CHECKOUT, GUIDE, MISSING, NAME, embedded_world, own_copy

NEEDED = ("torch", "diffusers", "transformers", "gradio")


def how_to_install() -> str:
    """Return the command that installs them; the project is on no index, so from its clone."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return f"{sys.executable} -m pip install '{CHECKOUT}[serve]'"
    return f"{sys.executable} -m pip install '.[serve]' in a clone of the project"


def open_site(
    model: Path | None,
    lora_folders: Sequence[Path],
    *,
    data_folder: Path,
    device: str = "auto",
    settings: GuardSettings | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Site:
    """Load a checkpoint and return what is to be served.

    Args:
        model: a file or folder; ``None`` takes the small model of a clone, with its LoRAs.
        lora_folders: searched with their sub-folders.
        data_folder: where the index of the LoRAs is kept.
        device: as of `hosts.diffusers.open_host`.
        settings: of the guard.
        say: tells the user what takes a while.

    Raises:
        ServeError: something is missing or cannot be used; the text says what to do.
    """
    need_libraries()
    small = embedded_world() if model is None else None
    if model is None and small is None:
        raise ServeError(MISSING.format(folder=CHECKOUT / "lab" / "world"))
    path = small.model if small is not None else model
    if path is None or not path.exists():
        raise ServeError(f"{path}: no such file or folder")
    folders = list(lora_folders)
    if small is not None and not folders:
        folders = [small.loras]
    for folder in folders:
        if not folder.is_dir():
            raise ServeError(f"{folder}: no such folder")
    if small is not None and not lora_folders:
        try:
            folders = [own_copy(small.loras, data_folder / "loras")]
        except OSError as problem:
            raise ServeError(
                f"{data_folder}: cannot be written: {problem.strerror or problem}; "
                "name another folder with --output"
            ) from problem
    be_quiet()
    say(f"Loading {path} …")
    from ..hosts.diffusers import HostError, open_host
    from ..hosts.diffusers.scan_tab import DiffusersScanHost

    try:
        host = open_host(path, folders, settings=settings, device=device, data_folder=data_folder)
    except HostError as problem:
        raise ServeError(str(problem)) from problem
    job = host.engine.defaults()
    cfg_scale = CFG if small is not None else job.cfg_scale
    defaults = InputDefaults(job.width, job.height, job.steps, cfg_scale)
    name = NAME if small is not None else host.engine.name
    scans = partial(DiffusersScanHost, host, cfg_scale=cfg_scale)
    return Site(host, name, GUIDE if small is not None else None, defaults, scans)


def need_libraries() -> None:
    """Make sure that what the page runs on is installed.

    Raises:
        ServeError: something is missing; the text says how to install it.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ServeError(f"{', '.join(missing)} not installed; install with: {how_to_install()}")
