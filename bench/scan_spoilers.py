"""How much of what is spoilt on purpose the scan finds: by its pixels, and with the model's help.

    python bench/scan_spoilers.py [--scenes 60] [--seed 41] [--steps 20] [--json] [--figure FILE]

Scenes drawn by code and spoilt by code in six ways, read by the trained world in ``lab/``; needs
the extra ``lab``. Each spoilt scene is compared with the clean one, as a cell of a scan with its
weight-0 picture; *found* is a damage beyond the edge of the band, or a model that balks. False
alarms are counted on clean scenes of the same caption drawn with other chance: object a little
moved and scaled, colours a little shifted and muted. With fewer steps less is asked about each
picture: 10 is a model with half as many evaluations, 4 one that is distilled to few steps.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.agreement import wilson  # noqa: E402
from bench.truth_onsets import LEAST  # noqa: E402
from lab.captions import full_tags  # noqa: E402
from lab.judge import read as judge  # noqa: E402
from lab.palette import Floats  # noqa: E402
from lab.scenes import Scene, draw, random_scene  # noqa: E402
from lab.spoil import PART_SPOILERS, SPOILERS  # noqa: E402
from lib_lora_neg.scan.critic import CriticReading, heat, off_prompt, read, unlikely  # noqa: E402
from lib_lora_neg.scan.curves import CellTable, MeasuredCell, tabulate  # noqa: E402
from lib_lora_neg.scan.files import encode_png  # noqa: E402
from lib_lora_neg.scan.heat import heat_over  # noqa: E402
from lib_lora_neg.scan.measures import CellMeasures, measure, prepare  # noqa: E402
from lib_lora_neg.scan.plan import ScanCell  # noqa: E402
from lib_lora_neg.scan.ports import Critic, Picture, Sampling  # noqa: E402

STRENGTHS = (0.1, 0.5, 1.0)
"""The weakest, the middle and the strongest spoiling."""

OTHERS = 3
"""Clean scenes for each caption."""

SAMPLING = Sampling(cfg=3.0, steps=20, width=64, height=64)

SHOWN = ("smeared", "broken", "lost part", "doubled part")
"""In the figure."""

CLEAN = "clean, drawn again"

WAYS = {**SPOILERS, **PART_SPOILERS}


@dataclass(frozen=True)
class Row:
    """Medians and shares over the scenes, for one way and strength.

    Attributes:
        way: of spoiling.
        strength: 0 to 1; 0 for clean scenes.
        cases: pictures.
        pixels: damage by the pixels alone; 1 is the edge of the band.
        unlikely: octaves by which the model's error has grown.
        off_prompt: octaves by which the prompt explains less.
        judge: damage that the lab's judge sees, in Delta E.
        found_by_pixels: share beyond the band's edge.
        found_by_damage: share beyond it where the model is asked, too.
        found: the same, or the model balks.
        found_by_judge: share whose damage has risen beyond the edge that the judge has in
            ``scan_truth.py``: what it calls damaged there.
    """

    way: str
    strength: float
    cases: int
    pixels: float
    unlikely: float
    off_prompt: float
    judge: float
    found_by_pixels: float
    found_by_damage: float
    found: float
    found_by_judge: float


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture with its numbers; ``pair`` is the scene's number."""

    way: str
    strength: float
    pair: int
    measures: CellMeasures
    reading: CriticReading
    judged: float


