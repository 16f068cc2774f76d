from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib_lora_neg.scan.bracket import ScanVerdict, judge
from lib_lora_neg.scan.curves import MeasuredCell
from lib_lora_neg.scan.figures import draw_curves, draw_grid
from lib_lora_neg.scan.measures import measure, prepare
from lib_lora_neg.scan.plan import ScanCell, ScanPlan
from lib_lora_neg.scan.plan import ScannedLora as Lora
from lib_lora_neg.scan.plan import ScanPrompt as Prompt
from lib_lora_neg.scan.ports import Pixels, Sampling
from lib_lora_neg.scan.report import html_report
from lib_lora_neg.scan.weights import NINE
from tests.scan.worlds import World

ROOT = Path(__file__).parent.parent.parent
HOSTILE = '<script>alert("1")</script> & $x^2$ {curly} %s'
PLAN = ScanPlan(
    (Lora(HOSTILE),), (Prompt("a cat"), Prompt(HOSTILE, False)), (1,), NINE,
    sampling=Sampling(width=96, height=64), facts=(("VAE", HOSTILE),),
)  # fmt: skip
WORLD = World("noise", 0.5, side=64)


def pixels(cell: ScanCell) -> Pixels | None:
    if cell == ScanCell(0.25, 1, 1):
        return None
    return WORLD.picture(cell.weight, PLAN.prompts[cell.prompt].text, cell.seed).pixels


@pytest.fixture(scope="module")
def verdict() -> ScanVerdict:
    zero = {pair: prepare(WORLD.picture(0, PLAN.prompts[pair[0]].text, 1)) for pair in PLAN.pairs}
    cells = [
        MeasuredCell(
            cell,
            measure(
                prepare(WORLD.picture(cell.weight, PLAN.prompts[cell.prompt].text, 1)),
                zero[cell.pair],
            ),
        )
        for cell in PLAN.cells()
    ]
    return judge(cells, unrelated=frozenset({1}))


def opened(image: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(image)) as found:
        return np.asarray(found.convert("RGB"))


def test_the_grid_shows_every_cell_and_the_damage(verdict: ScanVerdict) -> None:
    grid = opened(draw_grid(PLAN, pixels, verdict))
    assert grid.shape[1] > 1500
    vermillion = (abs(grid.astype(int) - (0xD5, 0x5E, 0x00)).sum(axis=2) < 20).sum()
    assert vermillion > 200
    plain = opened(draw_grid(PLAN, lambda cell: None))
    assert plain.shape == grid.shape


def test_the_curves_are_drawn_for_any_verdict(verdict: ScanVerdict) -> None:
    assert opened(draw_curves(verdict) or b"").shape == (540, 720, 3)
    assert draw_curves(ScanVerdict()) is None
    burnt = tuple(replace(point, damage=point.damage * 50) for point in verdict.points)
    assert draw_curves(replace(verdict, points=burnt))
    unknown = tuple(replace(point, effect=float("nan")) for point in verdict.points)
    assert draw_curves(replace(verdict, points=unknown, weight_range=None))
    assert draw_curves(replace(verdict, points=verdict.points[:1], onset=None))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_file_and_escapes_everything(verdict: ScanVerdict) -> None:
    page = html_report(PLAN, verdict, pixels)
    reader = Tags()
    reader.feed(page)
    assert reader.open == []
    assert "script" not in reader.tags
    assert reader.tags.count("img") == 2
    assert "&lt;script&gt;alert(&#34;1&#34;)" in page
    assert not re.search(r'(?:src|href)="(?!data:image/(?:png|jpeg);base64,)', page)
    assert "://" not in page
    assert "−0.5" in page


def test_a_report_of_nothing_says_so() -> None:
    page = html_report(PLAN, ScanVerdict(), lambda cell: None)
    assert "No verdict" in page
    assert page.count("<img") == 1


def test_planning_costs_no_picture_libraries_and_drawing_no_pyplot() -> None:
    program = (
        "import sys, lib_lora_neg.scan as scan; "
        "assert not {'skimage', 'PIL', 'matplotlib', 'torch'} & set(sys.modules); "
        "from tests.scan.test_report import PLAN; scan.draw_grid(PLAN, lambda cell: None); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
