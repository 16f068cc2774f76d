"""Random cases, each made from a seed and a number alone, and what must hold for all of them.

A case that fails is made again by ``python bench/fuzz.py KIND --seed SEED --first NUMBER``.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_lora_neg.infotext import format_infotext, parse_infotext
from lib_lora_neg.metadata import MetadataError, Recipe, read_picture, read_text
from lib_lora_neg.policy import plan
from tests.pictures import chunk, png
from tests.support import fuzz_requests as requests
from tests.support.fuzz_files import file_case
from tests.support.fuzz_mutations import mutated_bytes, mutated_text

MOST_SECONDS = 2.0
"""CPU time that one case may take."""


@dataclass
class Tally:
    """What came of some cases.

    Attributes:
        cases: how many ran.
        outcomes: how many ended in which way.
        slowest: CPU seconds of the slowest, and its number.
        failed: what failed, where that does not end the run.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    failed: list[str] = field(default_factory=list)


class FuzzError(AssertionError):
    """A case failed; the text says how to make it again."""


def run(
    kind: str, seed: str, numbers: Iterator[int] | range, until: float = 0.0, go_on: bool = False
) -> Tally:
    """Run the cases ``numbers`` of one kind; stop early when `time.monotonic` passes ``until``.

    Raises:
        FuzzError: a case raised, did not hold, or took more than `MOST_SECONDS` of CPU time, and
            the others are not to ``go_on``.
    """
    tally = Tally()
    for number in numbers:
        try:
            outcome, spent = _timed(kind, seed, number)
        except FuzzError as error:
            if not go_on:
                raise
            tally.failed.append(str(error))
            outcome, spent = "failed", 0.0
        tally.cases += 1
        tally.outcomes[outcome] += 1
        tally.slowest = max(tally.slowest, (spent, number))
        if until and time.monotonic() > until:
            break
    return tally


def _timed(kind: str, seed: str, number: int) -> tuple[str, float]:
    again = f"python bench/fuzz.py {kind} --seed {seed} --first {number} --count 1"
    start = time.process_time()
    try:
        outcome = KINDS[kind](random.Random(f"{kind} {seed} {number}"))
    except Exception as error:
        raise FuzzError(f"{again}: {type(error).__name__}: {error}") from error
    spent = time.process_time() - start
    if spent > MOST_SECONDS:
        raise FuzzError(f"{again}: {spent:.1f} s of CPU time")
    return outcome, spent


# ---- mutations -----------------------------------------------------------------------------


# ---- prompts -------------------------------------------------------------------------------


def prompt_case(rng: random.Random) -> str:
    """A request with random prompts, cards and settings: guarded once and for all."""
    request, cards, settings = requests.request(rng), requests.cards(rng), requests.settings(rng)
    result = plan(request, cards, settings)
    return requests.check_plan(result, cards, settings)


# ---- texts and pictures of other tools -----------------------------------------------------

INFOTEXT = (
    "a cat, <lora:x:-0.8>\nNegative prompt: trig, blurry\nSteps: 20, Sampler: DDIM, CFG scale: 7, "
    'Seed: 1, Size: 64x64, Lora hashes: "x: 0123456789ab", Version: v1.10.1'
)
_COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"cfg": 7, "positive": ["6", 0], "negative": ["7", 0], "model": ["4", 0]},
    },
    "4": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "x", "strength_model": 1, "model": ["4", 0]},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ["6", 0]}},
}
_RECORDS: tuple[Any, ...] = (
    _COMFY,
    {"prompt": "a", "negative_prompt": "b", "cfg_scale": 7, "enable_hr": True},
    [{"prompt": "a", "negativePrompt": "b", "cfgScale": 5}, "c"],
    {"sui_image_params": {"prompt": "a", "negativeprompt": "b", "loras": ["x"], "cfgscale": 4}},
    {"Prompt": "a", "Negative Prompt": "b", "LoRAs": [["x", 0.5]], "Guidance Scale": 4},
    {"positive_prompt": "a", "negative_prompt": "b", "app_version": "5", "loras": [{"weight": 1}]},
    {"Comment": json.dumps({"prompt": "a", "uc": "b", "scale": 5}), "Software": "NovelAI"},
)
FOREIGN = (
    INFOTEXT,
    INFOTEXT.replace("\n", " "),
    "Parameters                      : " + INFOTEXT.replace("\n", "."),
    '--prompt "a <lora:x:1>" --negative_prompt "b" --cfg_scale 5\n--prompt c',
    "a cat\na dog",
    *map(json.dumps, _RECORDS),
)


def text_case(rng: random.Random) -> str:
    """A text of another tool, mutated: recipes or an error, never nothing."""
    text = mutated_text(rng, rng.choice(FOREIGN))
    if rng.random() < 0.3:
        text = text + rng.choice(("\n", "\n\n", "", ",")) + mutated_text(rng, rng.choice(FOREIGN))
    said = parse_infotext(text)
    assert isinstance(format_infotext(said), str)
    return _outcome(lambda: list(read_text(text)))


def picture_case(rng: random.Random) -> str:
    """A PNG file that says how it was made, mutated."""
    key = rng.choice((b"parameters", b"Comment", b"prompt", b"workflow", b"invokeai_metadata"))
    text = mutated_text(rng, rng.choice(FOREIGN)).encode("utf-8", "replace")
    kind, body = rng.choice(((b"tEXt", text), (b"iTXt", b"\0\0\0\0" + text)))
    whole = png(chunk(kind, key + b"\0" + body))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.png"
        path.write_bytes(mutated_bytes(rng, whole) if rng.random() < 0.5 else whole)
        return _outcome(lambda: read_picture(path))


def _outcome(read: Callable[[], list[Any]]) -> str:
    try:
        found = read()
    except MetadataError:
        return "refused"
    assert found, "neither a recipe nor an error"
    assert all(isinstance(one, Recipe | MetadataError) for one in found)
    return "recipes" if any(isinstance(one, Recipe) for one in found) else "refused"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "files": file_case,
    "prompts": prompt_case,
    "texts": text_case,
    "pictures": picture_case,
}
"""The kinds of cases; each makes and checks one and says how it ended."""
