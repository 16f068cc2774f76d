"""Where the host keeps LoRAs, and where it lets an extension keep files of its own."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path, PurePath

from ...library.saving import DecisionBook

DECISIONS = "decisions.json"


def lora_folders() -> list[str]:
    """Return the host's LoRA folders that exist, in its order."""
    return [folder for folder in _configured_folders() if Path(folder).is_dir()]


def _configured_folders() -> list[str]:
    from modules.shared import cmd_opts

    found = [getattr(cmd_opts, key, None) for key in ("lora_dir", "lyco_dir_backcompat")]
    found += list(getattr(cmd_opts, "lora_dirs", None) or ())
    return list(dict.fromkeys(str(folder) for folder in found if folder))


def below_lora_folder(path: str) -> str:
    """Return a file's place below its LoRA folder, with slashes; its name if it is in none."""
    for folder in _configured_folders():
        prefix = folder.rstrip("/\\") + os.sep
        # Strings, not paths: this is asked for every file of a library.
        if path.startswith(prefix):
            return path[len(prefix) :].replace(os.sep, "/")
    return PurePath(path).name


def index_folder() -> Path:
    """Return where the catalog keeps its index: beside the host's own caches."""
    try:
        from modules.cache import cache_dir
    except ImportError:
        cache_dir = str(_data_folder() / "cache")
    return Path(cache_dir) / "lora_neg"


def own_decisions() -> Path:
    """Return the file for decisions that cannot lie beside their LoRA; no cache: it is kept."""
    return _data_folder() / "lora_neg" / DECISIONS


def pages_folder() -> Path:
    """Return where answers of Civitai are kept, so that nothing is asked twice."""
    return index_folder() / "civitai"


def scans_folder() -> Path:
    """Return the folder of all scans; no cache either."""
    return _data_folder() / "lora_neg" / "scans"


def decision_book() -> DecisionBook:
    """Return the store of the user's decisions on this host."""
    return _book(own_decisions())


@lru_cache(maxsize=1)
def _book(own_file: Path) -> DecisionBook:
    """One book for all, because it remembers what it read of its own file."""
    return DecisionBook(own_file)


def _data_folder() -> Path:
    from modules.paths_internal import data_path

    return Path(data_path)
