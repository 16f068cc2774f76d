"""`lora-neg samples`: write the sample LoRAs, then check the sample prompts against them."""

from __future__ import annotations

import sys
from pathlib import Path

from ..console.check import check
from ..console.render import as_text
from ..console.terminal import palette_for
from ..library.catalog import Catalog
from ..policy import GuardSettings
from ..telling import in_one_line, write
from .files import write_lora
from .loras import sample_loras
from .prompts import sample_scenes


def tour(folder: Path) -> None:
    """Write the LoRAs into ``folder`` and print what the guard makes of each prompt.

    Raises:
        OSError: the folder cannot be written.
    """
    palette = palette_for(sys.stdout)
    shown = in_one_line(str(folder))
    loras = sample_loras()
    for lora in loras:
        write_lora(folder, lora)
    _say(f"{len(loras)} LoRA files of every type written to {shown}\n")
    cards = Catalog([folder])
    changed = 0
    scenes = sample_scenes()
    for number, scene in enumerate(scenes, 1):
        checked = check(scene.asked, cards, GuardSettings())
        changed += checked.plan.changed
        _say("\n" + palette(f"{number}. {scene.title}", "bold") + "\n")
        _say(as_text(checked, palette) + "\n")
    _say(f"\n{changed} of {len(scenes)} generations changed; ")
    _say("● changes the generation, ○ only says so\n")
    _say("Try your own:\n")
    _say(f"  {in_one_line(_python())} -m lib_lora_neg check --lora-dir {shown}")
    _say(' --cfg 8 --prompt "a <lora:crt_glow:-1>"\n')


def _say(text: str) -> None:
    write(text, sys.stdout)


def _python() -> str:
    """Return the running Python as a person in this folder would type it."""
    python = Path(sys.executable)
    return str(python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python)
