"""Hostile texts take time in proportion to their length: CPU time at n, 2n and 4n."""

from __future__ import annotations

import contextlib
from functools import partial

import pytest

from lib_lora_neg.metadata import MetadataError, read_text
from tests.support.growth import cpu_seconds

BEGINNINGS = ["", "File Type : x\n", "Steps: 1, Sampler: a, Seed: 1, ", '{"prompt": "']
PIECES = [
    "Steps: 1, ", "Steps: 1\n", "Negative prompt: ", "Negative prompt:\n", " ", "\n", "Template:\n",
    "a: [", "a: [1,", 'k: "', 'k: ["', "Parameters : ", "[PNG] ", "=", "--prompt a ", "'", ",", ":",
    "Steps: 1, Sampler: a, Seed: 1\n", "Size: ", "Sampler: a, ", "[[", '{"a":', "CFG scale: 1\n",
    "<lora:a:1:1", "\n \n", "***", '"\\',
]  # fmt: skip


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_length(beginning: str, piece: str) -> None:
    def read(length: int) -> None:
        with contextlib.suppress(MetadataError):
            list(read_text(beginning + piece * (length // len(piece))))

    times = [cpu_seconds(partial(read, length), rounds=2) for length in (10_000, 20_000, 40_000)]
    assert times[2] < 0.2 or times[2] < 6 * max(times[0], 0.02)