def drawn_again(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return a scene of the same caption, with other chance."""
    other = random_scene(rng)
    return replace(
        scene, shift=other.shift, scale=other.scale, tint=other.tint, muted=other.muted
    )  # fmt: skip


def shown(
    scenes: Sequence[Scene],
    critic: Critic,
    rng: np.random.Generator,
    sampling: Sampling = SAMPLING,
) -> list[Shown]:
    """Draw, spoil, measure and read everything; the scene itself comes first of its pair."""
    made: list[tuple[str, float, int, Floats]] = []
    for pair, scene in enumerate(scenes):
        clean = draw(scene)
        made.append(("", 0.0, pair, clean))
        made += [(CLEAN, 0.0, pair, draw(drawn_again(scene, rng))) for _ in range(OTHERS)]
        made += [
            (way, strength, pair, spoil(clean, strength, np.random.default_rng([pair])))
            for way, spoil in WAYS.items()
            for strength in STRENGTHS
        ]
    pictures = [as_picture(pixels) for *_, pixels in made]
    texts = [", ".join(full_tags(scene)) for scene in scenes]
    asked = [(q, texts[pair], pair) for q, (_, _, pair, _) in zip(pictures, made, strict=True)]
    readings = read(critic, asked, sampling)
    found, zero = [], None
    for (way, strength, pair, pixels), picture, reading in zip(
        made, pictures, readings, strict=True
    ):
        prepared = prepare(picture)
        zero = prepared if not way else zero
        damage = judge(pixels).damage
        found.append(Shown(way, strength, pair, measure(prepared, zero), reading, damage))
    return found


def row(way: str, strength: float, everything: Sequence[Shown]) -> Row:
    zeros = {item.pair: item for item in everything if not item.way}
    cases = [item for item in everything if (item.way, item.strength) == (way, strength)]
    alone, joint = (_table(cases, zeros, helped) for helped in (False, True))
    return Row(
        way,
        strength,
        len(cases),
        float(np.median(alone.damage[1])),
        float(np.median([unlikely(item.reading, zeros[item.pair].reading) for item in cases])),
        float(np.median([off_prompt(item.reading, zeros[item.pair].reading) for item in cases])),
        float(np.median([item.judged for item in cases])),
        float((alone.damage[1] > 1).mean()),
        float((joint.damage[1] > 1).mean()),
        float(((joint.damage[1] > 1) | (joint.balks[1] == 1)).mean()),
        float(np.mean([item.judged - zeros[item.pair].judged > LEAST for item in cases])),
    )


def _table(cases: Sequence[Shown], zeros: dict[int, Shown], helped: bool) -> CellTable:
    """Arrange as a scan of one weight; a scene with several pictures stands in as many pairs."""
    cells = []
    for index, item in enumerate(cases):
        for weight, one in ((0.0, zeros[item.pair]), (-1.0, item)):
            cell = ScanCell(weight, index, 0)
            cells.append(MeasuredCell(cell, one.measures, one.reading if helped else None))
    table = tabulate(cells)
    assert table is not None
    # Weight 0 first.
    return replace(table, damage=table.damage[::-1], balks=table.balks[::-1])


def rows(scenes: int, seed: int, critic: Critic, sampling: Sampling) -> list[Row]:
    rng = np.random.default_rng(seed)
    everything = shown([random_scene(rng) for _ in range(scenes)], critic, rng, sampling)
    spoilt = [row(way, strength, everything) for way in WAYS for strength in STRENGTHS]
    return [*spoilt, row(CLEAN, 0.0, everything)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--scenes", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=41)
    arguments.add_argument("--steps", type=int, default=SAMPLING.steps)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--figure", type=Path, help="draw where the model balks, and no more")
    given = arguments.parse_args()
    if given.figure:
        draw_figure(lab_critic(), given.figure)
        return
    sampling = replace(SAMPLING, steps=given.steps)
    found = rows(given.scenes, given.seed, lab_critic(), sampling)
    if given.json:
        print(json.dumps([asdict(item) for item in found], indent=1))
        return
    print(
        f"{'':20}     scan  unlikely  off prompt  judge   "
        "found by pixels, damage with the model, or it balks, judge"
    )
    for item in found:
        low, high = wilson(round(item.found * item.cases), item.cases)
        print(
            f"{item.way:20}{item.strength:4.1f} {item.pixels:5.2f} {item.unlikely:9.2f} "
            f"{item.off_prompt:11.2f} {item.judge:6.2f} {item.found_by_pixels:17.0%} "
            f"{item.found_by_damage:20.0%} {item.found:14.0%} [{low:.0%}, {high:.0%}] "
            f"of {item.cases} {item.found_by_judge:6.0%}"
        )


def draw_figure(critic: Critic, path: Path) -> None:
    """Draw two scenes, clean and spoilt, and below each where the model balks."""
    rng = np.random.default_rng(9)
    scenes = [random_scene(rng) for _ in range(3)][1:]
    rows = []
    for number, scene in enumerate(scenes):
        clean = draw(scene)
        drawn = [clean, *(WAYS[way](clean, 0.5, np.random.default_rng([number])) for way in SHOWN)]
        pictures = [as_picture(pixels) for pixels in drawn]
        text = ", ".join(full_tags(scene))
        readings = read(critic, [(picture, text, number + 1) for picture in pictures], SAMPLING)
        large = [picture.pixels.repeat(3, axis=0).repeat(3, axis=1) for picture in pictures]
        rows.append(np.concatenate(large, axis=1))
        hot = [heat_over(p, heat(r, readings[0])) for p, r in zip(large, readings, strict=True)]
        rows.append(np.concatenate(hot, axis=1))
    path.write_bytes(encode_png(np.concatenate(rows)))


def as_picture(pixels: Floats) -> Picture:
    return Picture((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))


def lab_critic() -> Critic:
    import torch

    from lib_lora_neg.hosts.diffusers.critic import EngineCritic
    from lib_lora_neg.hosts.diffusers.engine import Engine

    torch.set_num_threads(1)
    return EngineCritic(Engine.load(ROOT / "lab" / "world", device="cpu", dtype="float32"))


if __name__ == "__main__":
    main()
