"""`python -m lib_lora_neg.demo`: write the LoRAs, then check the prompts against them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..console.check import check
from ..console.render import as_text
from ..console.terminal import palette_for, use_utf8
from ..library.catalog import Catalog
from ..policy import GuardSettings
from .files import write_lora
from .loras import demo_loras
from .prompts import demo_scenes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status."""
    use_utf8()
    parser = argparse.ArgumentParser(prog="python run.py demo", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".demo", "loras"),
        help="where the LoRA files are written (default: %(default)s)",
    )
    folder = parser.parse_args(arguments).folder
    palette = palette_for(sys.stdout)
    say = sys.stdout.write
    loras = demo_loras()
    for lora in loras:
        write_lora(folder, lora)
    say(f"{len(loras)} LoRA files of every type written to {folder}\n")
    cards = Catalog([folder])
    changed = 0
    scenes = demo_scenes()
    for number, scene in enumerate(scenes, 1):
        checked = check(scene.asked, cards, GuardSettings())
        changed += checked.plan.changed
        say("\n" + palette(f"{number}. {scene.title}", "bold") + "\n")
        say(as_text(checked, palette) + "\n")
    say(f"\n{changed} of {len(scenes)} generations changed; ")
    say("● changes the generation, ○ only says so\n")
    say("Try your own:\n")
    say(f"  {_python()} -m lib_lora_neg check --lora-dir {folder}")
    say(' --cfg 8 --prompt "a <lora:crt_glow:-1>"\n')
    return 0


def _python() -> str:
    """Return the running Python as a person in this folder would type it."""
    python = Path(sys.executable)
    return str(python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python)


if __name__ == "__main__":
    sys.exit(main())
