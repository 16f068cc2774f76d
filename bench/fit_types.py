"""Fits the weights of the type model to pages whose category is known.

    python bench/fit_types.py FILE.jsonl [--folds 5] [--write]

Prints cross-validated figures; ``--write`` refits on everything and writes
``lib_lora_neg/loras/types/coefficients.py``. The table holds names of signals only (groups of the
lexicon and shapes), never a word of the file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from records import evidence_of, label_of, stem_of

from lib_lora_neg.loras.types.evidence import TypeEvidence
from lib_lora_neg.loras.types.model import MIXED_WITH
from lib_lora_neg.loras.types.signals import read_signals

CLASSES = ("character", "style", "concept")
RARE = 8
"""A signal seen less often than this is left out: its weight would be chance."""


def matrix(rows: list[dict[str, float]], names: list[str]) -> Any:
    column = {name: index for index, name in enumerate(names)}
    result = np.zeros((len(rows), len(names) + 1))
    result[:, -1] = 1.0
    for index, row in enumerate(rows):
        for name, value in row.items():
            if name in column:
                result[index, column[name]] = value
    return result


def fit(x: Any, y: Any, penalty: float, steps: int = 1500) -> Any:
    """Multinomial logistic regression, L2 penalty but for the intercept, accelerated gradient."""
    weights = np.zeros((x.shape[1], len(CLASSES)))
    momentum = weights.copy()
    targets = np.eye(len(CLASSES))[y]
    step = 1.0 / (0.5 * np.linalg.norm(x, 2) ** 2 / len(x) + penalty)
    mask = np.ones((x.shape[1], 1))
    mask[-1] = 0
    for k in range(steps):
        gradient = x.T @ (probabilities(x, momentum) - targets) / len(x) + penalty * mask * momentum
        updated = momentum - step * gradient
        momentum = updated + (k / (k + 3)) * (updated - weights)
        weights = updated
    return weights


def probabilities(x: Any, weights: Any) -> Any:
    scores = x @ weights
    scores -= scores.max(axis=1, keepdims=True)
    result = np.exp(scores)
    return result / result.sum(axis=1, keepdims=True)


def cross_validated(x: Any, y: Any, folds: int, penalty: float) -> Any:
    """Probabilities of each row from a fit that saw neither of its record's two rows."""
    half = len(y) // 2
    order = np.random.default_rng(7).permutation(half)
    result = np.zeros((len(y), len(CLASSES)))
    for fold in range(folds):
        held = np.concatenate((order[fold::folds], order[fold::folds] + half))
        kept = np.setdiff1d(np.arange(len(y)), held)
        result[held] = probabilities(x[held], fit(x[kept], y[kept], penalty))
    return result


def report(p: Any, y: Any, bars: tuple[float, float, float], mixed: Any) -> dict[str, float]:
    best = p.argmax(axis=1)
    answered = (p.max(axis=1) >= np.array(bars)[best]) & ~((best == 1) & mixed)
    figures = {"answered": float(answered.mean())}
    for index, name in enumerate(CLASSES):
        said = answered & (best == index)
        figures[f"precision {name}"] = float((y[said] == index).mean()) if said.any() else 1.0
        figures[f"recall {name}"] = float(said[y == index].mean())
    characters = y == 0
    figures["dangerous"] = float((answered & (best == 1))[characters].mean())
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--penalty", type=float, default=0.0012)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    records = [json.loads(line) for line in args.file.read_text(encoding="utf-8").splitlines()]
    labelled = [(r, label_of(r)) for r in records]
    kept = [(r, label) for r, label in labelled if label in CLASSES]
    rows = [read_signals(evidence_of(r, hide_tags=True)).values for r, _ in kept]
    # The same LoRAs as they look without a page: their signals are others, so one fit does both.
    rows += [read_signals(TypeEvidence(names=(stem_of(r),))).values for r, _ in kept]
    counts = Counter(name for row in rows for name in row)
    names = sorted(name for name, count in counts.items() if count >= RARE)
    x, y = matrix(rows, names), np.array([CLASSES.index(label) for _, label in kept] * 2)
    p = cross_validated(x, y, args.folds, args.penalty)
    half = len(kept)
    for what, part in (("pages", slice(0, half)), ("file names", slice(half, None))):
        mixed = np.array([any(name in row for name in MIXED_WITH) for row in rows[part]])
        for bars in ((0.75, 0.8, 0.6), (0.8, 0.86, 0.62), (0.88, 0.86, 0.7), (0.85, 0.9, 0.65)):
            figures = report(p[part], y[part], bars, mixed)
            print(what, bars, {key: round(value, 3) for key, value in figures.items()})
    if args.write:
        write(names, fit(x, y, args.penalty))


def write(names: list[str], weights: Any) -> None:
    centred = weights - weights.mean(axis=1, keepdims=True)
    lines = [
        '"""Weights of the type model, written by ``bench/fit_types.py``; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        f"INTERCEPT: tuple[float, float, float] = ({', '.join(f'{w:.3f}' for w in centred[-1])})",
        "",
        "WEIGHTS: dict[str, tuple[float, float, float]] = {",
        *(
            f'    "{name}": ({", ".join(f"{w:.3f}" for w in row)}),'
            for name, row in zip(names, centred, strict=False)
        ),
        "}",
        '"""Signal: its weight for character, style and concept, in logits."""',
        "",
    ]
    target = Path(__file__).parent.parent / "lib_lora_neg" / "loras" / "type_weights.py"
    target.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
