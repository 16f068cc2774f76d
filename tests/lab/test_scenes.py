"""Scenes are drawn as they say, and always the same."""

from dataclasses import replace

import numpy as np
import pytest

from lab.captions import caption, full_tags, words
from lab.palette import COLOURS, rgb
from lab.scenes import PLACES, SIDE, SIZES, Scene, draw, random_scene, shape_distance
from lab.shapes import SHAPES
from lab.spoil import SPOILERS

PLAIN = Scene("circle", "red", "medium", "center", "white")


def test_a_scene_is_drawn_the_same_every_time():
    scenes = [random_scene(np.random.default_rng(3)) for _ in range(2)]
    assert scenes[0] == scenes[1]
    assert np.array_equal(draw(scenes[0]), draw(scenes[1]))


@pytest.mark.parametrize("colour", ["red", "green", "blue", "black"])
def test_the_object_and_the_ground_have_their_colours(colour):
    picture = draw(replace(PLAIN, colour=colour))
    assert picture[32, 32] == pytest.approx(rgb(colour))
    assert picture[2, 2] == pytest.approx(rgb("white"))


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_grow_with_their_size_and_keep_their_edges_soft(shape):
    areas = []
    for size in SIZES:
        scene = replace(PLAIN, shape=shape, size=size)
        share = np.clip(0.5 - shape_distance(scene), 0, 1)
        areas.append(share.sum())
        assert ((share > 0) & (share < 1)).sum() > 10
    assert areas[0] < areas[1] < areas[2]


@pytest.mark.parametrize(("place", "step"), PLACES.items())
def test_the_object_stands_where_it_is_said_to(place, step):
    inside = shape_distance(replace(PLAIN, place=place)) < 0
    y, x = np.nonzero(inside)
    assert np.sign(round(x.mean() - SIDE / 2 + 0.5)) == step[0]
    assert np.sign(round(y.mean() - SIDE / 2 + 0.5)) == step[1]


def test_a_random_scene_never_hides_its_object():
    rng = np.random.default_rng(5)
    for _ in range(300):
        scene = random_scene(rng)
        distance = np.linalg.norm(rgb(scene.colour) - rgb(scene.background))
        assert distance > 0.2, (scene.colour, scene.background)


def test_a_caption_says_only_what_is_there():
    rng = np.random.default_rng(7)
    names = {*COLOURS, *SHAPES, *SIZES, *PLACES}
    for _ in range(300):
        scene = random_scene(rng)
        there = {scene.colour, scene.shape, scene.size, scene.place, scene.background}
        said = set(caption(scene, rng).replace(",", " ").split())
        assert said & names <= there | {"center"}
        assert ("hat" in said) <= scene.hat
        assert ("outlined" in said) <= scene.outlined


def test_full_tags_name_everything():
    scene = replace(PLAIN, hat=True, outlined=True, gradient=True, surface="dotted")
    assert full_tags(scene) == [
        "red circle",
        "medium",
        "center",
        "dotted",
        "outlined",
        "hat",
        "white background",
        "gradient",
    ]


@pytest.mark.parametrize("name", SPOILERS)
def test_spoiling_changes_a_picture_and_more_so_when_stronger(name):
    clean = draw(replace(PLAIN, surface="striped"))
    changes = []
    for strength in (0.3, 1.0):
        spoilt = SPOILERS[name](clean, strength, np.random.default_rng(1))
        assert spoilt.shape == clean.shape
        assert spoilt.min() >= 0
        assert spoilt.max() <= 1
        changes.append(np.abs(spoilt - clean).mean())
    assert 0.001 < changes[0] < changes[1]


def test_the_vocabulary_is_small_and_without_doubles():
    found = words()
    assert len(found) == len(set(found)) < 2000
    assert {"wrong", "mira", "blurry", "noisy", "masterpiece"} <= set(found)
