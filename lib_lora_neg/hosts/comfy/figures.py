"""A scan's grid and curves as pictures for ComfyUI, which has no matplotlib: drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from ...scan.bracket import ScanVerdict
from ...scan.curves import CurvePoint
from ...scan.drawing import LIGHT
from ...scan.figures import TALLEST_DAMAGE, PictureOf
from ...scan.plan import ScanCell, ScanPlan
from ...scan.weights import format_weight

GRID_WIDTH = 2000
"""Pixels that the thumbnails of a row may take together."""
THUMBNAIL = (72, 320)
_GAP, _LABELS, _TOP = 6, 250, 44
_LONGEST = 60

_WIDTH, _HEIGHT = 900, 300
_LEFT, _RIGHT, _ABOVE, _BELOW = 70, 20, 44, 40


def draw_grid(plan: ScanPlan, picture_of: PictureOf, verdict: ScanVerdict) -> Image.Image:
    """Return the pictures: a column per weight, a row per prompt and seed.

    Args:
        plan: the scan.
        picture_of: returns a cell's pixels, or ``None`` while it is missing.
        verdict: marks the damaged columns.
    """
    least, most = THUMBNAIL
    width = min(most, max(least, GRID_WIDTH // len(plan.weights)))
    height = max(1, round(width * plan.sampling.height / plan.sampling.width))
    size = (
        _LABELS + len(plan.weights) * (width + _GAP),
        _TOP + len(plan.pairs) * (height + _GAP),
    )
    page = Image.new("RGB", size, LIGHT.paper)
    pen = ImageDraw.Draw(page)
    for column, weight in enumerate(plan.weights):
        left = _LABELS + column * (width + _GAP)
        damaged = _is_damaged(weight, verdict)
        colour = LIGHT.damage_text if damaged else LIGHT.ink
        pen.text((left + width / 2, 8), _plain(weight), colour, _font(18), anchor="ma")
        bar = LIGHT.damage if damaged else LIGHT.effect
        pen.rectangle((left, _TOP - 12, left + width - 1, _TOP - 6), bar)
        if damaged:
            # Form repeats what colour says.
            for x in range(left, left + width, 12):
                pen.line((x, _TOP - 6, x + 6, _TOP - 12), LIGHT.paper, 2)
    for row, (prompt, seed) in enumerate(plan.pairs):
        top = _TOP + row * (height + _GAP)
        pen.multiline_text((8, top + 4), _label(plan, prompt, seed), LIGHT.ink, _font(13))
        for column, weight in enumerate(plan.weights):
            left = _LABELS + column * (width + _GAP)
            pixels = picture_of(ScanCell(weight, prompt, seed))
            if pixels is None:
                pen.rectangle((left, top, left + width - 1, top + height - 1), "#e8e8e8")
                continue
            small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)
            page.paste(small, (left, top))
    return page


def draw_curves(verdict: ScanVerdict) -> Image.Image:
    """Return effect and damage over the weight, one above the other."""
    page = Image.new("RGB", (_WIDTH, 2 * _HEIGHT), LIGHT.paper)
    pen = ImageDraw.Draw(page)
    points = [point for point in verdict.points if math.isfinite(point.effect)]
    effect = [(point.weight, point.effect) for point in points]
    highest = max((value for _, value in effect), default=0.0)
    first = _Axes(pen, 0, points, 1.15 * max(0.1, highest), "effect: how far from weight 0")
    first.bands(verdict)
    first.line(effect, LIGHT.effect, square=False)
    damage = [(point.weight, min(point.damage, TALLEST_DAMAGE)) for point in points]
    top = min(TALLEST_DAMAGE, 1.15 * max([1.6, *(value for _, value in damage)]))
    second = _Axes(pen, _HEIGHT, points, top, "damage: 1 is the edge of healthy")
    second.bands(verdict)
    second.edge(1.0)
    second.line(damage, LIGHT.damage, square=True)
    return page


class _Axes:
    """One pair of axes with the weights below."""

    def __init__(
        self,
        pen: ImageDraw.ImageDraw,
        top: int,
        points: Sequence[CurvePoint],
        highest: float,
        title: str,
    ) -> None:
        self._pen, self._top, self._highest = pen, top, highest
        weights = [point.weight for point in points] or [-1.0, 1.0]
        self._low, self._high = min(weights), max(weights)
        self._floor = top + _HEIGHT - _BELOW
        pen.text((_LEFT, top + 12), title, LIGHT.ink, _font(16))
        pen.line((_LEFT, top + _ABOVE, _LEFT, self._floor), LIGHT.axis)
        pen.line((_LEFT, self._floor, _WIDTH - _RIGHT, self._floor), LIGHT.axis)
        for share in (0.0, 0.5, 1.0):
            y = self._y(share * highest)
            pen.line((_LEFT, y, _WIDTH - _RIGHT, y), LIGHT.rule)
            pen.text((_LEFT - 8, y), f"{share * highest:.2f}", LIGHT.quiet, _font(12), anchor="rm")
        room = max(1, round(len(weights) / 16))
        for weight in weights[::room]:
            x = self._x(weight)
            pen.text((x, self._floor + 8), _plain(weight), LIGHT.quiet, _font(12), anchor="ma")

    def _x(self, weight: float) -> float:
        span = (self._high - self._low) or 1.0
        return _LEFT + (weight - self._low) / span * (_WIDTH - _RIGHT - _LEFT)

    def _y(self, value: float) -> float:
        share = min(1.0, max(0.0, value / self._highest))
        return self._floor - share * (self._floor - self._top - _ABOVE)

    def bands(self, verdict: ScanVerdict) -> None:
        """Mark where damage begins, and the sweet spot."""
        inside = (self._top + _ABOVE, self._floor)
        for onset in (verdict.onset, verdict.ceiling_onset):
            if onset is not None:
                left, right = sorted(map(self._x, onset.band))
                box = (left - 2, inside[0], right + 2, inside[1])
                self._pen.rectangle(box, LIGHT.band, LIGHT.band_edge)
                text = f"damage from {_plain(onset.weight)}"
                self._pen.text((left, inside[0] - 14), text, LIGHT.damage_text, _font(12))
        spot = verdict.weight_range.sweet_spot if verdict.weight_range else None
        if spot is not None:
            left, right = sorted(map(self._x, spot))
            self._pen.rectangle((left - 2, self._floor - 7, right + 2, self._floor), LIGHT.good)
            text = "sweet spot"
            self._pen.text((left, self._floor - 24), text, LIGHT.good_text, _font(12))

    def edge(self, value: float) -> None:
        """Draw a broken line at a value."""
        y = self._y(value)
        for x in range(_LEFT, _WIDTH - _RIGHT, 14):
            self._pen.line((x, y, x + 7, y), LIGHT.axis, 2)

    def line(self, values: Sequence[tuple[float, float]], colour: str, *, square: bool) -> None:
        """Draw a line with a mark at each weight."""
        places = [(self._x(weight), self._y(value)) for weight, value in values]
        if len(places) > 1:
            self._pen.line(places, colour, 3)
        for x, y in places:
            box = (x - 5, y - 5, x + 5, y + 5)
            (self._pen.rectangle if square else self._pen.ellipse)(box, colour)


def _is_damaged(weight: float, verdict: ScanVerdict) -> bool:
    below, above = verdict.onset, verdict.ceiling_onset
    return bool((below and weight <= below.weight) or (above and weight >= above.weight))


def _label(plan: ScanPlan, prompt: int, seed: int) -> str:
    words, lines = plan.prompts[prompt].text[:_LONGEST].split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 30:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join([*lines[:3], f"seed {seed}"])


def _plain(weight: float) -> str:
    """Return a weight with a minus sign that every font has."""
    return format_weight(weight).replace("−", "-")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
