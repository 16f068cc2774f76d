"""Pictures on disk: numbered PNG files in a folder for each day, each with its infotext."""

from __future__ import annotations

import datetime
import io
import re
from pathlib import Path

from PIL.Image import Image
from PIL.PngImagePlugin import PngInfo

KEYWORD = "parameters"
"""Where A1111 keeps the infotext in a PNG."""

_NUMBER = re.compile(r"(\d{5,})-")


class Outputs:
    """The folder that the page's pictures go to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of_tab(self, tab: str) -> Path:
        """Return the folder of a tab's pictures."""
        return self.folder / tab

    def save(self, tab: str, image: Image, infotext: str, seed: int) -> Path:
        """Write one picture under the next free number and return its path.

        Raises:
            OSError: the folder cannot be written.
        """
        day = self.of_tab(tab) / datetime.date.today().isoformat()
        day.mkdir(parents=True, exist_ok=True)
        info = PngInfo()
        info.add_text(KEYWORD, infotext)
        png = io.BytesIO()
        image.save(png, "PNG", pnginfo=info)
        number = _next_number(day)
        while True:
            path = day / f"{number:05d}-{seed}.png"
            try:
                file = path.open("xb")
            except FileExistsError:
                number += 1
                continue
            try:
                with file:
                    file.write(png.getvalue())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return path


def _next_number(folder: Path) -> int:
    numbers = [int(found[1]) for p in folder.iterdir() if (found := _NUMBER.match(p.name))]
    return max(numbers, default=-1) + 1
