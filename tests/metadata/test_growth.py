"""Hostile texts take time in proportion to their length: CPU time at n, 2n and 4n."""

from __future__ import annotations

import contextlib
import time

import pytest

from lib_lora_neg.metadata import MetadataError, read_text

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
    times = []
    for length in (10_000, 20_000, 40_000):
        text = beginning + piece * (length // len(piece))
        start = time.process_time()
        with contextlib.suppress(MetadataError):
            list(read_text(text))
        times.append(time.process_time() - start)
    assert times[2] < 0.2 or times[2] < 6 * max(times[0], 0.02)
