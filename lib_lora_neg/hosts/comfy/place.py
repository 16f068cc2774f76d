"""The running ComfyUI: its folders, its settings, and the one `ComfyLoras` of the process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .loras import ComfyLoras
from .settings import read_file

DATA = "__lora-neg"
"""Folder of the guard's own in ComfyUI's user folder. A name that begins so is no user's, and the
page cannot ask for what is in it."""

SCANS = "lora-neg-scans"
"""Folder of the scans, among the pictures that ComfyUI makes."""


@lru_cache(maxsize=1)
def loras() -> ComfyLoras:
    """Return the LoRAs of this ComfyUI."""
    import folder_paths

    return ComfyLoras(
        folder_paths.get_folder_paths("loras"),
        listed,
        lambda name: folder_paths.get_full_path("loras", name),
        data_folder(),
    )


def listed() -> list[str]:
    """Return the LoRAs as ComfyUI's menus have them."""
    import folder_paths

    return list(folder_paths.get_filename_list("loras"))


def embeddings() -> frozenset[str]:
    """Return the names of the textual-inversion embeddings."""
    import folder_paths

    names = folder_paths.get_filename_list("embeddings")
    return frozenset(Path(name.replace("\\", "/")).stem for name in names)


def data_folder() -> Path:
    """Return where the guard keeps its index, and what cannot lie beside its LoRA."""
    import folder_paths

    return Path(folder_paths.get_user_directory()) / DATA


def scans_folder() -> Path:
    """Return the folder of all scans."""
    import folder_paths

    return Path(folder_paths.get_output_directory()) / SCANS


def settings_file() -> Path:
    """Return the settings of the only user, or of the one called ``default``."""
    import folder_paths

    return Path(folder_paths.get_user_directory()) / "default" / "comfy.settings.json"


def kept_settings() -> Mapping[str, Any]:
    """Return what the settings dialog has kept."""
    return read_file(settings_file())


def settings_stamp() -> str:
    """Return what changes when the settings file does."""
    try:
        status = settings_file().stat()
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def loras_stamp() -> str:
    """Return what changes when a file comes, goes or is replaced in one of the LoRA folders."""
    import folder_paths

    names = folder_paths.get_filename_list("loras")
    known = getattr(folder_paths, "filename_list_cache", {}).get("loras")
    times = known[1] if isinstance(known, tuple) and len(known) > 1 else {}
    return f"{len(names)}:{sorted(times.values()) if isinstance(times, dict) else ''}"
