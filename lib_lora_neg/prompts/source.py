"""The prompt's text as the host's parsers get it, and the way back to the user's offsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .spans import Spans


class VisibleText:
    """A text without its hidden spans (comments; tags of a positive prompt).

    The host takes those out before it reads anything else, and joins what stood around them,
    so ``foo<lora:x:1>bar`` is one word to it.

    Attributes:
        clean: what the host reads.
        hidden: the spans that are left out, as offsets into the user's text.
    """

    __slots__ = ("_cuts", "_shifts", "clean", "hidden")

    def __init__(self, text: str, hidden: Spans) -> None:
        self.hidden = hidden
        self.clean = text
        self._cuts: list[int] = []
        self._shifts: list[int] = [0]
        if hidden:
            pieces = []
            position = removed = 0
            for start, end in hidden:
                pieces.append(text[position:start])
                self._cuts.append(start - removed)
                removed += end - start
                self._shifts.append(removed)
                position = end
            pieces.append(text[position:])
            self.clean = "".join(pieces)

    def start(self, offset: int) -> int:
        """Offset in the user's text of the character at ``offset`` of the clean text."""
        return offset + self._shifts[bisect_right(self._cuts, offset)]

    def end(self, offset: int) -> int:
        """Offset in the user's text just after the character before ``offset``."""
        return offset + self._shifts[bisect_left(self._cuts, offset)]
