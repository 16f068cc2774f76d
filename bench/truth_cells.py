"""Cells for `scan_truth`: scans of the trained world's LoRAs with the judge's number beside each.

A scan is the product's own: `ScanPlan`, `run` and `ScanStore` on the diffusers host. What is made
stays in the work folder, so an interrupted bench goes on where it was; readings of the judge are
kept beside and made anew when the judge's code has changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lab.captions import full_tags  # noqa: E402
from lab.lora_recipes import RECIPES  # noqa: E402
from lab.scenes import Scene, random_scene  # noqa: E402
from lib_lora_neg.scan.curves import MeasuredCell  # noqa: E402
from lib_lora_neg.scan.plan import ScanCell, ScannedLora, ScanPlan, ScanPrompt  # noqa: E402
from lib_lora_neg.scan.ports import Sampling  # noqa: E402
from lib_lora_neg.scan.quick import QuickSample, take_samples  # noqa: E402
from lib_lora_neg.scan.runner import run  # noqa: E402
from lib_lora_neg.scan.store import ScanStore  # noqa: E402
from lib_lora_neg.scan.weights import FINE, NINE  # noqa: E402

PROMPTS, SEEDS = 12, (1, 2)
"""24 pairs, or four sets of three prompts that share nothing."""

OTHER_SEEDS = (3, 4)
"""Of the pictures on which the judge is held against itself: the most that anything can reach."""

SET = 3
"""Prompts of a set: two with the LoRA's subject, then one that has nothing to do with it."""

WEIGHTS = (*FINE, -0.75, -0.25)
"""The fine grid, and what a scan of nine weights needs besides on its negative side."""

SAMPLING = Sampling(cfg=3.0, steps=20, width=64, height=64)

LEVELS = (0.25, 0.5, 0.75, 0.9)
"""Noise levels at which the denoiser is asked; the quick scan uses some of them."""

_TRIGGERS = {recipe.name: recipe.trigger for recipe in RECIPES}
_FIGURE = {"mira_character": "yellow circle"}
_JUDGE = ("judge.py", "fitting.py", "tones.py", "shapes.py", "palette.py", "scenes.py")


@dataclass(frozen=True)
class Task:
    """A LoRA to scan.

    Attributes:
        world: folder of the model.
        folder: of the LoRAs.
        name: of the file without its ending.
        held_out: not one of those that limits are fitted on.
        prompt_seed: of the scenes that its prompts ask for.
        work: where pictures and readings are kept.
        ceiling: make the pictures of `OTHER_SEEDS`, too.
        below: make no pictures at weights above 0: all onsets are there with half of the pictures.
    """

    world: Path
    folder: Path
    name: str
    held_out: bool
    prompt_seed: int
    work: Path
    ceiling: bool = False
    below: bool = False

    @property
    def weights(self) -> tuple[float, ...]:
        """Of its pictures; more can be made later."""
        return tuple(w for w in FINE if w <= 0) if self.below else WEIGHTS


@dataclass(frozen=True)
class Scanned:
    """A finished scan.

    Attributes:
        task: what was asked.
        kind: the LoRA's type as its card has it.
        cells: with the scan's numbers, and what the model itself gets wrong about them.
        judged: the judge's damage of each cell, in Delta E: what no clean scene explains.
        burnt: by how much the cell's tones lie beyond the palette, in Delta E.
        samples: the denoiser's predictions for one seed, by noise level: one per prompt; empty
            without weights above 0.
        again: the judge's damage of the same prompts at `OTHER_SEEDS`; empty where not asked for.
    """

    task: Task
    kind: str
    cells: tuple[MeasuredCell, ...]
    judged: dict[ScanCell, float]
    burnt: dict[ScanCell, float]
    samples: dict[float, list[QuickSample]]
    again: dict[ScanCell, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.task.name + (f" ({self.task.folder.name})" if self.task.held_out else "")

    @property
    def group(self) -> str:
        return self.task.folder.name if self.task.held_out else "committed"

    def without_model(self) -> Scanned:
        """Return the same, as if the model had not been asked."""
        return replace(self, cells=tuple(replace(cell, reading=None) for cell in self.cells))

    def with_burnt(self) -> Scanned:
        """Return the same, with burnt tones counted as damage by the judge."""
        both = {cell: damage + self.burnt[cell] for cell, damage in self.judged.items()}
        return replace(self, judged=both)


def scan(task: Task) -> Scanned:
    """Make, measure and judge whatever is missing of a LoRA's scan."""
    engine, generator, denoiser, critic = _host(task.world, task.folder)
    card = engine.get(task.name)
    if card is None:
        sys.exit(f"{task.folder}: no LoRA {task.name}")
    plan = ScanPlan(
        (ScannedLora(task.name, engine.hashes.of_lora(card)),),
        prompts(task.name, task.prompt_seed),
        SEEDS,
        WEIGHTS,
        sampling=SAMPLING,
        checkpoint=engine.digest()[:10],
    )
    store = _made(task, plan, generator, critic)
    wanted = set(task.weights)
    measured = tuple(
        replace(item, reading=store.reading(item.cell))
        for item in store.measured()
        if item.cell.weight in wanted
    )
    judged, burnt = _judged(store, [item.cell for item in measured])
    kind = card.inference.type.value
    samples = {} if task.below else _samples(store, denoiser)
    again: dict[ScanCell, float] = {}
    if task.ceiling:
        below = replace(task, below=True).weights
        other = _made(task, replace(plan, seeds=OTHER_SEEDS, weights=below), generator)
        again, _ = _judged(other, [stored.cell for stored in other.finished()])
    return Scanned(task, kind, measured, judged, burnt, samples, again)


def _made(task: Task, plan: ScanPlan, generator, critic=None) -> ScanStore:
    """Return the store of a plan with whatever was missing made, of the task's weights."""
    complaints: list[str] = []
    store = ScanStore(task.work / "scans", plan)
    part = replace(plan, weights=tuple(set(plan.weights) & set(task.weights)))
    for event in run(
        part, generator, store, threading.Event(), critic=critic, on_complaint=complaints.append
    ):
        complaints += [event.error] if event.error else []
    if complaints:
        sys.exit(f"{task.name}: {complaints[0]}")
    return store


def prompts(name: str, seed: int) -> tuple[ScanPrompt, ...]:
    """Return scenes as prompts: in each set two with the LoRA's subject, one without."""
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng, gradient=False) for _ in range(PROMPTS)]
    return tuple(
        ScanPrompt(", ".join(full_tags(scene)), subject=False)
        if index % SET == SET - 1
        else ScanPrompt(_with_subject(name, scene))
        for index, scene in enumerate(scenes)
    )


