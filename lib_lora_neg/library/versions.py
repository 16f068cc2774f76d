"""Which files are which versions on Civitai, as the side files of several tools say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..regular import read_regular

MAX_SIDE_FILE_BYTES = 8_000_000

# Suffix of the side file, and where in it the number stands.
_PLACES: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (".civitai.info", (("id",),)),
    (".metadata.json", (("civitai", "id"), ("civitai", "modelVersionId"))),
    (".json", (("modelVersionId",), ("civitai", "id"))),
    (".cm-info.json", (("VersionId",),)),
    (".rgthree-info.json", (("raw", "civitai", "id"),)),
    (".safetensors.rgthree-info.json", (("raw", "civitai", "id"),)),
    (".swarm.json", (("civitai_version_id",),)),
)


def versions_of(files: Iterable[tuple[str, str]]) -> dict[int, str]:
    """Return the names of files by the numbers of their versions on Civitai.

    Args:
        files: name and path of each. Side files that cannot be read say nothing.
    """
    found: dict[int, str] = {}
    for name, path in files:
        if path:
            found.update((number, name) for number in _numbers(Path(path).with_suffix("")))
    return found


def _numbers(stem: Path) -> Iterator[int]:
    for suffix, places in _PLACES:
        try:
            record = json.loads(read_regular(f"{stem}{suffix}", MAX_SIDE_FILE_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        yield from (n for place in places if (n := _number(record, place)) is not None)
        yield from _of_models(record, stem.name)


def _of_models(record: Any, name: str) -> Iterator[int]:
    """Yield the version of a whole model's record to which the file belongs."""
    versions = record.get("modelVersions") if isinstance(record, dict) else None
    for version in versions if isinstance(versions, list) else ():
        files = version.get("files") if isinstance(version, dict) else None
        for file in files if isinstance(files, list) else ():
            called = file.get("name") if isinstance(file, dict) else None
            number = _number(version, ("id",))
            if isinstance(called, str) and Path(called).stem == name and number is not None:
                yield number


def _number(record: Any, place: tuple[str, ...]) -> int | None:
    for key in place:
        record = record.get(key) if isinstance(record, dict) else None
    return record if isinstance(record, int) and not isinstance(record, bool) else None
