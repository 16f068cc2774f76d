"""Without scikit-image the measures are the same."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lib_lora_neg.scan import similarity
from lib_lora_neg.scan.measures import measure, prepare
from lib_lora_neg.scan.ports import Picture


def pictures() -> tuple[Picture, Picture]:
    random = np.random.default_rng(3)
    ramp = np.linspace(0, 255, 96)[None, :, None] * np.ones((80, 1, 3))
    noisy = ramp + random.normal(0, 20, ramp.shape)
    return tuple(Picture(np.clip(p, 0, 255).astype(np.uint8)) for p in (ramp, noisy))  # type: ignore[return-value]


@pytest.fixture
def without_skimage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("skimage", "skimage.color", "skimage.metrics"):
        monkeypatch.setitem(sys.modules, name, None)


def test_all_numbers_of_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = pictures()
    expected = measure(prepare(other), prepare(one))
    for name in ("skimage", "skimage.color", "skimage.metrics"):
        monkeypatch.setitem(sys.modules, name, None)
    found = measure(prepare(other), prepare(one))
    assert expected.effect is not None
    assert found.effect is not None
    assert found.effect.structure == pytest.approx(expected.effect.structure, abs=1e-5)
    assert found.effect.colour == pytest.approx(expected.effect.colour, abs=1e-3)
    for name in ("lightness", "chroma", "warmth", "noise", "blotches", "blur"):
        assert getattr(found.looks, name) == pytest.approx(getattr(expected.looks, name), abs=1e-3)


@pytest.mark.usefixtures("without_skimage")
def test_known_colours() -> None:
    colours = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0]]], np.float32)
    lab = similarity.lab_of(colours)[0]
    expected = [(0, 0, 0), (100, 0, 0), (53.24, 80.09, 67.2)]
    assert lab.tolist() == [pytest.approx(colour, abs=0.05) for colour in expected]