def _with_subject(name: str, scene: Scene) -> str:
    first, *rest = full_tags(scene)
    figure = _FIGURE.get(name)
    tags = [figure, "outlined", "hat"] if figure else [first]
    tags += [tag for tag in rest if tag not in (*tags, "yellow background")]
    trigger = _TRIGGERS.get(name, "")
    return ", ".join([trigger, *tags] if trigger else tags)


@lru_cache(maxsize=4)
def _host(world: Path, folder: Path):
    import torch

    from lib_lora_neg.hosts.diffusers.critic import EngineCritic
    from lib_lora_neg.hosts.diffusers.engine import Engine
    from lib_lora_neg.hosts.diffusers.scanning import EngineDenoiser, EngineGenerator

    torch.set_num_threads(1)
    engine = Engine.load(world, [folder], device="cpu", dtype="float32")
    return engine, EngineGenerator(engine), EngineDenoiser(engine), EngineCritic(engine)


def _judged(
    store: ScanStore, cells: Sequence[ScanCell]
) -> tuple[dict[ScanCell, float], dict[ScanCell, float]]:
    """Return the judge's damage of each cell, and how far its tones are burnt."""
    from lab.judge import read

    sources = b"".join((ROOT / "lab" / name).read_bytes() for name in _JUDGE)
    version = hashlib.sha256(sources).hexdigest()[:12]
    path = store.folder / f"judged-{version}.txt"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for cell in cells:
        if cell.name not in known:
            picture = store.picture(cell)
            assert picture is not None
            reading = read(picture.pixels / 255.0)
            known[cell.name] = (reading.damage, reading.burnt)
    path.write_text(json.dumps(known), "utf-8")
    damage, burnt = ({cell: known[cell.name][part] for cell in cells} for part in (0, 1))
    return damage, burnt


def _samples(store: ScanStore, denoiser) -> dict[float, list[QuickSample]]:
    """Return the predictions for the nine weights and the first seed, made once."""
    plan = store.plan
    quick = ScanPlan(
        plan.loras, plan.prompts, SEEDS[:1], NINE, sampling=SAMPLING, checkpoint=plan.checkpoint
    )
    path = store.folder / "predictions.npz"
    if not path.exists():
        made = {f"{level}": take_samples(quick, denoiser, (level,)) for level in LEVELS}
        np.savez(path, **{key: _packed(found) for key, found in made.items()})
    subjects = [prompt.subject for prompt in plan.prompts]
    with np.load(path) as packed:
        return {level: _unpacked(packed[f"{level}"], subjects) for level in LEVELS}


def _packed(samples: list[QuickSample]) -> np.ndarray:
    """Probes × weights × the prediction's own shape; 0 is in its place among the weights."""
    return np.stack([np.stack([s.by_weight[w] if w else s.at_zero for w in NINE]) for s in samples])


def _unpacked(packed: np.ndarray, subjects: list[bool]) -> list[QuickSample]:
    zero = NINE.index(0.0)
    return [
        QuickSample(subject, probe[zero], {w: probe[i] for i, w in enumerate(NINE) if w})
        for subject, probe in zip(subjects, packed, strict=True)
    ]
