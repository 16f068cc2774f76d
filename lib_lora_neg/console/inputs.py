"""Requests from files: JSON lines, infotexts, PNG pictures, plain lists of prompts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..infotext import DISTILLED_CFG, Infotext, is_infotext, parse_infotext
from ..loras.named import UnknownFamilyError, named_family
from ..png import PngError, is_png, read_text
from ..regular import open_regular, read_regular

MAX_TEXT_FILE_BYTES = 64 * 1024 * 1024
"""Largest text file that is not read line by line."""


class InputError(ValueError):
    """Input that cannot be checked; the text says where and why."""


@dataclass(frozen=True)
class Hires:
    """What the second pass has of its own; ``None`` where it uses the first pass's."""

    prompt: str | None = None
    negative_prompt: str | None = None
    cfg_scale: float | None = None


@dataclass(frozen=True)
class Asked:
    """One generation as it was asked for, and the defaults of those in a file.

    Attributes:
        prompt: with its tags.
        negative_prompt: as typed.
        cfg_scale: of the first pass.
        family: name of the model family; ``None`` when nobody said it.
        hires: the second pass, or ``None``.
        distilled: guidance is an input of the model.
    """

    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float = 7.0
    family: str | None = None
    hires: Hires | None = None
    distilled: bool = False


def read_file(path: Path, defaults: Asked) -> Iterator[Asked | InputError]:
    """Yield the requests of a file in order; an `InputError` for each line that is none.

    The kind is told by the content, for JSON lines by the suffix ``.jsonl``.

    Raises:
        InputError: when the file as a whole cannot be used.
    """
    try:
        if path.suffix.lower() == ".jsonl":
            # Opened once already here: a generator would fail only at its first line.
            open_regular(path).close()
            return _json_lines(path, defaults)
        if is_png(path):
            return iter([_from_png(path, defaults)])
        return iter(_from_text(_text_of(path), path, defaults))
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    except PngError as problem:
        raise InputError(str(problem)) from problem


def from_json(line: str, defaults: Asked) -> Asked:
    """Return the request of one JSON object; missing and null keys have the defaults.

    Raises:
        InputError: when it is no object, or a value has the wrong type.
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"no JSON: {problem}") from problem
    if not isinstance(entry, dict):
        raise InputError(f"a JSON object is needed, not {type(entry).__name__}")
    given: dict[str, str | float] = {}
    for key in ("prompt", "negative_prompt", "family"):
        value = entry.get(key)
        if isinstance(value, str):
            given[key] = value
        elif value is not None:
            raise InputError(f"{key} must be text, not {json.dumps(value)[:40]}")
    cfg = entry.get("cfg_scale")
    if cfg is not None:
        given["cfg_scale"] = _number(cfg)
    try:
        named_family(str(given.get("family", "")))
    except UnknownFamilyError as problem:
        raise InputError(f"family: {problem}") from problem
    return replace(defaults, **given)  # type: ignore[arg-type]


def from_infotext(infotext: Infotext, defaults: Asked) -> Asked:
    """Return the request that an infotext describes."""
    hires = None
    if infotext.has_hires_pass:
        hires = Hires(
            infotext.hires_prompt, infotext.hires_negative_prompt, infotext.hires_cfg or None
        )
    cfg = infotext.cfg_scale
    return replace(
        defaults,
        prompt=infotext.prompt,
        negative_prompt=infotext.negative_prompt,
        cfg_scale=defaults.cfg_scale if cfg is None else cfg,
        hires=hires,
        distilled=defaults.distilled or DISTILLED_CFG in infotext.parameters,
    )


def _json_lines(path: Path, defaults: Asked) -> Iterator[Asked | InputError]:
    with open_regular(path) as file:
        # By b"\n" alone: str.splitlines would also split at characters that JSON allows.
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if line:
                    yield from_json(line, defaults)
            except ValueError as problem:
                yield InputError(f"{path}:{number}: {problem}")


def _from_png(path: Path, defaults: Asked) -> Asked:
    text = read_text(path, "parameters")
    if text is None:
        raise InputError(f"{path}: no generation parameters in this picture")
    return from_infotext(parse_infotext(text), defaults)


def _text_of(path: Path) -> str:
    try:
        return read_regular(path, MAX_TEXT_FILE_BYTES).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{path}: neither UTF-8 text nor a PNG picture ({problem.reason} at {problem.start})"
        ) from problem


def _from_text(text: str, path: Path, defaults: Asked) -> list[Asked]:
    if is_infotext(text):
        return [from_infotext(parse_infotext(text), defaults)]
    prompts = [line.strip() for line in text.split("\n") if line.strip()]
    if not prompts:
        raise InputError(f"{path}: no prompts in this file")
    return [replace(defaults, prompt=prompt) for prompt in prompts]


def _number(value: object) -> float:
    # Numbers in quotation marks are common in what other tools export.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"cfg_scale must be a number, not {json.dumps(value)[:40]}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except ValueError:
        raise InputError(f"cfg_scale must be a number, not {json.dumps(value)[:40]}") from None
    if not math.isfinite(number):
        raise InputError("cfg_scale must be a finite number")
    return number
