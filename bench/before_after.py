"""Makes the README's first picture: an example of the demo as typed, guarded, and without its LoRA.

    python bench/before_after.py

The small model and the packages of ``requirements/demo.txt`` are needed; a few seconds on a CPU.
"""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from lib_lora_neg.hosts.diffusers import open_host
from lib_lora_neg.page.generation import TabRequest, make
from lib_lora_neg.page.world import EXAMPLES, embedded_world

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "before-after.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=0, help="of the example")
    parser.add_argument("--out", type=Path, default=IMAGE)
    options = parser.parse_args()
    world = embedded_world()
    if world is None:
        raise SystemExit("the small model is not in this checkout")
    host = open_host(world.model, [world.loras], device="cpu")
    example = EXAMPLES[options.number]
    fields = {
        "prompt": example.prompt,
        "negative_prompt": example.negative_prompt,
        "cfg_scale": example.cfg_scale,
        "seed": example.seed,
    }
    asked = TabRequest(fields, compare=True, reference=True)
    outcome = make(host, asked, threading.Event(), lambda progress: None)
    outcome.shown[0].image.save(options.out, optimize=True)
    print(options.out)
    host.close()


if __name__ == "__main__":
    main()
