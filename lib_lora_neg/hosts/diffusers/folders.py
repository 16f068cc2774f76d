"""Folders of LoRA files as callers give them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .errors import LoraFolderError

PathLike = str | os.PathLike[str]


def lora_folders_of(given: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    """Return the folders; a single path is taken as one folder, not as its letters.

    Raises:
        LoraFolderError: one of them is no folder: all its LoRAs would silently be unknown.
    """
    paths = [given] if isinstance(given, str | os.PathLike) else list(given)
    folders = tuple(Path(path) for path in paths)
    for folder in folders:
        if not folder.exists():
            raise LoraFolderError(f"{folder}: no such folder")
        if not folder.is_dir():
            raise LoraFolderError(f"{folder} is no folder; give the one in which it lies")
    return folders
