"""Cost of planning one generation against the host's own parsing of the same prompts.

Usage: WEBUI_ROOT=… python bench/plan.py PROMPTS.jsonl

Each record has ``prompt``, ``negative_prompt`` and ``cfg``. For every record, in one run and
in turn: A1111's multicond and schedule parsing of the pair (its own functions, loaded from
WEBUI_ROOT), and `plan` with the cards of its LoRAs at hand. Prints medians and their ratio.
Needs ``lark`` for the host's side.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GenerationRequest, PromptSet, plan
from tests.support.cards import SyntheticCards

STEPS = 20


def host_parser(root: Path):
    """Load the host's prompt parser by its file, without the rest of the host."""
    path = root / "modules" / "prompt_parser.py"
    spec = importlib.util.spec_from_file_location("host_prompt_parser", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def host_work(parser, prompt: str, negative: str) -> None:
    """Do what the host does with a pair of prompts before it encodes them."""
    _, flat, _ = parser.get_multicond_prompt_list([prompt])
    parser.get_learned_conditioning_prompt_schedules(flat, STEPS)
    parser.get_learned_conditioning_prompt_schedules([negative], STEPS)


def timed(function, *args) -> float:
    start = time.perf_counter()
    function(*args)
    return (time.perf_counter() - start) * 1000.0


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("prompts", type=Path)
    arguments.add_argument("--limit", type=int, default=0, help="use only the first N records")
    options = arguments.parse_args()
    root = os.environ.get("WEBUI_ROOT")
    parser = host_parser(Path(root)) if root else None
    lines = options.prompts.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines][: options.limit or None]
    cards = SyntheticCards()
    ours, theirs = [], []
    for record in records:
        prompt, negative = record["prompt"], record.get("negative_prompt") or ""
        request = GenerationRequest(
            PromptSet((prompt,), (negative,), float(record.get("cfg") or 7.0)),
            family=ModelFamily.SD1,
        )
        if parser is not None:
            theirs.append(timed(host_work, parser, prompt, negative))
        plan(request, cards) if not ours else None
        ours.append(timed(plan, request, cards))
    print(f"{len(records)} pairs")
    print(
        f"plan: median {statistics.median(ours):.3f} ms, "
        f"p95 {percentile(ours, 0.95):.3f} ms, p99 {percentile(ours, 0.99):.3f} ms"
    )
    if theirs:
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(
            f"host: median {statistics.median(theirs):.3f} ms, "
            f"p95 {percentile(theirs, 0.95):.3f} ms, p99 {percentile(theirs, 0.99):.3f} ms"
        )
        print(f"ratio of medians (plan / host): {ratio:.3f}")
    else:
        print("host: not measured, WEBUI_ROOT is not set")


if __name__ == "__main__":
    main()
