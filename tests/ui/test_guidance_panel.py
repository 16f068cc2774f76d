"""The panel's inputs of negative guidance: their order, what they say of own numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

from lib_lora_neg.guidance.known import MODELS
from lib_lora_neg.hosts.guidance_keys import NAMES, read_guidance
from lib_lora_neg.sentences import Translator
from lib_lora_neg.ui.panel.guidance import known_html, numbers_html

ROOT = Path(__file__).parents[2]
JAPANESE = ROOT / "localizations" / "ja_JP.json"


PROGRAM = """
import gradio as gr
from lib_lora_neg.hosts.guidance_keys import GuidanceDefaults
from lib_lora_neg.ui.panel.guidance import build_guidance
import json
with gr.Blocks(analytics_enabled=False):
    made = build_guidance(lambda name: name, GuidanceDefaults("VSF", 0.5, 0.75))
print(json.dumps([component.value for component in made.inputs]))
"""
"""In a process of its own: gradio leaves an event loop open."""


def test_the_inputs_begin_as_the_settings_say_and_ask_for_that() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout.splitlines()[-1])
    assert len(values) == len(NAMES)
    found = read_guidance(*values)
    assert found is not None
    assert (found.method.value, found.strength, found.share) == ("VSF", 0.5, 0.75)
    assert (found.numbers, found.several) == ((), False)


@pytest.mark.parametrize(
    ("method", "text", "parts", "failed"),
    [
        ("NAG", "", (), False),
        ("NAG", "  ", (), False),
        ("NAG", "scale 5", ("NAG: phi 4", "default"), False),
        ("Off", "phi 3", ("method",), False),
        ("VSF", "phi 3", ("VSF", "phi"), True),
        ("NAG", "tau 11", ("tau", "1 to 10"), True),
        ("NAG", "<b> <i>", ("&lt;b&gt;",), True),
        ("NAG", "x" * 100_000, ("200",), True),
    ],
)
def test_own_numbers_are_read_back_before_the_picture(
    method: str, text: str, parts: tuple[str, ...], failed: bool
) -> None:
    found = numbers_html(method, text)
    assert all(part in found for part in parts)
    assert bool(found) is bool(text.strip())
    assert ("lora-neg-failed" in found) is failed
    assert "<b>" not in found
    assert len(found) < 1000


def test_every_model_is_in_the_table_and_what_is_untested_says_so() -> None:
    found = known_html()
    assert all(name in found for name in MODELS.values())
    row = next(row for row in found.split("<tr>") if "Qwen-Image" in row)
    assert "untested" in row
    words: dict[str, Any] = json.loads(JAPANESE.read_text("utf-8"))
    assert words["Known numbers, and where they come from"] in known_html(Translator(words))
