"""Pictures side by side under their headings."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

LEAST_SIDE = 192
"""Smaller pictures are enlarged, each pixel to a square of whole pixels, so that a difference can
be seen; three of them side by side still fit half a window."""

MARGIN, HEAD = 8, 34
PAPER, INK = (255, 255, 255), (20, 20, 20)


def sheet(rows: Sequence[Sequence[Image.Image]], headings: Sequence[str]) -> Image.Image:
    """Return one picture with a row per item of ``rows``, each column under its heading."""
    enlarged = [[_enlarged(picture) for picture in row] for row in rows]
    width = max(picture.width for row in enlarged for picture in row)
    height = max(picture.height for row in enlarged for picture in row)
    across, down = len(headings), len(enlarged)
    size = (across * (width + MARGIN) + MARGIN, HEAD + down * (height + MARGIN))
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=20)
    for column, heading in enumerate(headings):
        middle = MARGIN + column * (width + MARGIN) + width // 2
        draw.text((middle, HEAD // 2), heading, fill=INK, font=font, anchor="mm")
    for row, pictures in enumerate(enlarged):
        for column, picture in enumerate(pictures):
            place = (MARGIN + column * (width + MARGIN), HEAD + row * (height + MARGIN))
            page.paste(picture, place)
    return page


def _enlarged(picture: Image.Image) -> Image.Image:
    factor = -(-LEAST_SIDE // max(1, min(picture.size)))
    picture = picture.convert("RGB")
    if factor <= 1:
        return picture
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST)
