"""The scan node's parts that need no ComfyUI: its fields, and what it keeps with the LoRA."""

from __future__ import annotations

import json
import threading
import types
from pathlib import Path

import pytest

pytest.importorskip("PIL")
pytest.importorskip("jinja2")

from lib_lora_neg.hosts.comfy import node_scan, place
from lib_lora_neg.hosts.comfy.loras import ComfyLoras
from lib_lora_neg.hosts.comfy.scanning import _pixels_of_a_latent
from lib_lora_neg.library import Catalog
from lib_lora_neg.loras.card import LoraCard, RangeSource
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras
from lib_lora_neg.scan import Sampling, ScannedLora, ScanOutcome, ScanPlan, ScanStore, run
from lib_lora_neg.scan.plan import PlanError, ScanPrompt
from lib_lora_neg.scan.report import write_verdict
from tests.scan.worlds import World

WEIGHTS = (-1.0, -0.8, -0.6, -0.4, -0.2, 0.0)


@pytest.fixture
def loras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ComfyLoras:
    for lora in sample_loras():
        write_lora(tmp_path, lora)
    names = [path.name for path in tmp_path.glob("*.safetensors")]
    known = ComfyLoras(
        [tmp_path],
        lambda: names,
        lambda name: str(tmp_path / name) if (tmp_path / name).is_file() else None,
    )
    monkeypatch.setattr(place, "loras", lambda: known)
    return known


@pytest.fixture
def style(loras: ComfyLoras) -> LoraCard:
    found = (loras.get(name) for name in loras.names())
    return next(card for card in found if card and card.inference.type.value == "style")


def scanned(tmp_path: Path, card: LoraCard, world: World) -> ScanOutcome:
    """A scan of drawings, carried out and judged as the node does it."""
    plan = ScanPlan(
        (ScannedLora(card.name),),
        tuple(ScanPrompt(f"scene {n}") for n in range(3)),
        (1, 2),
        WEIGHTS,
        sampling=Sampling(width=64, height=64),
    )
    store = ScanStore(tmp_path / "scans", plan)
    for _ in run(plan, world, store, threading.Event()):
        pass
    return write_verdict(store)


def test_a_range_is_saved_and_every_reader_of_the_lora_has_it(
    tmp_path: Path, loras: ComfyLoras, style: LoraCard
) -> None:
    outcome = scanned(tmp_path, style, World(spoil="noise", onset=0.7))
    said = node_scan._saved(outcome, style, f"{style.name}.safetensors", ModelFamily.SD1)
    assert said.startswith("saved")
    # By the node's own list at once, and by another program that only sees the files.
    for reader in (loras, Catalog([tmp_path])):
        card = reader.get(style.name)
        assert card is not None
        (measured,) = [x for x in card.ranges if x.source is RangeSource.MEASURED]
        assert measured.floor is not None
        assert -0.8 < measured.floor <= -0.6
        assert card.bracket is not None
        assert card.bracket.date


def test_what_was_decided_before_stays(tmp_path: Path, loras: ComfyLoras, style: LoraCard) -> None:
    name = f"{style.name}.safetensors"
    side = Path(style.path).with_suffix(".json")
    before = json.loads(side.read_text()) if side.exists() else {}
    side.write_text(json.dumps({**before, "notes": "mine", "lora_neg": {"triggers": ["mine"]}}))
    loras.catalog.refresh()
    card = loras.get(name)
    assert card is not None
    outcome = scanned(tmp_path, card, World(spoil="noise", onset=0.7))
    assert node_scan._saved(outcome, card, name, ModelFamily.SD1).startswith("saved")
    kept = json.loads(side.read_text())
    assert kept["notes"] == "mine"
    assert kept["lora_neg"]["triggers"] == ["mine"]
    assert kept["lora_neg"]["measured"]["floor"] < 0


def test_without_a_verdict_nothing_is_saved_and_the_node_says_why(
    tmp_path: Path, loras: ComfyLoras, style: LoraCard
) -> None:
    files = {path.name: path.read_bytes() for path in tmp_path.glob("*") if path.is_file()}
    outcome = scanned(tmp_path, style, World(strength=0.0))
    said = node_scan._saved(outcome, style, f"{style.name}.safetensors", ModelFamily.SD1)
    assert said.startswith("not saved: ")
    assert len(said) > len("not saved: ")
    assert files == {p.name: p.read_bytes() for p in tmp_path.glob("*") if p.is_file()}


def test_a_lora_that_went_away_meanwhile(
    tmp_path: Path, loras: ComfyLoras, style: LoraCard
) -> None:
    outcome = scanned(tmp_path, style, World(spoil="noise", onset=0.7))
    Path(style.path).unlink()
    said = node_scan._saved(outcome, style, f"{style.name}.safetensors", ModelFamily.SD1)
    assert said.startswith("not saved: ")


class TestFields:
    def test_prompts(self, style: LoraCard) -> None:
        asked = node_scan._prompts("a cat, sitting\n\n  # a house \n", style)
        assert [(x.text, x.subject) for x in asked] == [
            ("a cat, sitting", True),
            ("a house", False),
        ]
        assert node_scan._prompts("  \n", style)
        most = "\n".join(["a"] * node_scan.MOST_LINES)
        assert len(node_scan._prompts(most, style)) == node_scan.MOST_LINES
        with pytest.raises(ValueError, match="20"):
            node_scan._prompts(f"{most}\na", style)

    @pytest.mark.parametrize(
        ("text", "seeds"), [("1, 2", (1, 2)), ("7", (7,)), ("1 2,3", (1, 2, 3))]
    )
    def test_seeds(self, text: str, seeds: tuple[int, ...]) -> None:
        assert node_scan._seeds(text) == seeds

    @pytest.mark.parametrize("text", ["1.5", "one", "1;2", "9" * 5000])
    def test_no_seeds(self, text: str) -> None:
        with pytest.raises(ValueError, match="seeds"):
            node_scan._seeds(text)

    @pytest.mark.parametrize("text", ["", "a", "nan, 1", "-1 - 1 [0]"])
    def test_no_weights(self, text: str) -> None:
        with pytest.raises(PlanError):
            node_scan._weights(text)


@pytest.mark.parametrize(("told", "side"), [(8, 8), (16, 16), (4, 4), (0, 8), (None, 8)])
def test_how_large_a_latent_is_the_vae_tells(told: object, side: int) -> None:
    vae = types.SimpleNamespace(spacial_compression_encode=lambda: told)
    assert _pixels_of_a_latent(vae) == side
    assert _pixels_of_a_latent(object()) == 8
