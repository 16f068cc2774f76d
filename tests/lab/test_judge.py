"""The judge against drawn pictures, whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from lab.judge import compare, muted, read
from lab.palette import rgb
from lab.scenes import SIDE, Scene, draw, random_scene
from lab.shapes import SHAPES
from lab.spoil import SPOILERS

PLAIN = Scene("square", "red", "medium", "center", "blue")


def drawn(count, seed, **fixed):
    rng = np.random.default_rng(seed)
    scenes = [random_scene(rng, **fixed) for _ in range(count)]
    return [(scene, read(draw(scene))) for scene in scenes]


def test_it_finds_what_is_there():
    verdicts = [compare(scene, seen) for scene, seen in drawn(150, 21)]
    for part in ("shape", "colour", "place", "background"):
        assert np.mean([getattr(verdict, part) for verdict in verdicts]) >= 0.98, part
    assert np.mean([verdict.size for verdict in verdicts]) >= 0.95


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_told_from_every_other(shape):
    found = [seen.shape for _, seen in drawn(12, 4, shape=shape)]
    assert found.count(shape) >= 11


def test_hats_and_outlines_are_seen_where_they_are():
    found = drawn(100, 22)
    assert np.mean([(seen.hat > 0.4) == scene.hat for scene, seen in found]) >= 0.98
    rims = [(scene, seen) for scene, seen in found if not np.isnan(seen.outline)]
    assert len(rims) > 60
    assert np.mean([(seen.outline > 0.4) == scene.outlined for scene, seen in rims]) >= 0.97


def test_muted_colours_are_measured():
    for share in (0.0, 0.3, 0.6):
        scene = replace(PLAIN, muted=share)
        seen = read(draw(scene))
        assert compare(scene, seen).both
        assert muted(scene, seen) == pytest.approx(share, abs=0.12)


def test_the_radius_is_measured_in_pixels():
    for size in ("small", "medium", "large"):
        scene = replace(PLAIN, size=size)
        assert read(draw(scene)).radius == pytest.approx(scene.radius, abs=1.0)


def test_eyes_are_seen_and_not_imagined():
    figure = replace(PLAIN, shape="circle", colour="yellow", eyes=True)
    assert read(draw(figure)).eyes
    assert not any(seen.eyes for _, seen in drawn(60, 23))


def test_clean_scenes_are_undamaged():
    damage = [seen.damage for _, seen in drawn(100, 24)]
    assert np.median(damage) < 0.05
    assert np.percentile(damage, 90) < 0.3


@pytest.mark.parametrize("name", SPOILERS)
def test_damage_is_seen_and_grows(name):
    rng = np.random.default_rng(25)
    scenes = [random_scene(rng) for _ in range(40)]
    levels = []
    for strength in (0.3, 1.0):
        spoilt = [SPOILERS[name](draw(scene), strength, rng) for scene in scenes]
        levels.append(np.mean([read(picture).damage for picture in spoilt]))
    clean = np.mean([read(draw(scene)).damage for scene in scenes])
    assert clean < levels[0] < levels[1]


def test_an_empty_picture_has_no_object():
    seen = read(np.full((SIDE, SIDE, 3), 0.96))
    assert seen.shape is None
    assert seen.background == "white"
    verdict = compare(PLAIN, seen)
    assert not verdict.both


def test_pure_noise_is_damage_and_no_crash():
    noise = np.random.default_rng(2).random((SIDE, SIDE, 3))
    assert read(noise).damage > 5


def test_burnt_colours_are_told_from_those_of_the_palette():
    clean = read(draw(PLAIN))
    neon = draw(PLAIN)
    neon[draw(PLAIN)[..., 0] > 0.5] = (1.0, 0.0, 1.0)
    assert clean.burnt < 1.0
    assert read(neon).burnt > clean.burnt + 5


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_colour_between_two_of_the_palette_is_not_burnt(share: float):
    scene = draw(PLAIN)
    mixed = scene.copy()
    mixed[scene[..., 0] > 0.5] = share * rgb("orange") + (1 - share) * rgb("yellow")
    assert read(mixed).burnt < 0.5
