"""A bounded fuzz: the same cases every time, and others whose seed is printed."""

from __future__ import annotations

import secrets
import time

import pytest

from tests.support.fuzzing import KINDS, run

FIXED = {"files": 700, "prompts": 800, "texts": 1500, "pictures": 400}
ROTATING_SECONDS = 5.0
"""Wall time for the cases of a new seed, of each kind."""


@pytest.mark.parametrize("kind", KINDS)
def test_cases_that_stay(kind: str) -> None:
    tally = run(kind, "fixed", range(FIXED[kind]))
    assert tally.cases == FIXED[kind]
    assert len(tally.outcomes) > 1, "the cases are all alike"


@pytest.mark.parametrize("kind", KINDS)
def test_cases_of_a_new_seed(kind: str) -> None:
    seed = secrets.token_hex(4)
    print(f"seed of {kind}: {seed}")
    run(kind, seed, range(FIXED[kind]), until=time.monotonic() + ROTATING_SECONDS)
