"""Each example proves its point: by the lab's judge, over 16 seeds, by more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.page.examples import Example
from lib_lora_neg.page.generation import without_loras
from lib_lora_neg.page.world import EXAMPLES, embedded_world
from lib_lora_neg.policy import Mode

SEEDS = range(1, 17)
BATCH = 8
CHANCE = 0.01
"""One-sided: so rarely would fair coins agree as much."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(embedded_world() is None, reason="the small model is not in this checkout"),
]


@dataclass(frozen=True)
class Seen:
    """One picture to the judge: its damage, and how much of what was asked is in it."""

    damage: float
    kept: int


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    api = pytest.importorskip(
        "lib_lora_neg.hosts.diffusers", reason="needs the diffusers extra", exc_type=ImportError
    )
    world = embedded_world()
    assert world is not None
    host = api.open_host(world.model, [world.loras], device="cpu")
    yield host
    host.close()


def seen(host: Any, example: Example, mode: Mode) -> list[Seen]:
    """Make the example's pictures over all seeds, and let the judge look."""
    import numpy as np

    from lab.judge import compare, read

    asked = scene_of(without_loras(example.prompt))
    found = []
    for first in SEEDS[::BATCH]:
        made = host.generate(
            prompt=example.prompt,
            negative_prompt=example.negative_prompt,
            cfg_scale=example.cfg_scale,
            seed=first,
            batch_size=BATCH,
            mode=mode,
        )
        for picture in made.pictures:
            reading = read(np.asarray(picture.image.convert("RGB")) / 255.0)
            verdict = compare(asked, reading)
            kept = (verdict.shape, verdict.colour, verdict.size, verdict.place, verdict.background)
            found.append(Seen(reading.damage, sum(kept)))
    return found


def scene_of(prompt: str) -> Any:
    """Return the scene that a prompt of the examples asks for."""
    from lab.scenes import Scene

    subject, size, place, ground = prompt.split(", ")
    colour, shape = subject.split()
    return Scene(shape, colour, size, place, ground.split()[0])


def by_chance(wins: int, losses: int) -> float:
    """Return how often fair coins give so many wins or more; ties are left out (sign test)."""
    count = wins + losses
    return sum(math.comb(count, n) for n in range(wins, count + 1)) / 2**count


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_guarded_picture_is_the_better_one(host: Any, example: Example) -> None:
    pytest.importorskip("scipy", reason="the judge needs scipy")
    typed, guarded = (seen(host, example, mode) for mode in (Mode.OFF, Mode.ENFORCE))
    pairs = list(zip(typed, guarded, strict=True))
    assert len(pairs) == len(SEEDS)
    chances = []
    for measure in (lambda seen: -seen.damage, lambda seen: seen.kept):
        wins = sum(measure(b) > measure(a) for a, b in pairs)
        losses = sum(measure(b) < measure(a) for a, b in pairs)
        chances.append(by_chance(wins, losses))
    print(example.title, chances, typed, guarded)
    # Two measures, so each has half of what chance is allowed.
    assert min(chances) < CHANCE / 2
    # The picture that the page shows is one of them, and shows it, too.
    assert example.seed in SEEDS
    shown = SEEDS.index(example.seed)
    assert guarded[shown].damage < typed[shown].damage
    assert guarded[shown].kept >= typed[shown].kept


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_what_an_example_shows_is_what_the_guard_did(host: Any, example: Example) -> None:
    made = host.generate(
        prompt=example.prompt,
        negative_prompt=example.negative_prompt,
        cfg_scale=example.cfg_scale,
        seed=example.seed,
        steps=1,
    )
    assert made.report.enforced
    assert made.report.failures == ()


def test_chance_is_that_of_coins() -> None:
    assert by_chance(16, 0) == pytest.approx(2**-16)
    assert by_chance(12, 4) > CHANCE
    assert by_chance(0, 0) == 1.0


def test_the_rules_that_are_told_name_their_source() -> None:
    from lib_lora_neg.page.world import RULES_TOLD

    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    assert RULES_TOLD
    for rule in RULES_TOLD:
        assert rule.source.split(",")[0] in page
