"""How well types are inferred from the records of model pages.

    python bench/classify.py FILE.jsonl [--hide-tags] [--json]

A record is a page (``name``, ``trainedWords``, ``files``, ``description``, ``tags``) with a silver
label (``silver_types``) or a hand-checked one (``role``). Printed are the dangerous error (a
character or person taken for a style, a slider or a negative, surely enough to let a negative
weight through), the precision of each type, how often it answers, and a confusion table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from records import card_of, label_of

from lib_lora_neg.loras import LoraType

LETS_THROUGH = 0.7
"""Confidence from which R1 acts on a type."""

UNSAFE = {"style", "slider", "dedicated_negative", "trigger_negative"}
ROLES = {"slider", "dedicated_negative", "trigger_negative"}


def classify(records: Iterable[Mapping[str, Any]], *, hide_tags: bool) -> dict[str, Any]:
    """Return all figures for some records."""
    table: Counter[tuple[str, str]] = Counter()
    dangerous = total = answered = 0
    misses: list[dict[str, Any]] = []
    for record in records:
        truth = label_of(dict(record))
        inference = card_of(dict(record), hide_tags=hide_tags).inference
        said = inference.type.value
        total += 1
        answered += said != LoraType.UNKNOWN.value
        table[truth or "unlabelled", said] += 1
        unsafe = said in UNSAFE and inference.confidence >= LETS_THROUGH
        dangerous += truth == "character" and unsafe
        if (truth in ROLES or said in ROLES) and truth != said:
            misses.append(
                {"name": record.get("name"), "truth": truth, "said": said, "why": inference.reasons}
            )
    return {
        "records": total,
        "hide_tags": hide_tags,
        "answered": answered / total if total else 0.0,
        **_figures(table, dangerous),
        "confusion": {f"{truth} -> {said}": n for (truth, said), n in sorted(table.items())},
        "role_misses": misses,
    }


def _figures(table: Counter[tuple[str, str]], dangerous: int) -> dict[str, Any]:
    truths = sorted({truth for truth, _ in table} - {"unlabelled"})
    characters = sum(n for (truth, _), n in table.items() if truth == "character")
    labelled = [truth for truth in truths if truth != "ordinary"]
    precision, recall = {}, {}
    for kind in labelled:
        said = sum(n for (t, s), n in table.items() if s == kind and t != "unlabelled")
        real = sum(n for (t, _), n in table.items() if t == kind)
        precision[kind] = table[kind, kind] / said if said else None
        recall[kind] = table[kind, kind] / real if real else None
    look_alikes = sum(n for (t, s), n in table.items() if t == "ordinary" and s in ROLES)
    return {
        "characters": characters,
        "dangerous_error": dangerous / characters if characters else None,
        "precision": precision,
        "recall": recall,
        "look_alikes_taken_for_a_role": look_alikes,
    }


def show(figures: Mapping[str, Any]) -> None:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    print(f"records {figures['records']}, answered {percent(figures['answered'])}")
    print(
        f"dangerous error {percent(figures['dangerous_error'])} "
        f"of {figures['characters']} characters"
    )
    for kind, value in figures["precision"].items():
        print(f"{kind}: precision {percent(value)}, found {percent(figures['recall'][kind])}")
    print(f"look-alikes taken for a role: {figures['look_alikes_taken_for_a_role']}")
    for miss in figures["role_misses"]:
        print(f"  {miss['truth'] or 'unlabelled'} said to be {miss['said']}: {miss['name']}")
    _show_table(figures["confusion"])


def _show_table(confusion: Mapping[str, int]) -> None:
    cells = {tuple(key.split(" -> ")): n for key, n in confusion.items()}
    truths = sorted({truth for truth, _ in cells})
    said = sorted({name for _, name in cells})
    print("\ntruth \\ said".ljust(21) + "".join(name[:18].rjust(20) for name in said))
    for truth in truths:
        row = "".join(str(cells.get((truth, name), 0)).rjust(20) for name in said)
        print(truth.ljust(20) + row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--hide-tags", action="store_true", help="without category and free tags")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with args.file.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    figures = classify(records, hide_tags=args.hide_tags)
    if args.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        show(figures)


if __name__ == "__main__":
    main()
